// Moonstone. Licence: see LICENSE.
#include "query/storage_json.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/encoding.h"
#include "base/json.h"

namespace moonstone::query {
namespace {

constexpr std::string_view kBytesTag = "$bytes";
constexpr std::string_view kNumberTag = "$number";
constexpr std::string_view kObjectTag = "$object";

/// Below it every integral double has its own digits.
constexpr double kExactEnd = 9007199254740992.0;  // 2^53

/// What was written once must be readable: wider than the limits of what comes in. A value of the
/// greatest depth (64) with a tag around each level still fits.
constexpr JsonLimits kStorageLimits{
    .bytes_max = std::size_t{256} * 1024 * 1024, .depth_max = 256, .nodes_max = 16'000'000};

void write_tagged_text(std::string_view tag, std::string_view text, std::string& out) {
  out += "{\"";
  out += tag;
  out += "\":\"";
  out += text;
  out += "\"}";
}

void write_integer(std::int64_t integer, std::string& out) {
  char digits[std::numeric_limits<std::int64_t>::digits10 + 3];
  const auto end = std::to_chars(digits, digits + sizeof(digits), integer).ptr;
  out.append(digits, end);
}

void write_number(double number, std::string& out) {
  if (std::isnan(number)) return write_tagged_text(kNumberTag, "NaN", out);
  if (std::isinf(number)) {
    return write_tagged_text(kNumberTag, number < 0 ? "-Infinity" : "Infinity", out);
  }
  if (std::trunc(number) == number && std::abs(number) < kExactEnd) {
    return write_integer(static_cast<std::int64_t>(number), out);
  }
  const std::size_t start = out.size();
  write_json_number(number, out);
  if (out.find_first_of(".eE", start) == std::string::npos) out += ".0";
}

void write_array(const Array& array, std::string& out) {
  out += '[';
  for (const Value& element : array) {
    if (&element != &array.front()) out += ',';
    write_storage_json(element, out);
  }
  out += ']';
}

/// Whether the members that will be written are one member whose name looks like a tag.
bool looks_tagged(const Object& object) {
  const Member* only = nullptr;
  for (const Member& member : object) {
    if (member.value.is_undefined()) continue;
    if (only != nullptr) return false;
    only = &member;
  }
  return only != nullptr && only->name.starts_with('$');
}

void write_object(const Object& object, std::string& out) {
  const bool needs_tag = looks_tagged(object);
  if (needs_tag) out.append("{\"").append(kObjectTag).append("\":");
  char separator = '{';
  for (const Member& member : object) {
    if (member.value.is_undefined()) continue;
    out += separator;
    separator = ',';
    write_json_string(member.name, out);
    out += ':';
    write_storage_json(member.value, out);
  }
  if (separator == '{') out += '{';
  out += needs_tag ? "}}" : "}";
}

Error corrupt(std::string_view what) {
  return {ErrorCode::Corruption, "storage JSON: " + std::string(what)};
}

std::optional<double> special_number(std::string_view name) {
  if (name == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (name == "Infinity") return std::numeric_limits<double>::infinity();
  if (name == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

Status resolve_tags(Value& value);

Status resolve_members(Object& object) {
  for (Member& member : object)
    MS_TRY_STATUS(resolve_tags(member.value));
  return ok();
}

/// Turns an object with a tag into what it stands for.
Status resolve_tag(Value& value) {
  Member& tag = *value.as_object().begin();
  if (tag.name == kObjectTag && tag.value.is_object()) {
    Value inner = std::move(tag.value);
    value = std::move(inner);
    return resolve_members(value.as_object());
  }
  if (tag.name == kBytesTag && tag.value.is_text()) {
    std::optional<std::string> bytes = from_base64(tag.value.as_text());
    if (!bytes) return corrupt("$bytes is not base64");
    value = Bytes{*std::move(bytes)};
    return ok();
  }
  if (tag.name == kNumberTag && tag.value.is_text()) {
    const std::optional<double> number = special_number(tag.value.as_text());
    if (!number) return corrupt("unknown $number");
    value = *number;
    return ok();
  }
  return corrupt("unknown tag " + tag.name);
}

Status resolve_tags(Value& value) {
  if (value.is_array()) {
    for (Value& element : value.as_array())
      MS_TRY_STATUS(resolve_tags(element));
    return ok();
  }
  if (!value.is_object()) return ok();
  Object& object = value.as_object();
  if (object.size() == 1 && object.begin()->name.starts_with('$')) return resolve_tag(value);
  return resolve_members(object);
}

}  // namespace

void write_storage_json(const Value& value, std::string& out) {
  switch (value.kind()) {
    case ValueKind::Undefined:
    case ValueKind::Null:
      out += "null";
      return;
    case ValueKind::Boolean:
      out += value.as_boolean() ? "true" : "false";
      return;
    case ValueKind::Integer:
      return write_integer(value.as_integer(), out);
    case ValueKind::Number:
      return write_number(value.as_number(), out);
    case ValueKind::Text:
      return write_json_string(value.as_text(), out);
    case ValueKind::Bytes:
      return write_tagged_text(kBytesTag, to_base64(value.as_bytes().data), out);
    case ValueKind::Array:
      return write_array(value.as_array(), out);
    case ValueKind::Object:
      return write_object(value.as_object(), out);
  }
}

std::string storage_json(const Value& value) {
  std::string out;
  write_storage_json(value, out);
  return out;
}

Result<Value> parse_storage_json(std::string_view text) {
  auto parsed = parse_json(text, kStorageLimits);
  if (!parsed) return corrupt(parsed.error().message());
  Value value = *std::move(parsed);
  MS_TRY_STATUS(resolve_tags(value));
  return value;
}

}  // namespace moonstone::query
