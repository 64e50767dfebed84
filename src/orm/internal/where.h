// Moonstone. Licence: see LICENSE.
#pragma once
// where: the conditions of callers as predicates.
// Threads: pure functions. Source: litestone.md 11.

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "orm/internal/parameters.h"
#include "query/expr.h"
#include "schema/catalog.h"

namespace moonstone::orm {

/// What a condition is about.
struct ConditionScope {
  const schema::Catalog& catalog;
  const schema::Model& model;
  Parameters& parameters;
};

/// The condition; null if it has none (undefined, null, {}). Text and tagged SQL are trusted SQL.
/// Errors: InvalidArgument with the texts of litestone.md 11.
[[nodiscard]] Result<query::ExprPtr> decode_where(const ConditionScope& scope, const Value* where);

/// Trusted SQL: text, or the tagged form with its values. Null if the value is neither.
[[nodiscard]] Result<query::ExprPtr> decode_raw(Parameters& parameters, const Value& value);

/// All of those that are not null; null if none is.
[[nodiscard]] query::ExprPtr all_of_present(std::vector<query::ExprPtr> conditions);

/// A field of the model that the database knows. Errors: InvalidArgument: `argument: Unknown ..`.
[[nodiscard]] Result<const schema::ModelField*> find_readable(const schema::Model& model,
                                                              std::string_view name,
                                                              std::string_view argument);

// For where_json.cc and where.cc:

/// The operand of a comparison, checked: undefined is refused by the name of the field.
[[nodiscard]] Status check_operand(std::string_view field, const Value& value);

/// A condition on a path inside a JSON column with a declared type. `type` names it.
[[nodiscard]] Result<query::ExprPtr> decode_json_path(const ConditionScope& scope,
                                                      const schema::ModelField& field,
                                                      const Object& condition);
/// Whether the object is such a condition: any key is no operator.
[[nodiscard]] bool is_json_path(const schema::ModelField& field, const Value& condition);

/// Equality with one value or with any of a list, as litestone.md 11.1 begins.
struct ConditionOperand {
  query::ExprPtr field;
  std::string_view name;  // for messages
  Conversion conversion = Conversion::None;
};
[[nodiscard]] Result<query::ExprPtr> equal_to(const ConditionScope& scope,
                                              const ConditionOperand& operand,
                                              const Value& value);
/// gt, gte, lt, lte, not, in, notIn; not known: any other operator.
struct ComparisonOutcome {
  bool is_known = false;
  query::ExprPtr condition;  // null: no condition
};
[[nodiscard]] Result<ComparisonOutcome> decode_comparison(const ConditionScope& scope,
                                                          const ConditionOperand& operand,
                                                          std::string_view op,
                                                          const Value& value);
/// contains, startsWith, endsWith; nothing for any other operator.
[[nodiscard]] std::optional<Conversion> pattern_of(std::string_view op);

}  // namespace moonstone::orm
