// Moonstone. Licence: see LICENSE.
#include "orm/internal/write_data.h"

#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"
#include "orm/internal/errors.h"
#include "orm/internal/shape.h"
#include "orm/internal/transform.h"
#include "orm/internal/unicode.h"
#include "orm/internal/validate.h"
#include "orm/internal/write_error.h"

namespace moonstone::orm {

using schema::FieldRole;
using schema::ModelField;
using schema::ScalarKind;

namespace {

Status refuse_unknown_names(const schema::Model& model, const Object& data) {
  std::vector<RuleFailure> failures;
  for (const Member& member : data) {
    const ModelField* const field = model.find_field(member.name);
    const bool is_known = field != nullptr && field->role != FieldRole::Computed &&
                          field->role != FieldRole::Generated;
    if (is_known) continue;
    const bool is_relation = model.find_relation(member.name) != nullptr;
    failures.push_back(
        {.path = {member.name},
         .message = is_relation ? "is a relation, which only create, update and upsert can write"
                                : unknown_field_text(member.name, model, writable_names(model))});
  }
  if (!failures.empty()) return validation_error(failures);
  return {};
}

void transform(const ModelRules& rules, Object& data, std::vector<RuleFailure>& failures) {
  for (const FieldRule& rule : rules.fields) {
    const ModelField& field = *rule.field;
    if (field.scalar != ScalarKind::DateTime && field.transforms.empty()) continue;
    Value* const value = data.find(field.name);
    if (value == nullptr) continue;
    if (field.scalar == ScalarKind::DateTime && !coerce_date_time(*value)) {
      failures.push_back(
          {.path = {field.name},
           .message = "must be a valid ISO 8601 datetime (e.g. 2024-01-15T09:30:00Z)"});
      continue;
    }
    for (const schema::Transform each : field.transforms)
      apply_transform(each, *value);
  }
}

Status validate(const Core& core,
                const ModelRules& rules,
                const Object& data,
                std::vector<RuleFailure>& failures) {
  for (const FieldRule& rule : rules.fields) {
    const ModelField& field = *rule.field;
    if (field.validators.empty() && rule.json_type == nullptr) continue;
    const Value* const value = data.find(field.name);
    if (value == nullptr || value->is_missing()) continue;
    if (rule.json_type != nullptr) {
      MS_TRY_STATUS(JsonTypeCheck(*core.rules, failures)
                        .check(*rule.json_type, *value, {field.name},
                               field.json_is_strict ? JsonTypeCheck::Strictness::OnlyDeclared
                                                    : JsonTypeCheck::Strictness::AnyMembers));
    }
    if (!field.validators.empty()) {
      MS_TRY_STATUS(check_validators(rule, *value, {field.name}, failures));
    }
  }
  Host* const host = core.options.host;
  if (host != nullptr && host->has_checks(*rules.model)) {
    std::vector<RuleFailure> own = host->check(*rules.model, data);
    failures.insert(failures.end(), std::make_move_iterator(own.begin()),
                    std::make_move_iterator(own.end()));
  }
  if (!failures.empty()) return validation_error(failures);
  return {};
}

Status check_lists_and_enums(const ModelRules& rules, const Object& data) {
  for (const FieldRule& rule : rules.fields) {
    if (!rule.field->is_list || rule.field->role != FieldRole::Stored) continue;
    if (const Value* const value = data.find(rule.field->name)) {
      MS_TRY_STATUS(check_list(*rule.field, *value));
    }
  }
  for (const FieldRule& rule : rules.fields) {
    if (rule.enum_type == nullptr || rule.field->is_list) continue;
    if (const Value* const value = data.find(rule.field->name)) {
      MS_TRY_STATUS(check_enum(rule, *value));
    }
  }
  return {};
}

/// JSON text of everything but text, which is stored as it is (litestone.md 5.4).
void convert_json(Value& value) {
  if (!value.is_text()) value = to_json(value);
}

/// Empty: the value was converted. Else why it cannot stand in such a column.
std::string_view convert_scalar(ScalarKind scalar, Value& value) {
  const bool is_nested = value.is_array() || value.is_object();
  switch (scalar) {
    case ScalarKind::Boolean:
      value = Value(is_truthy(value) ? 1 : 0);
      return "";
    case ScalarKind::Json:
    case ScalarKind::File:
      convert_json(value);
      return "";
    case ScalarKind::Text:
    case ScalarKind::DateTime:
      if (is_nested || value.is_bytes()) return "must be a string";
      if (value.is_integer() || value.is_number()) value = text_of(value);
      return "";
    case ScalarKind::Integer:
      return is_nested || value.is_bytes() ? "must be an integer" : "";
    case ScalarKind::Real:
      return is_nested || value.is_bytes() ? "must be a number" : "";
    case ScalarKind::Bytes:
      if (value.is_bytes()) return "";
      if (!value.is_text()) return "must be bytes or base64 text";
      if (std::optional<std::string> bytes = from_base64(value.as_text())) {
        value = Bytes{*std::move(bytes)};
        return "";
      }
      return "must be bytes or base64 text";
  }
  return "";
}

}  // namespace

Result<std::vector<FieldValue>> prepare_data(const Core& core,
                                             const ModelRules& rules,
                                             Object data) {
  MS_TRY_STATUS(refuse_unknown_names(*rules.model, data));
  std::vector<RuleFailure> failures;
  transform(rules, data, failures);
  MS_TRY_STATUS(validate(core, rules, data, failures));
  MS_TRY_STATUS(check_lists_and_enums(rules, data));
  std::vector<FieldValue> values;
  values.reserve(data.size());
  for (const FieldRule& rule : rules.fields) {
    if (rule.field->role != FieldRole::Stored) continue;
    Value* const value = data.find(rule.field->name);
    if (value == nullptr) continue;
    if (value->is_missing()) {
      *value = nullptr;
    } else if (rule.field->is_list) {
      convert_json(*value);
    } else if (const auto failure = convert_scalar(rule.field->scalar, *value); !failure.empty()) {
      return validation_error(rule.field->name, std::string(failure));
    }
    values.push_back({.rule = &rule, .value = std::move(*value)});
  }
  return values;
}

}  // namespace moonstone::orm
