// Moonstone. Licence: see LICENSE.
#include "schema/lite/internal/json_schema_field.h"

#include <string>
#include <utility>

#include "schema/lite/internal/attribute_names.h"
#include "schema/lite/internal/field_roles.h"

namespace moonstone::lite {
namespace {

/// The text as a regular expression that matches just it.
std::string escape_pattern(std::string_view text) {
  constexpr std::string_view kSpecial = "\\^$.|?*+()[]{}/";
  std::string result;
  for (const char c : text) {
    if (kSpecial.contains(c)) result += '\\';
    result += c;
  }
  return result;
}

Object scalar_schema(ScalarType type, JsonSchemaFormat format) {
  switch (type) {
    case ScalarType::String:
      return {{"type", "string"}};
    case ScalarType::Int:
      return {{"type", "integer"}};
    case ScalarType::Float:
      return {{"type", "number"}};
    case ScalarType::Boolean:
      return {{"type", "boolean"}};
    case ScalarType::DateTime:
      return {{"type", "string"}, {"format", "date-time"}};
    case ScalarType::Json:
      return {};
    case ScalarType::Bytes:
      return {{"type", "string"}, {"contentEncoding", "base64"}};
    case ScalarType::File:
      return reference_to("FileRef", format);
  }
  return {};
}

Object element_schema(const Field& field, const Schema& schema, const JsonSchemaOptions& options) {
  const FieldType& type = field.type;
  if (const auto* reference = field.find<TypeReference>()) {
    return reference_to(reference->name, options.format);
  }
  switch (type.kind) {
    case TypeKind::Scalar:
      return scalar_schema(type.scalar, options.format);
    case TypeKind::Enum: {
      if (!options.inline_enums) return reference_to(type.name, options.format);
      const Enum* subject = schema.find_enum(type.name);
      return subject == nullptr ? Object{} : enum_values_schema(*subject);
    }
    default:
      return reference_to(type.name, options.format);
  }
}

/// One `pattern`; a second one needs `allOf`.
void add_pattern(Object& schema, std::string pattern) {
  if (schema.find("pattern") == nullptr) {
    schema.append("pattern", std::move(pattern));
    return;
  }
  Value* all = schema.find("allOf");
  if (all == nullptr) all = &schema.append("allOf", Array{});
  all->as_array().emplace_back(Object{{"pattern", std::move(pattern)}});
}

/// The keyword that a validator's number goes to, or nothing.
std::string_view number_keyword_of(ValidatorKind kind) {
  switch (kind) {
    case ValidatorKind::Less:
      return "exclusiveMaximum";
    case ValidatorKind::LessOrEqual:
      return "maximum";
    case ValidatorKind::Greater:
      return "exclusiveMinimum";
    case ValidatorKind::GreaterOrEqual:
      return "minimum";
    case ValidatorKind::MinItems:
      return "minItems";
    case ValidatorKind::MaxItems:
      return "maxItems";
    default:
      return {};
  }
}

std::string_view format_of(ValidatorKind kind) {
  switch (kind) {
    case ValidatorKind::Email:
      return "email";
    case ValidatorKind::Url:
      return "uri";
    case ValidatorKind::Phone:
      return "phone";
    case ValidatorKind::Date:
      return "date";
    case ValidatorKind::DateTime:
      return "date-time";
    default:
      return {};
  }
}

void add_validator(Object& schema, const Validator& validator) {
  if (const auto format = format_of(validator.kind); !format.empty()) {
    schema.set("format", format);
  }
  if (const auto keyword = number_keyword_of(validator.kind); !keyword.empty()) {
    schema.set(keyword, validator.value);
  }
  switch (validator.kind) {
    case ValidatorKind::Regex:
      add_pattern(schema, validator.text);
      break;
    case ValidatorKind::StartsWith:
      add_pattern(schema, '^' + escape_pattern(validator.text));
      break;
    case ValidatorKind::EndsWith:
      add_pattern(schema, escape_pattern(validator.text) + '$');
      break;
    case ValidatorKind::Contains:
      add_pattern(schema, escape_pattern(validator.text));
      break;
    case ValidatorKind::Length:
      if (validator.minimum) schema.set("minLength", *validator.minimum);
      if (validator.maximum) schema.set("maxLength", *validator.maximum);
      break;
    case ValidatorKind::UniqueItems:
      schema.set("uniqueItems", true);
      break;
    default:
      break;
  }
}

bool is_for_items(ValidatorKind kind) {
  return kind == ValidatorKind::MinItems || kind == ValidatorKind::MaxItems ||
         kind == ValidatorKind::UniqueItems;
}

void add_default(const Default& value, Object& schema) {
  switch (value.kind) {
    case DefaultKind::Text:
    case DefaultKind::Number:
    case DefaultKind::Boolean:
    case DefaultKind::Enum:
      schema.set("default", value.value);
      break;
    case DefaultKind::Call:
    case DefaultKind::FieldReference:
      break;  // known only when a row is written
  }
}

void add_derivation(const Field& field, Object& schema) {
  const Derivation derivation = derivation_of(field);
  if (derivation == Derivation::None) return;
  schema.set("readOnly", true);
  if (const auto* from = field.find<From>()) {
    schema.set("x-litestone-kind", "from");
    schema.set("x-litestone-from",
               Object{{"target", from->target},
                      {"op", word_of(from->operation.value_or(FromOperation::Count))}});
  } else {
    const bool is_computed = derivation == Derivation::Computed;
    schema.set("x-litestone-kind", is_computed ? "computed" : "generated");
  }
}

}  // namespace

std::string joined_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    if (!text.empty()) text += '\n';
    text += line;
  }
  return text;
}

Object reference_to(std::string_view name, JsonSchemaFormat format) {
  const std::string_view folder = format == JsonSchemaFormat::Definitions ? "#/$defs/" : "#/";
  return {{"$ref", std::string(folder) + std::string(name)}};
}

Object enum_values_schema(const Enum& subject) {
  Array values;
  for (const EnumValue& value : subject.values)
    values.emplace_back(value.name);
  return {{"type", "string"}, {"enum", std::move(values)}};
}

Object value_schema(const Field& field, const Schema& schema, const JsonSchemaOptions& options) {
  Object result = element_schema(field, schema, options);
  if (field.type.array) result = Object{{"type", "array"}, {"items", std::move(result)}};
  for (const FieldAttribute& attribute : field.attributes) {
    const auto* validator = std::get_if<Validator>(&attribute);
    if (validator == nullptr) continue;
    // Rules for text say nothing about a list of texts.
    if (field.type.array && !is_for_items(validator->kind)) continue;
    add_validator(result, *validator);
  }
  if (field.has(FieldFlag::Markdown)) result.set("contentMediaType", "text/markdown");
  return result;
}

Object nullable(Object schema) {
  const Value* type = schema.find("type");
  if (type != nullptr && schema.size() == 1) {
    return {{"type", Array{*type, "null"}}};
  }
  return {{"anyOf", Array{std::move(schema), Object{{"type", "null"}}}}};
}

void add_annotations(const Field& field, const JsonSchemaOptions& options, Object& schema) {
  if (!field.comments.empty()) schema.set("description", joined_lines(field.comments));
  if (const auto* value = field.find<Default>()) add_default(*value, schema);
  if (const auto* accept = field.find<Accept>()) {
    schema.set("x-litestone-accept", Array(accept->types.begin(), accept->types.end()));
  }
  add_derivation(field, schema);
  if (options.audience == Audience::System) {
    const bool is_secret = field.find<Secret>() != nullptr;
    if (is_secret) schema.set("x-litestone-secret", true);
    if (!is_secret && field.find<Guarded>() != nullptr) schema.set("x-litestone-guarded", true);
  }
}

}  // namespace moonstone::lite
