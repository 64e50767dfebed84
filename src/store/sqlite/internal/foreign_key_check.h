// Moonstone. Licence: see LICENSE.
#pragma once
// Rows whose foreign keys refer to nothing, before and after something ran with foreign keys off.
// Threads: as the handle. Source: design.md decision 18.

#include <set>
#include <string>

#include "base/result.h"

struct sqlite3;

namespace moonstone::store::sqlite {

/// The rows that were wrong already; nobody is blamed for those.
struct ForeignKeyState {
  std::set<std::string> violations;
};

/// Errors: those of raw_error. Cost: looks up every foreign key of the database.
[[nodiscard]] Result<ForeignKeyState> read_foreign_key_state(sqlite3* db);

/// Errors: FailedPrecondition (reason "foreign_key") naming tables and the first rows.
[[nodiscard]] Status check_foreign_keys(sqlite3* db, const ForeignKeyState& before);

}  // namespace moonstone::store::sqlite
