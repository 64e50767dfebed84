// Moonstone. Licence: see LICENSE.
#include "orm/internal/validate.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"
#include "orm/internal/date_text.h"
#include "orm/internal/unicode.h"
#include "orm/internal/write_error.h"

namespace moonstone::orm {

using schema::ModelField;
using schema::ScalarKind;
using schema::Validator;
using Kind = schema::Validator::Kind;

namespace {

bool has_white_space(std::string_view text) {
  for (std::size_t position = 0; position < text.size();) {
    if (is_white_space(next_code_point(text, position))) return true;
  }
  return false;
}

/// One "@", and a dot inside what follows; no white space.
bool is_email(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == 0 || at == std::string_view::npos || has_white_space(text)) return false;
  const std::string_view domain = text.substr(at + 1);
  if (domain.find('@') != std::string_view::npos || domain.size() < 3) return false;
  return domain.substr(1, domain.size() - 2).find('.') != std::string_view::npos;
}

bool is_line_end(char32_t c) {
  return c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029;
}

bool is_url(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    std::size_t position = scheme.size();
    return position < text.size() && !is_line_end(next_code_point(text, position));
  }
  return false;
}

bool is_phone(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::size_t count = 0;
  for (std::size_t position = 0; position < text.size(); ++count) {
    const char32_t c = next_code_point(text, position);
    const bool is_digit = c >= '0' && c <= '9';
    const bool is_mark = c == '-' || c == '(' || c == ')' || c == '.';
    if (!is_digit && !is_mark && !is_white_space(c)) return false;
  }
  return count >= 7 && count <= 20;
}

std::string number_text(double number) {
  std::string text;
  write_json_number(number, text);
  return text;
}

bool is_within_length(const Validator& validator, const Value& value) {
  const double length = value.is_array() ? static_cast<double>(value.as_array().size())
                                         : static_cast<double>(utf16_length(text_of(value)));
  return (!validator.low || length >= *validator.low) &&
         (!validator.high || length <= *validator.high);
}

std::string length_message(const Validator& validator) {
  if (validator.low && validator.high) {
    return fmt::format("length must be between {} and {}", number_text(*validator.low),
                       number_text(*validator.high));
  }
  if (validator.low) return "length must be at least " + number_text(*validator.low);
  return "length must be at most " + number_text(validator.high.value_or(0));
}

std::string default_message(const Validator& validator) {
  switch (validator.kind) {
    case Kind::Email:
      return "must be a valid email address";
    case Kind::Url:
      return "must be a valid URL";
    case Kind::Phone:
      return "must be a valid phone number";
    case Kind::Date:
      return "must be a valid date in YYYY-MM-DD format (e.g. 2026-04-06)";
    case Kind::DateTime:
      return "must be a valid ISO 8601 datetime";
    case Kind::Regex:
      return "must match pattern " + validator.text;
    case Kind::Length:
      return length_message(validator);
    case Kind::StartsWith:
      return fmt::format("must start with \"{}\"", validator.text);
    case Kind::EndsWith:
      return fmt::format("must end with \"{}\"", validator.text);
    case Kind::Contains:
      return fmt::format("must contain \"{}\"", validator.text);
    case Kind::Lt:
      return "must be less than " + number_text(validator.high.value_or(0));
    case Kind::Lte:
      return "must be at most " + number_text(validator.high.value_or(0));
    case Kind::Gt:
      return "must be greater than " + number_text(validator.low.value_or(0));
    case Kind::Gte:
      return "must be at least " + number_text(validator.low.value_or(0));
    case Kind::MinItems:
      return fmt::format("must have at least {} items", number_text(validator.low.value_or(0)));
    case Kind::MaxItems:
      return fmt::format("must have at most {} items", number_text(validator.high.value_or(0)));
    case Kind::UniqueItems:
      return "must contain unique items";
  }
  return {};
}

/// All but Regex, which needs a compiled pattern, and rules for lists, which always hold here.
bool satisfies(const Validator& validator, const Value& value) {
  switch (validator.kind) {
    case Kind::Email:
      return is_email(text_of(value));
    case Kind::Url:
      return is_url(text_of(value));
    case Kind::Phone:
      return is_phone(text_of(value));
    case Kind::Date:
      return is_date_text(text_of(value));
    case Kind::DateTime:
      return is_date_time_text(text_of(value));
    case Kind::Length:
      return is_within_length(validator, value);
    case Kind::StartsWith:
      return text_of(value).starts_with(validator.text);
    case Kind::EndsWith:
      return text_of(value).ends_with(validator.text);
    case Kind::Contains:
      return text_of(value).find(validator.text) != std::string::npos;
    // Comparisons with NaN are false, and so is what is no number.
    case Kind::Lt:
      return number_of(value) < validator.high.value_or(0);
    case Kind::Lte:
      return number_of(value) <= validator.high.value_or(0);
    case Kind::Gt:
      return number_of(value) > validator.low.value_or(0);
    case Kind::Gte:
      return number_of(value) >= validator.low.value_or(0);
    case Kind::Regex:
    case Kind::MinItems:
    case Kind::MaxItems:
    case Kind::UniqueItems:
      return true;
  }
  return true;
}

bool has_repeated_items(const Array& items) {
  std::set<std::string> seen;
  return !std::ranges::all_of(
      items, [&](const Value& item) { return seen.insert(canonical_json(item)).second; });
}

bool is_whole_number(const Value& value) {
  if (value.is_integer()) return true;
  return value.is_number() && std::trunc(value.as_number()) == value.as_number();
}

bool satisfies_list_rule(const Validator& validator, const Array& items) {
  const auto count = static_cast<double>(items.size());
  if (validator.kind == Kind::MinItems) return count >= validator.low.value_or(0);
  if (validator.kind == Kind::MaxItems) return count <= validator.high.value_or(0);
  return validator.kind != Kind::UniqueItems || !has_repeated_items(items);
}

}  // namespace

Status check_validators(const FieldRule& rule,
                        const Value& value,
                        const std::vector<std::string>& path,
                        std::vector<RuleFailure>& failures) {
  if (value.is_missing()) return {};
  std::size_t next_pattern = 0;
  for (const Validator& validator : rule.field->validators) {
    bool is_satisfied = satisfies(validator, value);
    if (validator.kind == Kind::Regex) {
      const Result<Pattern>& pattern = rule.patterns[next_pattern++];
      if (!pattern) return pattern.error();
      MS_TRY(is_satisfied, pattern->matches(text_of(value)));
    }
    if (is_satisfied) continue;
    failures.push_back(
        {.path = path,
         .message = validator.message ? *validator.message : default_message(validator)});
  }
  return {};
}

Status check_list(const ModelField& field, const Value& value) {
  if (value.is_missing()) return {};
  if (!value.is_array()) return validation_error(field.name, field.name + " must be an array");
  const Array& items = value.as_array();
  for (const Validator& validator : field.validators) {
    if (satisfies_list_rule(validator, items)) continue;
    return validation_error(field.name, validator.message
                                            ? *validator.message
                                            : field.name + " " + default_message(validator));
  }
  if (field.scalar == ScalarKind::Integer && !std::ranges::all_of(items, is_whole_number)) {
    return validation_error(field.name, fmt::format("{} ({}[]) must contain only integers",
                                                    field.name, field.type_name));
  }
  if (field.scalar == ScalarKind::Text &&
      !std::ranges::all_of(items, [](const Value& item) { return item.is_text(); })) {
    return validation_error(field.name, fmt::format("{} ({}[]) must contain only strings",
                                                    field.name, field.type_name));
  }
  return {};
}

Status check_enum(const FieldRule& rule, const Value& value) {
  const std::vector<std::string>& values = rule.enum_type->values;
  if (value.is_missing()) {
    if (rule.field->is_optional) return {};
    return validation_error(rule.field->name,
                            fmt::format("must be one of: {}", fmt::join(values, ", ")));
  }
  if (value.is_text() && std::ranges::find(values, value.as_text()) != values.end()) return {};
  return validation_error(
      rule.field->name, fmt::format("invalid {} value \"{}\" — must be one of: {}",
                                    rule.enum_type->name, text_of(value), fmt::join(values, ", ")));
}

}  // namespace moonstone::orm
