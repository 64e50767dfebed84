// Moonstone. Licence: see LICENSE.
// JsonTypeCheck: values of JSON columns against the types that schemas declare for them.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include "orm/internal/date_text.h"
#include "orm/internal/validate.h"

namespace moonstone::orm {

using schema::ScalarKind;

namespace {

/// What a value must be to stand in a member of the kind; empty: it may.
std::string_view kind_failure(ScalarKind scalar, const Value& value) {
  switch (scalar) {
    case ScalarKind::Text:
      return value.is_text() ? "" : "must be a string";
    case ScalarKind::Integer: {
      const bool is_whole =
          value.is_integer() ||
          (value.is_number() && std::trunc(value.as_number()) == value.as_number());
      return is_whole ? "" : "must be an integer";
    }
    case ScalarKind::Real:
      return value.is_integer() || value.is_number() ? "" : "must be a number";
    case ScalarKind::Boolean:
      return value.is_boolean() ? "" : "must be a boolean";
    case ScalarKind::DateTime:
      if (!value.is_text()) return "must be a string in ISO 8601 format";
      return is_date_time_text(value.as_text()) ? "" : "must be a valid ISO 8601 datetime";
    case ScalarKind::Json:
    case ScalarKind::Bytes:
    case ScalarKind::File:
      return "";
  }
  return "";
}

std::vector<std::string> below(std::vector<std::string> path, std::string name) {
  path.push_back(std::move(name));
  return path;
}

}  // namespace

void JsonTypeCheck::fail(std::vector<std::string> path, std::string message) {
  failures_.push_back({.path = std::move(path), .message = std::move(message)});
}

Status JsonTypeCheck::check(const schema::JsonType& type,
                            const Value& value,
                            std::vector<std::string> path,
                            Strictness strictness) {
  if (!value.is_object()) {
    fail(std::move(path), "must be an object matching type " + type.name);
    return {};
  }
  const Object& object = value.as_object();
  const std::vector<FieldRule>& rules = rules_.of(type);
  if (strictness == Strictness::OnlyDeclared) {
    for (const Member& member : object) {
      const auto is_it = [&](const FieldRule& rule) { return rule.field->name == member.name; };
      if (std::ranges::any_of(rules, is_it)) continue;
      fail(below(path, member.name),
           fmt::format("unknown field — type {} has no '{}' (set strict: false to allow)",
                       type.name, member.name));
    }
  }
  for (const FieldRule& rule : rules) {
    const Value* const member = object.find(rule.field->name);
    if (member == nullptr || member->is_missing()) {
      if (!rule.field->is_optional) fail(below(path, rule.field->name), "is required");
      continue;
    }
    MS_TRY_STATUS(check_member(rule, *member, below(path, rule.field->name)));
  }
  return {};
}

Status JsonTypeCheck::check_member(const FieldRule& rule,
                                   const Value& value,
                                   std::vector<std::string> path) {
  if (!rule.field->is_list) return check_element(rule, value, std::move(path));
  if (!value.is_array()) {
    fail(std::move(path), "must be an array of " + rule.field->type_name);
    return {};
  }
  const Array& elements = value.as_array();
  for (std::size_t i = 0; i < elements.size(); ++i)
    MS_TRY_STATUS(check_element(rule, elements[i], below(path, std::to_string(i))));
  return {};
}

Status JsonTypeCheck::check_element(const FieldRule& rule,
                                    const Value& value,
                                    std::vector<std::string> path) {
  if (rule.json_type != nullptr) {
    return check(*rule.json_type, value, std::move(path),
                 rule.field->json_is_strict ? Strictness::OnlyDeclared : Strictness::AnyMembers);
  }
  if (const std::string_view failure = kind_failure(rule.field->scalar, value); !failure.empty()) {
    fail(std::move(path), std::string(failure));
    return {};
  }
  return check_validators(rule, value, path, failures_);
}

}  // namespace moonstone::orm
