// Moonstone. Licence: see LICENSE.
#include "runtime/actions/internal/tagged_json.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"

namespace moonstone::actions {
namespace {

/// The largest integer up to which a JavaScript number is exact.
constexpr std::int64_t kSafeInteger = (std::int64_t{1} << 53) - 1;

bool is_beyond_safe(std::int64_t integer) {
  return integer > kSafeInteger || integer < -kSafeInteger;
}

bool looks_tagged(const Object& object) {
  return object.size() == 1 && object.begin()->name.starts_with('$');
}

std::string_view name_of_special(double number) {
  if (std::isnan(number)) return "NaN";
  return number > 0 ? "Infinity" : "-Infinity";
}

void write_members(const Object& object, std::string& out) {
  out += '{';
  const char* separator = "";
  for (const Member& member : object) {
    out += separator;
    separator = ",";
    write_json_string(member.name, out);
    out += ':';
    write_tagged_json(member.value, out);
  }
  out += '}';
}

std::optional<double> special_number(std::string_view name) {
  if (name == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (name == "Infinity") return std::numeric_limits<double>::infinity();
  if (name == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

/// A bigint beyond 64 bits becomes the nearest number: whoever wants an int64 refuses it.
Value integer_of(const std::string& text) {
  std::int64_t integer = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, integer);
  if (failed == std::errc() && stop == end) return {integer};
  double number = 0;
  std::from_chars(text.data(), end, number);
  return {number};
}

/// What the only member of an object stands for, if it is a tag.
std::optional<Value> resolved(Member& tag) {
  if (tag.name == "$undefined") return Value();
  if (tag.name == "$object" && tag.value.is_object()) {
    for (Member& member : tag.value.as_object())
      resolve_tags(member.value);
    return std::move(tag.value);
  }
  if (!tag.value.is_text()) return std::nullopt;
  const std::string& text = tag.value.as_text();
  if (tag.name == "$bigint") return integer_of(text);
  if (tag.name == "$number") {
    if (const auto number = special_number(text)) return Value(*number);
  }
  if (tag.name == "$bytes") {
    if (auto bytes = from_base64(text)) return Value(Bytes{*std::move(bytes)});
  }
  return std::nullopt;
}

}  // namespace

void write_tagged_json(const Value& value, std::string& out) {
  switch (value.kind()) {
    case ValueKind::Undefined:
      out += R"({"$undefined":true})";
      return;
    case ValueKind::Integer:
      if (is_beyond_safe(value.as_integer())) {
        out.append(R"({"$bigint":")").append(std::to_string(value.as_integer())).append("\"}");
        return;
      }
      break;
    case ValueKind::Number:
      if (!std::isfinite(value.as_number())) {
        out.append(R"({"$number":")").append(name_of_special(value.as_number())).append("\"}");
        return;
      }
      break;
    case ValueKind::Bytes:
      out.append(R"({"$bytes":")").append(to_base64(value.as_bytes().data)).append("\"}");
      return;
    case ValueKind::Array: {
      const char* separator = "";
      out += '[';
      for (const Value& element : value.as_array()) {
        out += separator;
        separator = ",";
        write_tagged_json(element, out);
      }
      out += ']';
      return;
    }
    case ValueKind::Object: {
      const bool is_wrapped = looks_tagged(value.as_object());
      if (is_wrapped) out += R"({"$object":)";
      write_members(value.as_object(), out);
      if (is_wrapped) out += '}';
      return;
    }
    default:
      break;
  }
  write_json(value, out);
}

void resolve_tags(Value& value) {
  if (value.is_integer() && is_beyond_safe(value.as_integer())) {
    value = static_cast<double>(value.as_integer());
  } else if (value.is_array()) {
    for (Value& element : value.as_array())
      resolve_tags(element);
  } else if (value.is_object()) {
    Object& object = value.as_object();
    if (looks_tagged(object)) {
      if (auto meant = resolved(*object.begin())) {
        value = *std::move(meant);
        return;
      }
    }
    for (Member& member : object)
      resolve_tags(member.value);
  }
}

}  // namespace moonstone::actions
