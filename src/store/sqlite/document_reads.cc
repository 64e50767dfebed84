// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/document_reads.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "store/sqlite/internal/query_sql.h"
#include "store/sqlite/internal/row_codec.h"

namespace moonstone::store::sqlite {

namespace {

/// Counting touches an index entry where reading decodes a row.
constexpr std::uint64_t kCountedPerRow = 1'000;

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

Result<query::Row> charged_row(const TableLayout& layout,
                               const Statement& statement,
                               ReadBudget& budget) {
  MS_TRY_STATUS(charge_rows(budget, 1));
  std::uint64_t size_bytes = 0;
  MS_TRY(query::Row row, decode_row(layout, statement, size_bytes));
  MS_TRY_STATUS(charge_bytes(budget, size_bytes));
  return row;
}

void bind_all(const SqlText& sql, Statement& statement) {
  int position = 0;
  for (const Value& value : sql.values)
    statement.bind_value(++position, value);
}

/// What FTS5 says about a search text that it cannot read; any other error stays as it is.
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

/// Notes at the end of a read, also of one that was stopped, what it stepped over without an index.
class ScanNote {
 public:
  ScanNote(ScanLog& scans, const query::Query& query, const Statement& statement)
      : scans_(scans), query_(query), statement_(statement) {}
  ScanNote(const ScanNote&) = delete;
  ScanNote& operator=(const ScanNote&) = delete;
  ~ScanNote() {
    constexpr int kReset = 1;
    const int steps =
        sqlite3_stmt_status(statement_.handle(), SQLITE_STMTSTATUS_FULLSCAN_STEP, kReset);
    if (steps > 0) scans_.note(query_, static_cast<std::uint64_t>(steps), found);
  }

  std::uint64_t found = 0;

 private:
  ScanLog& scans_;
  const query::Query& query_;
  const Statement& statement_;
};

}  // namespace

Result<const TableLayout*> DocumentReads::table(std::string_view name) const {
  if (const TableLayout* found = layout_->find(name)) return found;
  return layout_->schema->unknown_table(name);
}

Result<const TableLayout*> DocumentReads::table(const schema::Table& table) const {
  if (const TableLayout* found = layout_->find(table)) return found;
  return layout_->schema->unknown_table(table.name);
}

Result<std::optional<query::Row>> DocumentReads::get(const schema::Table& table,
                                                     std::string_view id,
                                                     ReadBudget& budget) {
  MS_TRY(const TableLayout* layout, this->table(table));
  MS_TRY_STATUS(check_deadline(budget));
  MS_TRY(Statement statement, connection_.prepare(layout->get_sql));
  statement.bind_text(1, id);
  MS_TRY(const bool has_row, statement.step("read a document"));
  if (!has_row) {
    MS_TRY_STATUS(charge_rows(budget, 1));
    return std::optional<query::Row>();
  }
  MS_TRY(query::Row row, charged_row(*layout, statement, budget));
  return std::optional<query::Row>(std::move(row));
}

Result<bool> DocumentReads::step(const query::Query& query,
                                 Statement& statement,
                                 std::string_view doing) {
  Result<bool> has_row = statement.step(doing);
  if (has_row || !query.search) return has_row;
  return search_error(connection_.handle(), std::move(has_row).error());
}

Result<std::vector<query::Row>> DocumentReads::select(const query::Query& query,
                                                      ReadBudget& budget) {
  MS_TRY(const TableLayout* layout, table(query.table));
  MS_TRY_STATUS(check_deadline(budget));
  MS_TRY(const SqlText sql, select_sql(*layout, query));
  MS_TRY(Statement statement, connection_.prepare(sql.text));
  bind_all(sql, statement);
  const ReadDeadline deadline(connection_, budget.deadline);
  ScanNote scan(scans_, query, statement);
  std::vector<query::Row> rows;
  while (true) {
    const Result<bool> has_row = step(query, statement, "read documents");
    if (!has_row) return has_row.error();
    if (!*has_row) break;
    MS_TRY(query::Row row, charged_row(*layout, statement, budget));
    rows.push_back(std::move(row));
    scan.found += 1;
  }
  return rows;
}

Result<std::uint64_t> DocumentReads::count(const query::Query& query, ReadBudget& budget) {
  MS_TRY(const TableLayout* layout, table(query.table));
  MS_TRY_STATUS(check_deadline(budget));
  MS_TRY(const SqlText sql, count_sql(*layout, query));
  MS_TRY(Statement statement, connection_.prepare(sql.text));
  bind_all(sql, statement);
  const ReadDeadline deadline(connection_, budget.deadline);
  ScanNote scan(scans_, query, statement);
  MS_TRY(const bool has_row, step(query, statement, "count documents"));
  const auto counted = has_row ? static_cast<std::uint64_t>(statement.integer(0)) : 0;
  scan.found = counted;
  MS_TRY_STATUS(charge_rows(budget, (counted + kCountedPerRow - 1) / kCountedPerRow));
  return counted;
}

}  // namespace moonstone::store::sqlite
