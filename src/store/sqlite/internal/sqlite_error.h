// Moonstone. Licence: see LICENSE.
#pragma once
// SQLite's result codes as Errors, in one place.
// Threads: pure functions; call on the connection's thread, right after the failure.

#include <string_view>

#include "base/error.h"

struct sqlite3;

namespace moonstone::store::sqlite {

/// The Error of a failed call. `doing` names the operation ("commit", "read table tasks").
/// A full disk is Unavailable (reason "disk_full"), a failing one Unavailable ("io_error"), a lock
/// held by another program Unavailable ("busy"), an interrupted read DeadlineExceeded
/// ("read_time"), a damaged file Corruption, a taken id AlreadyExists.
[[nodiscard]] Error sqlite_error(sqlite3* db, int code, std::string_view doing);

}  // namespace moonstone::store::sqlite
