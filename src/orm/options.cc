// Moonstone. Licence: see LICENSE.
#include "orm/internal/options.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "orm/internal/errors.h"

namespace moonstone::orm {
namespace {

using query::CompareOp;
using query::Expr;
using query::ExprPtr;

/// Options of any read. What one read has and another has not is left alone there: applications
/// count what they page with the same arguments.
constexpr std::array<std::string_view, 21> kReadOptions = {
    "where",       "orderBy",       "limit",        "offset",  "include",  "select",
    "distinct",    "window",        "recursive",    "cursor",  "by",       "having",
    "interval",    "fillGaps",      "highlight",    "snippet", "withRank", "withDeleted",
    "onlyDeleted", "withTemplates", "onlyTemplates"};

bool is_among(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

ExprPtr compare(std::string_view field, CompareOp op, Value value) {
  return Expr::compare(op, Expr::make_field(field), Expr::make_literal(std::move(value)));
}

ExprPtr deleted_mode(const schema::Model& model, const Value& options) {
  if (!model.has_soft_delete || is_truthy(option_of(options, "withDeleted"))) return nullptr;
  const bool is_only = is_truthy(option_of(options, "onlyDeleted"));
  return compare(schema::kDeletedAtField, is_only ? CompareOp::Neq : CompareOp::Eq, nullptr);
}

ExprPtr template_mode(const schema::Model& model, const Value& options) {
  if (model.template_field.empty() || is_truthy(option_of(options, "withTemplates"))) {
    return nullptr;
  }
  return compare(model.template_field, CompareOp::Eq,
                 is_truthy(option_of(options, "onlyTemplates")));
}

}  // namespace

Status check_options(const Value& options,
                     std::string_view method,
                     const schema::Model& model,
                     std::span<const std::string_view> known) {
  if (options.is_missing()) return {};
  if (!options.is_object()) {
    return bad_argument(fmt::format("{} on model '{}' takes an object of options, got: {}", method,
                                    model.name, printed(options)));
  }
  for (const Member& member : options.as_object()) {
    const std::string_view name = member.name;
    if (!is_among(name, known) && !is_among(name, kReadOptions)) {
      return bad_argument(unknown_option_text(member.name, method, model, known));
    }
  }
  return {};
}

ExprPtr decode_modes(const schema::Model& model, const Value& options) {
  return all_of_present({deleted_mode(model, options), template_mode(model, options)});
}

Result<ExprPtr> decode_filter(const ConditionScope& scope, const Value& options) {
  MS_TRY(ExprPtr where, decode_where(scope, option_of(options, "where")));
  return all_of_present(
      {std::move(where), deleted_mode(scope.model, options), template_mode(scope.model, options)});
}

Result<ExprPtr> decode_bound(Parameters& parameters, const Value* value, Conversion conversion) {
  if (value == nullptr || value->is_missing()) return ExprPtr();
  return parameters.operand(*value, conversion);
}

}  // namespace moonstone::orm
