// Moonstone. Licence: see LICENSE.
#pragma once
// What a failing disk means for mutations, in words.
// Threads: pure functions.

#include "base/error.h"

namespace moonstone::engine {

/// Whether the disk refused a read, a write or a sync, so that what it holds is not known any more.
/// A full disk is no such failure: SQLite knows what it has not written.
[[nodiscard]] bool is_disk_failure(const Error& error);

/// The answer while the store could not be opened again: Unavailable, reason "storage_failed". The
/// call had no effect.
[[nodiscard]] Error storage_failed(const Error& cause);

/// The answer to a call that was being committed when the disk failed for good: Unavailable, reason
/// "outcome_unknown". Only the disk knows whether it was applied.
[[nodiscard]] Error outcome_unknown(const Error& cause);

}  // namespace moonstone::engine
