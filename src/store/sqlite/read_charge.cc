// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/read_charge.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <sqlite3.h>

namespace moonstone::store::sqlite {

Status check_deadline(const ReadBudget& budget) {
  if (budget.deadline == std::chrono::steady_clock::time_point::max() ||
      std::chrono::steady_clock::now() < budget.deadline) {
    return {};
  }
  return Error(ErrorCode::DeadlineExceeded, "the read took too long", "read_time");
}

Status charge_rows(ReadBudget& budget, std::uint64_t rows) {
  if (rows > budget.rows_left) {
    return Error(ErrorCode::LimitExceeded,
                 "too many documents were read in one call. Use an index, take(n) or paginate()",
                 "read_rows");
  }
  budget.rows_left -= rows;
  return {};
}

Status charge_bytes(ReadBudget& budget, std::uint64_t bytes) {
  if (bytes > budget.bytes_left) {
    return Error(ErrorCode::LimitExceeded,
                 "too much data was read in one call. Use an index, take(n) or paginate()",
                 "read_bytes");
  }
  budget.bytes_left -= bytes;
  return {};
}

Error search_error(sqlite3* db, Error error) {
  if (error.code() != ErrorCode::Internal || error.reason() != "sqlite") return error;
  const std::string_view text = sqlite3_errmsg(db);
  constexpr std::string_view kBeginnings[] = {"fts5", "unterminated string",
                                              "no such column: ", "unknown special query",
                                              "expected integer"};
  const bool is_syntax = std::ranges::any_of(
      kBeginnings, [&](std::string_view beginning) { return text.starts_with(beginning); });
  if (!is_syntax) return error;
  return {ErrorCode::InvalidArgument,
          fmt::format("{}. A search text consists of words, \"phrases in double quotes\", "
                      "beginnings like fix*, AND, OR, NOT and parentheses; put words with any "
                      "other character in double quotes",
                      text),
          "search_syntax"};
}

}  // namespace moonstone::store::sqlite
