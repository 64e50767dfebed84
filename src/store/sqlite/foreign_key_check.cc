// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/foreign_key_check.h"

#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"
#include "store/sqlite/internal/raw_sql.h"

namespace moonstone::store::sqlite {

namespace {

/// That many rows are named in an error.
constexpr std::size_t kNamedMax = 5;

std::string shown(const std::vector<Value>& row) {
  // A schema that refers to a table that is not there gives rows, too.
  const auto text = [](const Value& value) {
    return value.is_text() ? value.as_text() : to_json(value);
  };
  return fmt::format("{} row {} refers to {}", text(row[0]), text(row[1]), text(row[2]));
}

}  // namespace

Result<ForeignKeyState> read_foreign_key_state(sqlite3* db) {
  MS_TRY(const SqlRows rows, query_raw(db, "PRAGMA foreign_key_check"));
  ForeignKeyState state;
  for (const std::vector<Value>& row : rows.rows)
    state.violations.insert(shown(row));
  return state;
}

Status check_foreign_keys(sqlite3* db, const ForeignKeyState& before) {
  MS_TRY(const ForeignKeyState after, read_foreign_key_state(db));
  std::vector<std::string> found;
  for (const std::string& violation : after.violations) {
    if (before.violations.contains(violation)) continue;
    found.push_back(violation);
    if (found.size() == kNamedMax) break;
  }
  if (found.empty()) return {};
  return Error(ErrorCode::FailedPrecondition,
               fmt::format("FOREIGN KEY constraint failed: {}", fmt::join(found, ", ")),
               "foreign_key");
}

}  // namespace moonstone::store::sqlite
