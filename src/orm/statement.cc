// Moonstone. Licence: see LICENSE.
#include "orm/internal/statement.h"

#include <chrono>
#include <utility>

namespace moonstone::orm {
namespace {

query::Dependency table_dependency(std::string table) {
  query::Dependency dependency;
  dependency.kind = query::DependencyKind::Table;
  dependency.table = std::move(table);
  return dependency;
}

/// A connection may read any table of the catalog: also those that raw SQL or a view names.
void record_everything(engine::DocumentReader& reader) {
  for (const schema::Table& table : reader.schema()->tables)
    reader.record(table_dependency(table.name));
}

void record(const Run& run,
            const Statement& statement,
            std::span<const Value> values,
            query::DependencyKind kind) {
  engine::DocumentReader& reader = run.reader;
  if (!reader.is_recording()) return;
  if (statement.facts.is_everything) {
    record_everything(reader);
    return;
  }
  for (const std::string& table : statement.facts.tables)
    reader.record(table_dependency(table));
  const query::Select& select = statement.select;
  if (!statement.facts.is_exact || select.where == nullptr) {
    reader.record(table_dependency(select.table));
    return;
  }
  query::Dependency dependency = table_dependency(select.table);
  dependency.kind = kind;
  dependency.query.table = select.table;
  dependency.query.where = query::bind_parameters(select.where, values);
  reader.record(std::move(dependency));
}

}  // namespace

Result<Statement> make_statement(const Planner& planner,
                                 const schema::Model& model,
                                 query::Select select,
                                 Parameters parameters) {
  Statement statement;
  statement.model = &model;
  select.table = model.table;
  MS_TRY(statement.compiled, planner.reader.compile(select));
  statement.facts = facts_of(*planner.core.catalog, model, select);
  statement.select = std::move(select);
  statement.parameters = std::move(parameters).take();
  return statement;
}

Result<query::RowSet> run_statement(const Run& run,
                                    const Statement& statement,
                                    std::span<const Value> slots,
                                    query::DependencyKind kind) {
  std::vector<Value> values;
  MS_TRY_STATUS(fill_parameters(statement.parameters, run.leaves, slots, values));
  record(run, statement, values, kind);
  auto rows = run.reader.read(*statement.compiled, values);
  if (rows) rows->model = statement.model;
  return rows;
}

Result<query::RowSet> run_main_statement(const Run& run,
                                         const Statement& statement,
                                         std::string_view operation,
                                         query::DependencyKind kind) {
  Host* const host = run.core.options.host;
  if (host == nullptr || !host->observes()) return run_statement(run, statement, {}, kind);
  const auto begin = std::chrono::steady_clock::now();
  MS_TRY(query::RowSet rows, run_statement(run, statement, {}, kind));
  std::vector<Value> values;
  MS_TRY_STATUS(fill_parameters(statement.parameters, run.leaves, {}, values));
  host->observe({.model = statement.model->table,
                 .operation = operation,
                 .arguments = &run.call.arguments,
                 .sql = statement.compiled->sql(),
                 .values = statement.compiled->sql_values(values),
                 .duration = std::chrono::steady_clock::now() - begin,
                 .row_count = rows.count});
  return rows;
}

}  // namespace moonstone::orm
