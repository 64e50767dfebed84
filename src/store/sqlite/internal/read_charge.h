// Moonstone. Licence: see LICENSE.
#pragma once
// What every read is charged, and what it says of a search text; documents and models alike.
// Threads: pure functions on the caller's budget.

#include <cstdint>

#include "base/error.h"
#include "base/result.h"
#include "store/store.h"

struct sqlite3;

namespace moonstone::store::sqlite {

/// Errors: DeadlineExceeded (reason "read_time").
[[nodiscard]] Status check_deadline(const ReadBudget& budget);
/// Errors: LimitExceeded (reason "read_rows").
[[nodiscard]] Status charge_rows(ReadBudget& budget, std::uint64_t rows);
/// Errors: LimitExceeded (reason "read_bytes").
[[nodiscard]] Status charge_bytes(ReadBudget& budget, std::uint64_t bytes);

/// What FTS5 says about a search text that it cannot read (InvalidArgument, reason
/// "search_syntax"); any other error stays as it is. Right after the failed step.
[[nodiscard]] Error search_error(sqlite3* db, Error error);

}  // namespace moonstone::store::sqlite
