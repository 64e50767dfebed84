// Moonstone. Licence: see LICENSE.
#include "orm/internal/where.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "orm/internal/errors.h"

namespace moonstone::orm {
namespace {

using query::CompareOp;
using query::Expr;
using query::ExprPtr;
using schema::ModelField;
using schema::ScalarKind;

ExprPtr nothing_matches() {
  return Expr::any_of({});
}

/// Whether SQL compares the column as an Expr compares the value of its row: JSON text is compared
/// as it is stored, which the value does not tell.
bool is_transparent(const ModelField& field) {
  return !field.is_list && field.scalar != ScalarKind::Json && field.scalar != ScalarKind::File;
}

bool is_text(const ModelField& field) {
  return !field.is_list &&
         (field.scalar == ScalarKind::Text || field.scalar == ScalarKind::DateTime);
}

class Decoder {
 public:
  explicit Decoder(const ConditionScope& scope) : scope_(scope) {}

  /// Null: no condition.
  Result<ExprPtr> decode_object(const Object& where) {
    std::vector<ExprPtr> conditions;
    for (const auto& [name, value] : where) {
      MS_TRY(ExprPtr condition, decode_member(name, value));
      if (condition != nullptr) conditions.push_back(std::move(condition));
    }
    return all_of_present(std::move(conditions));
  }

 private:
  Result<ExprPtr> decode_member(std::string_view name, const Value& value) {
    if (name == "AND") return decode_list(name, value, &Expr::all_of);
    if (name == "OR") return decode_list(name, value, &Expr::any_of);
    if (name == "NOT") {
      MS_TRY(ExprPtr inner, decode_list(name, value, &Expr::all_of));
      return inner == nullptr ? inner : Expr::negate(std::move(inner));
    }
    if (name == "$raw") return decode_raw_member(value);
    MS_TRY(const ModelField* const field, find_readable(scope_.model, name, "where"));
    return decode_field(*field, value);
  }

  Result<ExprPtr> decode_list(std::string_view name,
                              const Value& value,
                              ExprPtr (*join)(std::vector<ExprPtr>)) {
    if (value.is_missing()) return ExprPtr();
    if (value.is_object()) return decode_object(value.as_object());
    if (!value.is_array()) {
      return bad_argument(fmt::format("where.{} must be a list of conditions", name));
    }
    std::vector<ExprPtr> conditions;
    for (const Value& element : value.as_array()) {
      if (!element.is_object()) {
        return bad_argument(fmt::format("where.{} must be a list of conditions", name));
      }
      MS_TRY(ExprPtr condition, decode_object(element.as_object()));
      if (condition != nullptr) conditions.push_back(std::move(condition));
    }
    if (conditions.empty()) return ExprPtr();
    return conditions.size() == 1 ? std::move(conditions.front()) : join(std::move(conditions));
  }

  Result<ExprPtr> decode_raw_member(const Value& value) {
    MS_TRY(ExprPtr raw, decode_raw(scope_.parameters, value));
    if (raw == nullptr) {
      return bad_argument(
          "where.$raw must be a value returned by the sql`` tag or a plain SQL string");
    }
    return raw;
  }

  Result<ExprPtr> decode_field(const ModelField& field, const Value& value) {
    if (is_json_path(field, value)) return decode_json_path(scope_, field, value.as_object());
    const ConditionOperand operand{.field = Expr::make_field(field.name),
                                   .name = field.name,
                                   .conversion = conversion_of(field)};
    if (!value.is_object()) {
      MS_TRY(ExprPtr condition, equal_to(scope_, operand, value));
      return opaque_unless(is_transparent(field), std::move(condition));
    }
    std::vector<ExprPtr> conditions;
    for (const auto& [op, right] : value.as_object()) {
      MS_TRY_STATUS(check_operand(field.name, right));
      MS_TRY(ExprPtr condition, decode_operator(field, operand, op, right));
      if (condition != nullptr) conditions.push_back(std::move(condition));
    }
    return all_of_present(std::move(conditions));
  }

  Result<ExprPtr> decode_operator(const ModelField& field,
                                  const ConditionOperand& operand,
                                  std::string_view op,
                                  const Value& value) {
    MS_TRY(ComparisonOutcome comparison, decode_comparison(scope_, operand, op, value));
    if (comparison.is_known) {
      return opaque_unless(is_transparent(field), std::move(comparison.condition));
    }
    if (const auto conversion = pattern_of(op)) {
      if (value.is_missing()) return nothing_matches();
      MS_TRY(ExprPtr pattern, scope_.parameters.operand(value, *conversion));
      return opaque_unless(is_text(field) && scope_.model.is_strict,
                           Expr::like(operand.field, std::move(pattern)));
    }
    MS_TRY(ComparisonOutcome list, decode_list_operator(field, operand, op, value));
    if (list.is_known) return std::move(list.condition);
    return bad_argument(fmt::format("Unknown where operator: \"{}\"", op));
  }

  Result<ComparisonOutcome> decode_list_operator(const ModelField& field,
                                                 const ConditionOperand& operand,
                                                 std::string_view op,
                                                 const Value& value) {
    constexpr std::array<std::string_view, 4> kOperators = {"has", "hasEvery", "hasSome",
                                                            "isEmpty"};
    if (std::ranges::find(kOperators, op) == kOperators.end()) return ComparisonOutcome{};
    if (is_transparent(field)) {
      return bad_argument(
          fmt::format("where: \"{}\" needs a list, and field \"{}\" is none", op, field.name));
    }
    if (op == "isEmpty") {
      const CompareOp compare = is_truthy(value) ? CompareOp::Eq : CompareOp::Gt;
      return ComparisonOutcome{
          .is_known = true,
          .condition = opaque_unless(
              field.is_list,
              Expr::compare(compare, Expr::list_length(operand.field), Expr::make_literal(0)))};
    }
    if (op == "has") {
      MS_TRY(ExprPtr condition, has(field, operand.field, value));
      return ComparisonOutcome{.is_known = true, .condition = std::move(condition)};
    }
    return decode_has_list(field, operand.field, op, value);
  }

  Result<ExprPtr> has(const ModelField& field, const ExprPtr& list, const Value& value) {
    MS_TRY(ExprPtr element, scope_.parameters.operand(value, Conversion::Raw));
    return opaque_unless(field.is_list, Expr::has_element(list, std::move(element)));
  }

  Result<ComparisonOutcome> decode_has_list(const ModelField& field,
                                            const ExprPtr& list,
                                            std::string_view op,
                                            const Value& value) {
    const bool is_every = op == "hasEvery";
    ComparisonOutcome outcome{.is_known = true, .condition = {}};
    if (!value.is_missing() && !value.is_array()) {
      return bad_argument(
          fmt::format("where: \"{}\" of field \"{}\" takes a list", op, field.name));
    }
    if (value.is_missing() || value.as_array().empty()) {
      if (!is_every) outcome.condition = nothing_matches();
      return outcome;
    }
    std::vector<ExprPtr> conditions;
    for (const Value& element : value.as_array()) {
      MS_TRY_STATUS(check_operand(field.name, element));
      MS_TRY(conditions.emplace_back(), has(field, list, element));
    }
    outcome.condition =
        is_every ? Expr::all_of(std::move(conditions)) : Expr::any_of(std::move(conditions));
    return outcome;
  }

  static ExprPtr opaque_unless(bool is_transparent, ExprPtr condition) {
    if (is_transparent || condition == nullptr) return condition;
    return Expr::opaque(std::move(condition));
  }

  const ConditionScope& scope_;
};

std::optional<CompareOp> compare_op_of(std::string_view op) {
  if (op == "gt") return CompareOp::Gt;
  if (op == "gte") return CompareOp::Gte;
  if (op == "lt") return CompareOp::Lt;
  if (op == "lte") return CompareOp::Lte;
  if (op == "not") return CompareOp::Neq;
  return std::nullopt;
}

Result<ExprPtr> is_in(const ConditionScope& scope,
                      const ConditionOperand& operand,
                      const Value& list) {
  for (const Value& element : list.as_array())
    MS_TRY_STATUS(check_operand(operand.name, element));
  if (list.as_array().empty()) return nothing_matches();
  return scope.parameters.in(operand.field, list, operand.conversion);
}

}  // namespace

Result<ExprPtr> decode_where(const ConditionScope& scope, const Value* where) {
  if (where == nullptr || where->is_missing()) return ExprPtr();
  if (where->is_text()) return decode_raw(scope.parameters, *where);
  if (!where->is_object()) {
    return bad_argument(fmt::format("where must be an object, got: {}", printed(*where)));
  }
  if (raw_sql_of(*where).sql != nullptr) return decode_raw(scope.parameters, *where);
  MS_TRY(ExprPtr condition, Decoder(scope).decode_object(where->as_object()));
  if (condition != nullptr) MS_TRY_STATUS(query::check_expr(*condition));
  return condition;
}

Result<ExprPtr> decode_raw(Parameters& parameters, const Value& value) {
  if (value.is_text()) return Expr::raw(value.as_text(), {});
  const RawSql raw = raw_sql_of(value);
  if (raw.sql == nullptr) return ExprPtr();
  std::vector<ExprPtr> values;
  if (raw.values != nullptr) {
    for (const Value& parameter : *raw.values) {
      MS_TRY(values.emplace_back(), parameters.operand(parameter, Conversion::Raw));
    }
  }
  return Expr::raw(*raw.sql, std::move(values));
}

ExprPtr all_of_present(std::vector<ExprPtr> conditions) {
  std::erase(conditions, nullptr);
  if (conditions.empty()) return nullptr;
  return conditions.size() == 1 ? std::move(conditions.front())
                                : Expr::all_of(std::move(conditions));
}

Result<const ModelField*> find_readable(const schema::Model& model,
                                        std::string_view name,
                                        std::string_view argument) {
  const ModelField* const field = model.find_field(name);
  if (field == nullptr || field->role == schema::FieldRole::Computed) {
    return unknown_field(argument, name, model);
  }
  return field;
}

Status check_operand(std::string_view field, const Value& value) {
  if (!value.is_undefined()) return {};
  return bad_argument(
      fmt::format("where clause: field \"{}\" was given undefined — did you mean null?", field));
}

Result<ExprPtr> equal_to(const ConditionScope& scope,
                         const ConditionOperand& operand,
                         const Value& value) {
  MS_TRY_STATUS(check_operand(operand.name, value));
  if (value.is_array()) return is_in(scope, operand, value);
  MS_TRY(ExprPtr right, scope.parameters.operand(value, operand.conversion));
  return Expr::compare(CompareOp::Eq, operand.field, std::move(right));
}

Result<ComparisonOutcome> decode_comparison(const ConditionScope& scope,
                                            const ConditionOperand& operand,
                                            std::string_view op,
                                            const Value& value) {
  ComparisonOutcome outcome{.is_known = true, .condition = {}};
  if (const auto compare = compare_op_of(op)) {
    if (value.is_array() || value.is_object()) {
      return bad_argument(
          fmt::format("where: \"{}\" of field \"{}\" takes a single value", op, operand.name));
    }
    MS_TRY(ExprPtr right, scope.parameters.operand(value, operand.conversion));
    outcome.condition = Expr::compare(*compare, operand.field, std::move(right));
    return outcome;
  }
  if (op != "in" && op != "notIn") return ComparisonOutcome{};
  if (!value.is_missing() && !value.is_array()) {
    return bad_argument(
        fmt::format("where: \"{}\" of field \"{}\" takes a list", op, operand.name));
  }
  const bool is_empty = value.is_missing() || value.as_array().empty();
  if (op == "in") {
    if (is_empty) {
      outcome.condition = nothing_matches();
    } else {
      MS_TRY(outcome.condition, is_in(scope, operand, value));
    }
    return outcome;
  }
  if (is_empty) return outcome;
  MS_TRY(ExprPtr member, is_in(scope, operand, value));
  outcome.condition =
      Expr::any_of({Expr::negate(std::move(member)),
                    Expr::compare(CompareOp::Eq, operand.field, Expr::make_literal(nullptr))});
  return outcome;
}

std::optional<Conversion> pattern_of(std::string_view op) {
  if (op == "contains") return Conversion::Contains;
  if (op == "startsWith") return Conversion::StartsWith;
  if (op == "endsWith") return Conversion::EndsWith;
  return std::nullopt;
}

}  // namespace moonstone::orm
