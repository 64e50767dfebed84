// Moonstone. Licence: see LICENSE.
#pragma once
// Named seeds: data that is put into a database once, and the record of it.
//
// `_litestone_seeds(name, status, appliedAt, notes)` has a row for each seed that was tried.
// Threads: as the connection. Source: litestone.md 39.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/raw_connection.h"

namespace moonstone::store {

struct SeedRecord {
  std::string name;
  std::string status;  // "applied", "failed"
  std::string applied_at;
  std::string notes;
};

/// By name; none where no seed was ever tried.
[[nodiscard]] Result<std::vector<SeedRecord>> read_seed_records(RawConnection& connection);

/// The SQL of a seed that the program brings itself (`calendar`); nothing for other names.
[[nodiscard]] std::optional<std::string> builtin_seed(std::string_view name);
[[nodiscard]] std::vector<std::string> builtin_seed_names();

/// Runs the SQL in one transaction with its record. A failure leaves nothing but the record.
/// Errors: those of migrations of SQL.
[[nodiscard]] Status run_seed(RawConnection& connection,
                              std::string_view name,
                              std::string_view sql,
                              Clock& clock);
/// Records what became of a seed that somebody else ran.
[[nodiscard]] Status record_seed(RawConnection& connection,
                                 std::string_view name,
                                 const Status& done,
                                 Clock& clock);

}  // namespace moonstone::store
