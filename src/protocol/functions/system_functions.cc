// Moonstone. Licence: see LICENSE.
#include "protocol/functions/system_functions.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "protocol/functions/live_introspection.h"
#include "protocol/functions/orm_functions.h"
#include "query/page.h"
#include "query/row.h"
#include "runtime/jobs/list.h"
#include "schema/schema.h"

namespace moonstone::protocol::functions {
namespace {

using runtime::FunctionKind;

constexpr std::string_view kPrefix = "_system:";
constexpr std::string_view kModelPrefix = "_orm:";
/// Where functions.md names a default.
constexpr double kPageRows = 50;

/// An argument, or null if it is absent or null.
const Value* argument(const SystemCall& call, std::string_view name) {
  if (call.args == nullptr || !call.args->is_object()) return nullptr;
  const Value* value = call.args->as_object().find(name);
  return value == nullptr || value->is_null() || value->is_undefined() ? nullptr : value;
}

Result<std::string> text_argument(const SystemCall& call, std::string_view name) {
  const Value* value = argument(call, name);
  if (value != nullptr && value->is_text()) return value->as_text();
  return Error(ErrorCode::InvalidArgument,
               "the argument \"" + std::string(name) + "\" must be a string", "validation");
}

Result<Object> object_argument(const SystemCall& call, std::string_view name) {
  const Value* value = argument(call, name);
  if (value != nullptr && value->is_object()) return value->as_object();
  return Error(ErrorCode::InvalidArgument,
               "the argument \"" + std::string(name) + "\" must be an object", "validation");
}

/// Known tables of the project only.
Result<const schema::Table*> table_named(const SystemCall& call, std::string_view name) {
  auto table = call.reader->table(name);
  if (table) return table;
  return Error(ErrorCode::NotFound, "Table not found: " + std::string(name), "table");
}

Result<const schema::Table*> table_argument(const SystemCall& call) {
  MS_TRY(const std::string name, text_argument(call, "table"));
  return table_named(call, name);
}

/// The table of the argument `id`.
Result<const schema::Table*> table_of_id(const SystemCall& call, std::string_view id) {
  return table_named(call, id.substr(0, std::min(id.find(':'), id.size())));
}

Array documents_of(const std::vector<query::Row>& rows) {
  Array out;
  for (const query::Row& row : rows)
    out.emplace_back(query::document_of(row));
  return out;
}

// ---- Queries ---------------------------------------------------------------------------------

Result<Value> get_schema(const SystemCall& call) {
  return schema::schema_to_json(*call.reader->schema());
}

Result<Value> get_table_count(const SystemCall& call) {
  MS_TRY(const schema::Table* const table, table_argument(call));
  query::Query query;
  query.table = table->name;
  MS_TRY(const std::uint64_t rows, call.reader->count(query));
  return Value(static_cast<std::int64_t>(rows));
}

std::optional<query::CompareOp> operator_named(std::string_view name) {
  using enum query::CompareOp;
  static constexpr std::pair<std::string_view, query::CompareOp> kOperators[] = {
      {"eq", Eq}, {"neq", Neq}, {"gt", Gt}, {"gte", Gte}, {"lt", Lt}, {"lte", Lte}};
  for (const auto& [known, op] : kOperators) {
    if (known == name) return op;
  }
  return std::nullopt;
}

std::string member_text(const Value& object, std::string_view name) {
  const Value* member = object.is_object() ? object.as_object().find(name) : nullptr;
  return member != nullptr && member->is_text() ? member->as_text() : std::string();
}

Result<query::ExprPtr> filter_of(const Value& filter) {
  const std::string op_name = member_text(filter, "op");
  const auto op = operator_named(op_name);
  if (!op) {
    return Error(ErrorCode::InvalidArgument, "Invalid filter operator: " + op_name, "validation");
  }
  const Value* value = filter.as_object().find("value");
  return query::Expr::compare(*op, query::Expr::make_field(member_text(filter, "field")),
                              query::Expr::make_literal(value == nullptr ? Value() : *value));
}

Result<query::Query> query_of_listing(const SystemCall& call, const schema::Table& table) {
  query::Query query;
  query.table = table.name;
  query.order = {{.field = "_id", .direction = query::Direction::Descending}};
  query.tie_break = query::Direction::Descending;
  if (const Value* sort = argument(call, "sort")) {
    const std::string field = member_text(*sort, "field");
    const bool ascending = member_text(*sort, "direction") == "asc";
    query.tie_break = ascending ? query::Direction::Ascending : query::Direction::Descending;
    query.order = {{.field = field.empty() ? "_id" : field, .direction = query.tie_break}};
  }
  if (const Value* filters = argument(call, "filters"); filters != nullptr && filters->is_array()) {
    std::vector<query::ExprPtr> all;
    for (const Value& filter : filters->as_array()) {
      MS_TRY(query::ExprPtr one, filter_of(filter));
      all.push_back(std::move(one));
    }
    if (!all.empty()) {
      query.where = query::Expr::all_of(std::move(all));
      MS_TRY_STATUS(query::check_expr(*query.where));
    }
  }
  return query;
}

Result<Value> list_documents(const SystemCall& call) {
  MS_TRY(const schema::Table* const table, table_argument(call));
  MS_TRY(const query::Query query, query_of_listing(call, *table));
  const Value* size = argument(call, "numItems");
  const double rows =
      size != nullptr && (size->is_number() || size->is_integer()) ? size->to_double() : kPageRows;
  if (!(rows >= 0) || rows > static_cast<double>(query::kPageRowsMax)) {
    return Error(ErrorCode::InvalidArgument,
                 "numItems must be from 0 to " + std::to_string(query::kPageRowsMax), "page_size");
  }
  const Value* cursor = argument(call, "cursor");
  const std::string before =
      cursor != nullptr && cursor->is_text() ? cursor->as_text() : std::string();
  const query::PageRequest request{
      .cursor = before, .size = static_cast<std::uint64_t>(rows), .secret = call.reader->secret()};
  MS_TRY(const query::Page page, query::read_page(query, request, [&](const query::Query& part) {
           return call.reader->select(part);
         }));
  return Value(Object{{"page", documents_of(page.rows)},
                      {"continueCursor", page.cursor.empty() ? Value(nullptr) : Value(page.cursor)},
                      {"isDone", page.is_done}});
}

Result<Value> get_document(const SystemCall& call) {
  MS_TRY(const std::string id, text_argument(call, "id"));
  MS_TRY(const schema::Table* const table, table_of_id(call, id));
  MS_TRY(const std::optional<query::Row> row, call.reader->get(*table, id));
  return row ? Value(query::document_of(*row)) : Value(nullptr);
}

/// Every table of the project with its number of documents.
Result<Value> list_tables(const SystemCall& call) {
  Array out;
  for (const schema::Table& table : call.reader->schema()->tables) {
    if (table.owner != schema::TableOwner::User) continue;
    query::Query query;
    query.table = table.name;
    MS_TRY(const std::uint64_t rows, call.reader->count(query));
    out.emplace_back(Object{{"name", table.name},
                            {"documents", static_cast<std::int64_t>(rows)},
                            {"fields", static_cast<std::int64_t>(table.fields.size())}});
  }
  return Value(std::move(out));
}

Result<Value> list_functions(const SystemCall& call) {
  Array out;
  if (call.bundle == nullptr) return Value(std::move(out));
  for (const auto& [name, function] : call.bundle->functions) {
    const bool is_internal = function.visibility == runtime::Visibility::Internal;
    const std::string_view kind = function.kind == FunctionKind::Query      ? "query"
                                  : function.kind == FunctionKind::Mutation ? "mutation"
                                                                            : "action";
    out.emplace_back(Object{
        {"name", name}, {"kind", kind}, {"visibility", is_internal ? "internal" : "public"}});
  }
  return Value(std::move(out));
}

Result<Value> list_jobs(const SystemCall& call) {
  return runtime::jobs::list_as_json(*call.reader, *call.args);
}

// ---- Mutations -------------------------------------------------------------------------------

Result<Value> insert_document(const SystemCall& call) {
  MS_TRY(const schema::Table* const table, table_argument(call));
  MS_TRY(Object data, object_argument(call, "data"));
  MS_TRY(std::string id, call.transaction->insert(*table, std::move(data)));
  return Value(std::move(id));
}

Result<Value> update_document(const SystemCall& call) {
  MS_TRY(const std::string id, text_argument(call, "id"));
  MS_TRY(const schema::Table* const table, table_of_id(call, id));
  MS_TRY(Object fields, object_argument(call, "fields"));
  MS_TRY_STATUS(call.transaction->patch(*table, id, std::move(fields)));
  return Value();
}

Result<Value> delete_document(const SystemCall& call) {
  MS_TRY(const std::string id, text_argument(call, "id"));
  MS_TRY(const schema::Table* const table, table_of_id(call, id));
  MS_TRY_STATUS(call.transaction->erase(*table, id));
  return Value();
}

// ---- Actions ---------------------------------------------------------------------------------

Result<Value> run_sql(const SystemCall& call) {
  MS_TRY(const std::string text, text_argument(call, "query"));
  MS_TRY(store::SqlRows read, call.database->query_sql(text));
  Array rows;
  for (std::vector<Value>& values : read.rows) {
    Object row;
    for (std::size_t i = 0; i < values.size(); ++i) {
      Value& value = values[i];
      if (value.is_bytes()) value = to_base64(value.as_bytes().data);
      row.set(read.columns[i], std::move(value));
    }
    rows.emplace_back(std::move(row));
  }
  Array columns;
  if (!rows.empty()) {
    for (const Member& member : rows.front().as_object())
      columns.emplace_back(member.name);
  }
  return Value(Object{{"rows", std::move(rows)}, {"columns", std::move(columns)}});
}

Result<Value> list_table_scans(const SystemCall& call) {
  Array scans;
  for (const store::TableScan& scan : call.database->table_scans()) {
    Array fields;
    for (const std::string& field : scan.fields)
      fields.emplace_back(field);
    scans.emplace_back(Object{{"table", scan.table},
                              {"fields", std::move(fields)},
                              {"runs", static_cast<std::int64_t>(scan.runs)},
                              {"rowsRead", static_cast<std::int64_t>(scan.rows_read)},
                              {"rowsFound", static_cast<std::int64_t>(scan.rows_found)}});
  }
  return Value(std::move(scans));
}

}  // namespace

const std::map<std::string, SystemFunction, std::less<>>& system_functions() {
  static const auto kFunctions = [] {
    std::map<std::string, SystemFunction, std::less<>> functions;
    std::string_view prefix = kPrefix;
    const auto add = [&functions, &prefix](std::string_view name, FunctionKind kind,
                                           Result<Value> (*run)(const SystemCall&)) {
      SystemFunction made;
      made.function.name = std::string(prefix) + std::string(name);
      made.function.module = prefix.substr(0, prefix.size() - 1);
      made.function.export_name = name;
      made.function.kind = kind;
      made.run = run;
      functions.emplace(made.function.name, std::move(made));
    };
    add("getSchema", FunctionKind::Query, get_schema);
    add("listTables", FunctionKind::Query, list_tables);
    add("getTableCount", FunctionKind::Query, get_table_count);
    add("listDocuments", FunctionKind::Query, list_documents);
    add("getDocument", FunctionKind::Query, get_document);
    add("listFunctions", FunctionKind::Query, list_functions);
    add("listJobs", FunctionKind::Query, list_jobs);
    add("insertDocument", FunctionKind::Mutation, insert_document);
    add("updateDocument", FunctionKind::Mutation, update_document);
    add("deleteDocument", FunctionKind::Mutation, delete_document);
    add("runSQL", FunctionKind::Action, run_sql);
    add("listTableScans", FunctionKind::Action, list_table_scans);
    add("listLiveQueries", FunctionKind::Action, list_live_queries);
    add("explainLiveQuery", FunctionKind::Action, explain_live_query);
    add("explainQuery", FunctionKind::Action, explain_query);
    prefix = kModelPrefix;
    add("query", FunctionKind::Query, run_orm_query);
    add("mutate", FunctionKind::Mutation, run_orm_mutate);
    return functions;
  }();
  return kFunctions;
}

const SystemFunction* find_system_function(std::string_view name) {
  if (!is_system_name(name)) return nullptr;
  const auto found = system_functions().find(name);
  return found == system_functions().end() ? nullptr : &found->second;
}

bool is_system_name(std::string_view name) {
  return name.starts_with(kPrefix) || name.starts_with(kModelPrefix);
}

}  // namespace moonstone::protocol::functions
