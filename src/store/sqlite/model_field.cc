// Moonstone. Licence: see LICENSE.
// Fields of models as SQL: columns, and the subqueries of derived fields.

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "schema/names.h"
#include "store/sqlite/internal/layout.h"
#include "store/sqlite/internal/model_expr.h"
#include "store/sqlite/internal/raw_expression.h"

namespace moonstone::store::sqlite {

namespace {

using schema::DerivedField;
using schema::FieldRole;
using schema::Model;
using schema::ModelField;
using schema::ScalarKind;

/// Derived fields of derived fields. A schema may have a circle of them.
constexpr std::size_t kDerivedDepthMax = 8;

std::string column_sql(const ModelScope& scope, std::string_view column) {
  std::string sql = quoted(column);
  return scope.alias.empty() ? sql : scope.alias + "." + sql;
}

std::string text_literal(std::string_view text) {
  std::string sql = "'";
  for (const char c : text)
    sql += c == '\'' ? "''" : std::string(1, c);
  return sql + '\'';
}

/// A value of the field as JSON sees it.
std::string member_sql(const ModelScope& scope, const ModelField& field) {
  const std::string column = column_sql(scope, field.column);
  switch (form_of(field)) {
    case CellForm::Boolean:
      return fmt::format(
          "CASE WHEN {0} IS NULL THEN NULL WHEN {0} = 1 THEN json('true') ELSE json('false') END",
          column);
    case CellForm::Json:
      return fmt::format("CASE WHEN json_valid({0}) THEN json({0}) ELSE {0} END", column);
    case CellForm::Plain:
      break;
  }
  if (field.scalar == ScalarKind::Bytes) return fmt::format("moonstone_base64({})", column);
  return column;
}

/// `object` and more members, or the first ones.
std::string object_call(const std::string& object, const std::string& arguments) {
  if (object.empty()) return fmt::format("json_object({})", arguments);
  return fmt::format("json_insert({}, {})", object, arguments);
}

/// The stored fields as one JSON object. A function takes no more than 127 arguments.
std::string object_sql(const ModelScope& scope) {
  constexpr std::size_t kMembersMax = 60;
  std::string object;
  std::string arguments;
  std::size_t count = 0;
  for (const ModelField& field : scope.model->fields) {
    if (!field.is_stored()) continue;
    if (count > 0 && count % kMembersMax == 0) {
      object = object_call(object, arguments);
      arguments.clear();
    }
    const bool is_first_call = object.empty();
    const std::string name = is_first_call ? field.name : "$.\"" + field.name + "\"";
    if (!arguments.empty()) arguments += ", ";
    arguments += fmt::format("{}, {}", text_literal(name), member_sql(scope, field));
    ++count;
  }
  return object_call(object, arguments);
}

/// WHERE of the rows that belong to the outer row.
Status append_condition(const ModelScope& outer,
                        const ModelScope& inner,
                        const DerivedField& derived,
                        SqlFragment& out) {
  MS_TRY(const SqlFragment target, field_sql(inner, derived.target_field));
  MS_TRY(const SqlFragment own, field_sql(qualified(outer), derived.own_field));
  out.text += " WHERE ";
  out.append(target);
  out.text += " = ";
  out.append(own);
  if (derived.where_sql.empty()) return {};
  out.text += " AND ";
  return append_raw_sql(derived.where_sql, 0, out.text);
}

Result<SqlFragment> order_sql(const ModelScope& inner, const DerivedField& derived) {
  if (!derived.order_by.empty()) return field_sql(inner, derived.order_by);
  if (!inner.model->key.empty()) return field_sql(inner, inner.model->key.front());
  MS_TRY(std::string number, row_number_sql(inner));
  return SqlFragment{.text = std::move(number), .places = {}};
}

Result<SqlFragment> value_sql(const ModelScope& inner, const DerivedField& derived) {
  using Operation = DerivedField::Operation;
  const auto aggregate = [&](std::string_view begin, std::string_view end) -> Result<SqlFragment> {
    MS_TRY(const SqlFragment field, field_sql(inner, derived.field));
    SqlFragment sql{.text = std::string(begin), .places = {}};
    sql.append(field);
    sql.text += end;
    return sql;
  };
  switch (derived.operation) {
    case Operation::Count:
      return SqlFragment{.text = "COUNT(*)", .places = {}};
    case Operation::Sum:
      return aggregate("COALESCE(SUM(", "), 0)");
    case Operation::Max:
      return aggregate("MAX(", ")");
    case Operation::Min:
      return aggregate("MIN(", ")");
    case Operation::First:
    case Operation::Last:
      return SqlFragment{.text = object_sql(inner), .places = {}};
    case Operation::Exists:
      break;
  }
  return SqlFragment{.text = "1", .places = {}};
}

Result<SqlFragment> derived_sql(const ModelScope& scope, const DerivedField& derived) {
  using Operation = DerivedField::Operation;
  if (scope.depth >= kDerivedDepthMax) {
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("derived fields refer to each other more than {} levels deep",
                             kDerivedDepthMax));
  }
  const ModelScope inner = inner_scope(scope, scope.catalog->models[derived.target], "_f");
  const Operation operation = derived.operation;
  SqlFragment out{.text = "(SELECT ", .places = {}};
  if (operation == Operation::Exists) {
    out.text = derived.exists_when ? "EXISTS (SELECT " : "NOT EXISTS (SELECT ";
  }
  MS_TRY(const SqlFragment value, value_sql(inner, derived));
  out.append(value);
  out.text += " FROM " + source_sql(inner);
  MS_TRY_STATUS(append_condition(scope, inner, derived, out));
  if (operation == Operation::First || operation == Operation::Last) {
    MS_TRY(const SqlFragment order, order_sql(inner, derived));
    out.text += " ORDER BY ";
    out.append(order);
    out.text += operation == Operation::First ? " ASC LIMIT 1" : " DESC LIMIT 1";
  }
  out.text += ")";
  return out;
}

Error unknown_field(const Model& model, std::string_view field) {
  return {ErrorCode::InvalidArgument,
          fmt::format("Unknown field '{}' on model '{}'", field, model.name), "unknown_field"};
}

}  // namespace

std::string qualifier_of(const ModelScope& scope) {
  return scope.alias.empty() ? quoted(scope.model->table) : scope.alias;
}

ModelScope qualified(const ModelScope& scope) {
  ModelScope named = scope;
  named.alias = qualifier_of(scope);
  return named;
}

std::string alias_inside(const ModelScope& outer, std::string_view name) {
  const std::string hidden = schema::fold_case(qualifier_of(outer));
  std::string alias(name);
  while (schema::fold_case(quoted(alias)) == hidden)
    alias += '_';
  return quoted(alias);
}

ModelScope inner_scope(const ModelScope& outer, const Model& target, std::string_view name) {
  return {.catalog = outer.catalog,
          .model = &target,
          .alias = alias_inside(outer, name),
          .depth = outer.depth + 1};
}

std::string source_sql(const ModelScope& scope) {
  const std::string table = quoted(scope.model->table);
  return scope.alias.empty() || scope.alias == table ? table : table + " AS " + scope.alias;
}

Result<std::string> row_number_sql(const ModelScope& scope) {
  if (scope.model->is_view && !scope.model->is_materialized) {
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("rows of the view '{}' have no number", scope.model->name));
  }
  static constexpr std::array<std::string_view, 3> kNames = {"rowid", "_rowid_", "oid"};
  for (const std::string_view name : kNames) {
    const bool is_taken = std::ranges::any_of(scope.model->fields, [&](const ModelField& field) {
      return field.is_stored() && schema::fold_case(field.column) == name;
    });
    if (!is_taken) return column_sql(scope, name);
  }
  return Error(ErrorCode::InvalidArgument,
               fmt::format("model '{}' has columns with all names of SQLite's row number",
                           scope.model->name));
}

Result<SqlFragment> field_sql(const ModelScope& scope, std::string_view field) {
  if (field == query::kRowNumberField) {
    MS_TRY(std::string number, row_number_sql(scope));
    return SqlFragment{.text = std::move(number), .places = {}};
  }
  const ModelField* const found = scope.model->find_field(field);
  if (found == nullptr) return unknown_field(*scope.model, field);
  if (found->role == FieldRole::Derived && found->derived) {
    return derived_sql(scope, *found->derived);
  }
  if (!found->is_stored()) {
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("field '{}' of model '{}' is computed and not in the database", field,
                             scope.model->name),
                 "unknown_field");
  }
  return SqlFragment{.text = column_sql(scope, found->column), .places = {}};
}

CellForm form_of(const ModelField& field) {
  if (field.derived && (field.derived->operation == DerivedField::Operation::First ||
                        field.derived->operation == DerivedField::Operation::Last)) {
    return CellForm::Json;
  }
  if (field.derived && field.derived->operation == DerivedField::Operation::Exists) {
    return CellForm::Boolean;
  }
  if (field.is_list || field.scalar == ScalarKind::Json) return CellForm::Json;
  return field.scalar == ScalarKind::Boolean ? CellForm::Boolean : CellForm::Plain;
}

}  // namespace moonstone::store::sqlite
