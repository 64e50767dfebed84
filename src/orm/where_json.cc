// Moonstone. Licence: see LICENSE.
// Conditions on paths inside JSON columns with a declared type (litestone.md 11.2).

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "orm/internal/errors.h"
#include "orm/internal/where.h"

namespace moonstone::orm {
namespace {

using query::Expr;
using query::ExprPtr;
using schema::ModelField;

constexpr std::array<std::string_view, 10> kOperators = {
    "gt", "gte", "lt", "lte", "not", "in", "notIn", "contains", "startsWith", "endsWith"};

bool is_operator(std::string_view name) {
  return std::ranges::find(kOperators, name) != kOperators.end();
}

/// Whether every key is an operator: then they compare the value itself.
bool has_only_operators(const Object& condition) {
  return std::ranges::all_of(condition,
                             [](const Member& member) { return is_operator(member.name); });
}

class PathDecoder {
 public:
  PathDecoder(const ConditionScope& scope, const ModelField& column)
      : scope_(scope), root_type_(column.json_type), path_({column.name}) {}

  Status decode_members(std::string_view type_name, const Object& condition) {
    const schema::JsonType* const type = scope_.catalog.find_json_type(type_name);
    for (const auto& [name, value] : condition) {
      const ModelField* field = nullptr;
      if (type != nullptr) {
        const auto found = std::ranges::find(type->fields, name, &ModelField::name);
        if (found != type->fields.end()) field = &*found;
      }
      if (field == nullptr) {
        return bad_argument(
            fmt::format("Unknown field '{}' on type {} in WHERE clause", name, type_name));
      }
      path_.push_back(name);
      MS_TRY_STATUS(decode_value(*field, value));
      path_.pop_back();
    }
    return {};
  }

  [[nodiscard]] std::vector<ExprPtr> take() && { return std::move(conditions_); }

 private:
  Status decode_value(const ModelField& field, const Value& value) {
    const std::string name = fmt::format("{}", fmt::join(path_, "."));
    const ConditionOperand operand{.field = field_expr(), .name = name};
    if (!value.is_object()) {
      MS_TRY(ExprPtr condition, equal_to(scope_, operand, value));
      conditions_.push_back(std::move(condition));
      return {};
    }
    if (!field.json_type.empty() && !has_only_operators(value.as_object())) {
      return decode_members(field.json_type, value.as_object());
    }
    for (const auto& [op, right] : value.as_object()) {
      MS_TRY_STATUS(check_operand(name, right));
      MS_TRY_STATUS(decode_operator(operand, op, right));
    }
    return {};
  }

  Status decode_operator(const ConditionOperand& operand, std::string_view op, const Value& value) {
    MS_TRY(ComparisonOutcome comparison, decode_comparison(scope_, operand, op, value));
    if (comparison.is_known) {
      if (comparison.condition != nullptr) conditions_.push_back(std::move(comparison.condition));
      return {};
    }
    if (const auto conversion = pattern_of(op)) {
      if (value.is_missing()) {
        conditions_.push_back(Expr::any_of({}));
        return {};
      }
      MS_TRY(ExprPtr pattern, scope_.parameters.operand(value, *conversion));
      // SQL casts what is there to text; the evaluation of rows does not.
      conditions_.push_back(Expr::opaque(Expr::like(operand.field, std::move(pattern))));
      return {};
    }
    const std::vector<std::string> below(path_.begin() + 1, path_.end());
    return bad_argument(
        fmt::format("Unknown WHERE operator '{}' inside typed JSON path on field {}.{}", op,
                    root_type_, fmt::join(below, ".")));
  }

  [[nodiscard]] ExprPtr field_expr() const {
    auto expr = std::make_shared<Expr>();
    expr->kind = query::ExprKind::Field;
    expr->path = path_;
    return expr;
  }

  const ConditionScope& scope_;
  const std::string& root_type_;  // for messages
  std::vector<std::string> path_;
  std::vector<ExprPtr> conditions_;
};

}  // namespace

bool is_json_path(const ModelField& field, const Value& condition) {
  return !field.json_type.empty() && !field.is_list && condition.is_object() &&
         !condition.as_object().empty() && !has_only_operators(condition.as_object());
}

Result<ExprPtr> decode_json_path(const ConditionScope& scope,
                                 const ModelField& field,
                                 const Object& condition) {
  PathDecoder decoder(scope, field);
  MS_TRY_STATUS(decoder.decode_members(field.json_type, condition));
  return all_of_present(std::move(decoder).take());
}

}  // namespace moonstone::orm
