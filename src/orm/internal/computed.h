// Moonstone. Licence: see LICENSE.
#pragma once
// Computed fields: what the host adds to rows once they have been read or written.
// Threads: confined to the call. Source: litestone.md 5.1, 32.3.

#include "base/result.h"
#include "base/value.h"
#include "orm/internal/core.h"
#include "orm/orm.h"

namespace moonstone::orm {

/// Adds them to the rows of the outcome, related ones included, after the columns. With `select` in
/// the options only those that it names; the options of related rows stand under their names.
/// Errors: those of Host::compute. Cost: copies row sets of models that have such fields.
[[nodiscard]] Status add_computed(const Core& core,
                                  const Caller& caller,
                                  const Value& options,
                                  Outcome& outcome);

}  // namespace moonstone::orm
