// Moonstone. Licence: see LICENSE.
#pragma once
// Runs the SQL of a migration as one transaction.
//
// Transactions that the text names itself are flattened into the one; foreign keys are switched off
// before it if the text asks for that, and checked before COMMIT; VACUUM runs behind it.
// Threads: as the handle. Source: litestone.md 35.3, 35.8.

#include <functional>
#include <string_view>

#include "base/result.h"

struct sqlite3;

namespace moonstone::store::sqlite {

/// `before_commit` takes part in the transaction. Errors: FailedPrecondition (a transaction runs
/// already; reason "foreign_key"), InvalidArgument (ROLLBACK), those of raw_error with the number
/// of the statement. On error nothing has changed.
[[nodiscard]] Status run_migration_script(sqlite3* db,
                                          std::string_view text,
                                          const std::function<Status()>& before_commit);

}  // namespace moonstone::store::sqlite
