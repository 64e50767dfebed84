// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/document_reads.h"

#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "store/sqlite/internal/model_documents.h"
#include "store/sqlite/internal/query_sql.h"
#include "store/sqlite/internal/read_charge.h"
#include "store/sqlite/internal/row_codec.h"

namespace moonstone::store::sqlite {

namespace {

/// Counting touches an index entry where reading decodes a row.
constexpr std::uint64_t kCountedPerRow = 1'000;

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

Result<CompiledStatementPtr> DocumentReads::get_of(const TableLayout& table) {
  CompiledStatementPtr& known = gets_[&table];
  if (known == nullptr) {
    MS_TRY(known, compile_get(*layout_, table));
  }
  return known;
}

Result<std::optional<query::Row>> DocumentReads::get(const schema::Table& table,
                                                     std::string_view id,
                                                     ReadBudget& budget) {
  MS_TRY(const TableLayout* layout, this->table(table));
  MS_TRY_STATUS(check_deadline(budget));
  if (layout->model() != nullptr) {
    MS_TRY(const CompiledStatementPtr by_key, get_of(*layout));
    return ModelDocuments(connection_, *layout_, *layout).get(*by_key, id, budget);
  }
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
  if (layout->model() != nullptr) {
    return ModelDocuments(connection_, *layout_, *layout).select(query, budget);
  }
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
  if (layout->model() != nullptr) {
    return ModelDocuments(connection_, *layout_, *layout).count(query, budget);
  }
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
