// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/query_plan.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include <sqlite3.h>

#include "store/sqlite/internal/model_documents.h"
#include "store/sqlite/internal/model_select.h"
#include "store/sqlite/internal/query_sql.h"

namespace moonstone::store::sqlite {
namespace {

/// A plan is for a person who waits for it.
constexpr std::chrono::seconds kStepTimeMax{1};
/// The column of EXPLAIN QUERY PLAN with the words.
constexpr int kDetailColumn = 3;

void bind_all(const SqlText& sql, Statement& statement) {
  int position = 0;
  for (const Value& value : sql.values)
    statement.bind_value(++position, value);
}

Result<SqlText> text_of(const Layout& layout,
                        const TableLayout& table,
                        const query::Query& query,
                        ReadKind kind) {
  const bool is_count = kind == ReadKind::Count;
  if (table.model() == nullptr) {
    return is_count ? count_sql(table, query) : select_sql(table, query);
  }
  MS_TRY(const query::Select select,
         is_count ? count_select_of(*table.table, query) : rows_select_of(*table.table, query));
  MS_TRY(const CompiledStatementPtr compiled, compile_select(layout, select));
  return SqlText{.text = std::string(compiled->sql()), .values = compiled->sql_values({})};
}

/// What stands after `word` and before the condition in parentheses.
std::string_view name_after(std::string_view step, std::string_view word) {
  const std::size_t at = step.find(word);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = step.substr(at + word.size());
  return rest.substr(0, std::min(rest.find(" ("), rest.size()));
}

/// The schema's name of the index that a step names.
std::string index_of(std::string_view step, const std::string& table) {
  for (const std::string_view word : {"USING INDEX ", "USING COVERING INDEX "}) {
    const std::string_view name = name_after(step, word);
    if (name.starts_with(table + ".")) return std::string(name.substr(table.size() + 1));
    if (name.starts_with("sqlite_autoindex_")) return "_id";
  }
  return {};
}

/// "USING INDEX t.i (a>? AND a<?)": whether the index narrows, or only orders.
bool is_search(std::string_view step) {
  return step.starts_with("SEARCH ") || step.contains("VIRTUAL TABLE INDEX");
}

void read_step(std::string step, const std::string& table, ReadPlan& plan) {
  if (step.contains("USE TEMP B-TREE FOR ORDER BY")) plan.sorts = true;
  const bool is_scan = step.starts_with("SCAN ") && !is_search(step);
  if (is_scan) plan.is_scan = true;
  // An index that is read as a whole in place of the table only saves bytes.
  const bool stands_for_table = is_scan && step.contains("COVERING INDEX");
  if (plan.index.empty() && !stands_for_table) plan.index = index_of(step, table);
  plan.steps.push_back(std::move(step));
}

/// Rows that the statement steps over, which only running it tells.
Result<std::uint64_t> count_steps(Connection& connection, const SqlText& sql) {
  MS_TRY(Statement statement, connection.prepare(sql.text));
  bind_all(sql, statement);
  const ReadDeadline deadline(connection, std::chrono::steady_clock::now() + kStepTimeMax);
  while (true) {
    const Result<bool> has_row = statement.step("explain a query");
    // One that takes too long has stepped over enough to tell.
    if (!has_row && has_row.error().code() != ErrorCode::DeadlineExceeded) return has_row.error();
    if (!has_row || !*has_row) break;
  }
  constexpr int kReset = 1;
  return static_cast<std::uint64_t>(
      sqlite3_stmt_status(statement.handle(), SQLITE_STMTSTATUS_FULLSCAN_STEP, kReset));
}

}  // namespace

Result<ReadPlan> explain_read(Connection& connection,
                              const Layout& layout,
                              const TableLayout& table,
                              const query::Query& query,
                              ReadKind kind) {
  MS_TRY(const SqlText sql, text_of(layout, table, query, kind));
  ReadPlan plan;
  plan.sql = sql.text;
  const std::string text = "EXPLAIN QUERY PLAN " + sql.text;
  MS_TRY(Statement statement, connection.prepare(text));
  bind_all(sql, statement);
  while (true) {
    MS_TRY(const bool has_row, statement.step("explain a query"));
    if (!has_row) break;
    read_step(std::string(statement.text(kDetailColumn)), query.table, plan);
  }
  if (plan.is_scan) {
    MS_TRY(plan.rows_stepped, count_steps(connection, sql));
  }
  return plan;
}

}  // namespace moonstone::store::sqlite
