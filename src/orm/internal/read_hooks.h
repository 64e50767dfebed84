// Moonstone. Licence: see LICENSE.
#pragma once
// Reads of the outside, with what the host adds: hooks before and after, computed fields. What
// writes read for themselves goes without (run_read).
// Threads: confined to the call. Source: litestone.md 29, 32.3.

#include "base/result.h"
#include "orm/internal/core.h"

namespace moonstone::orm {

/// Errors: those of run_read, and what the host refuses.
[[nodiscard]] Result<Outcome> read_with_host(const Core& core,
                                             engine::DocumentReader& reader,
                                             const ModelCall& call);

}  // namespace moonstone::orm
