// Moonstone. Licence: see LICENSE.
// check_and_convert: the texts of functions.md section 3.3 and the stored form of values.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "base/encoding.h"
#include "base/json.h"
#include "schema/type.h"

namespace moonstone::schema {
namespace {

/// The greatest integer up to which JavaScript's numbers are exact.
constexpr std::int64_t kSafeIntegerMax = (std::int64_t{1} << 53) - 1;
/// 2^63: the first double beyond int64. -2^63 itself still fits.
constexpr double kInt64End = 9223372036854775808.0;

bool is_safe(std::int64_t integer) {
  return integer >= -kSafeIntegerMax && integer <= kSafeIntegerMax;
}

bool is_numeric(const Value& value) {
  return value.is_integer() || value.is_number();
}

bool is_integral(double number) {
  return std::isfinite(number) && std::trunc(number) == number;
}

bool fits_int64(double number) {
  return is_integral(number) && number >= -kInt64End && number < kInt64End;
}

Error mismatch(std::string_view expected, std::string_view got) {
  std::string message = "Expected ";
  message.append(expected).append(", got ").append(got);
  return {ErrorCode::InvalidArgument, std::move(message), "validation"};
}

Error wrong_type(std::string_view expected, const Value& value) {
  return mismatch(expected, javascript_type_of(value));
}

/// The value as JavaScript's String() prints it; "object" for what has no useful text.
std::string text_of(const Value& value) {
  switch (value.kind()) {
    case ValueKind::Undefined:
      return "undefined";
    case ValueKind::Null:
      return "null";
    case ValueKind::Boolean:
      return value.as_boolean() ? "true" : "false";
    case ValueKind::Integer:
      return std::to_string(value.as_integer());
    case ValueKind::Number: {
      const double number = value.as_number();
      if (std::isnan(number)) return "NaN";
      if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
      if (number == 0) return "0";
      std::string text;
      write_json_number(number, text);
      return text;
    }
    case ValueKind::Text:
      return value.as_text();
    case ValueKind::Bytes:
    case ValueKind::Array:
    case ValueKind::Object:
      return "object";
  }
  return "object";
}

/// Literals hold numbers as Number; an Integer counts as the number that it is.
bool equals_literal(const Value& literal, const Value& value) {
  if (!literal.is_number() || !value.is_integer()) return literal == value;
  return fits_int64(literal.as_number()) &&
         static_cast<std::int64_t>(literal.as_number()) == value.as_integer();
}

bool accepts(const Type& type, const Value& value);

bool accepts_object(const Type& type, const Value& value) {
  if (!value.is_object()) return false;
  std::size_t known = 0;
  for (const Type::Property& property : type.properties()) {
    const Value* member = value.as_object().find(property.name);
    if (member == nullptr) {
      if (!property.type->is_optional()) return false;
      continue;
    }
    ++known;
    if (!accepts(*property.type, *member)) return false;
  }
  return known == value.as_object().size();
}

bool accepts_record(const Type& type, const Value& value) {
  if (!value.is_object()) return false;
  const Type& keys = *type.children()[0];
  const Type& values = *type.children()[1];
  return std::ranges::all_of(value.as_object(), [&keys, &values](const Member& member) {
    return accepts(keys, Value(member.name)) && accepts(values, member.value);
  });
}

/// Whether convert() would succeed, without the cost of an error. Unions try their members by it.
bool accepts(const Type& type, const Value& value) {
  switch (type.kind()) {
    case TypeKind::String:
    case TypeKind::Id:
      return value.is_text();
    case TypeKind::Number:
    case TypeKind::Float64:
      return is_numeric(value);
    case TypeKind::Int64:
      return value.is_integer() || (value.is_number() && fits_int64(value.as_number()));
    case TypeKind::Boolean:
      return value.is_boolean();
    case TypeKind::Null:
      return value.is_null();
    case TypeKind::Any:
      return true;
    case TypeKind::Bytes:
      return value.is_bytes() || (value.is_text() && from_base64(value.as_text()).has_value());
    case TypeKind::Literal:
      return equals_literal(type.literal_value(), value);
    case TypeKind::Object:
      return accepts_object(type, value);
    case TypeKind::Array: {
      const Type& element = *type.children().front();
      return value.is_array() && std::ranges::all_of(value.as_array(), [&element](const Value& v) {
               return accepts(element, v);
             });
    }
    case TypeKind::Union:
      return std::ranges::any_of(
          type.children(), [&value](const TypePtr& member) { return accepts(*member, value); });
    case TypeKind::Record:
      return accepts_record(type, value);
    case TypeKind::Optional:
      return value.is_undefined() || accepts(*type.children().front(), value);
  }
  return false;
}

void drop_undefined_members(Object& object) {
  const bool has_undefined =
      std::ranges::any_of(object, [](const Member& member) { return member.value.is_undefined(); });
  if (!has_undefined) return;
  Object kept;
  kept.reserve(object.size());
  for (Member& member : object) {
    if (!member.value.is_undefined()) kept.append(std::move(member.name), std::move(member.value));
  }
  object = std::move(kept);
}

/// An array has no holes in its stored form: JSON writes them as null too.
void fill_holes(Array& array) {
  for (Value& element : array) {
    if (element.is_undefined()) element = nullptr;
  }
}

/// The stored form of a value about which the schema says nothing.
void convert_any(Value& value) {
  if (value.is_integer()) {
    if (is_safe(value.as_integer())) value = value.to_double();
  } else if (value.is_array()) {
    for (Value& element : value.as_array())
      convert_any(element);
    fill_holes(value.as_array());
  } else if (value.is_object()) {
    for (Member& member : value.as_object())
      convert_any(member.value);
    drop_undefined_members(value.as_object());
  }
}

Status convert_int64(Value& value) {
  if (value.is_integer()) return ok();
  if (!value.is_number()) return wrong_type("int64 (integer)", value);
  const double number = value.as_number();
  if (!is_integral(number)) return mismatch("int64 (integer)", "non-integer number");
  if (!fits_int64(number)) return mismatch("int64 (integer)", "number out of range");
  value = static_cast<std::int64_t>(number);
  return ok();
}

Status convert_bytes(Value& value) {
  if (value.is_bytes()) return ok();
  if (value.is_text()) {
    if (std::optional<std::string> bytes = from_base64(value.as_text())) {
      value = Bytes{*std::move(bytes)};
      return ok();
    }
  }
  return wrong_type("bytes (ArrayBuffer or base64 string)", value);
}

Status convert_object(const Type& type, Value& value) {
  if (!value.is_object()) return wrong_type("object", value);
  Object& object = value.as_object();
  std::size_t known = 0;
  for (const Type::Property& property : type.properties()) {
    Value* member = object.find(property.name);
    if (member != nullptr) {
      ++known;
      MS_TRY_STATUS(check_and_convert(*property.type, *member));
    } else if (!property.type->is_optional()) {
      return Error(ErrorCode::InvalidArgument, "Missing required field: " + property.name,
                   "validation");
    }
  }
  if (known != object.size()) {
    for (const Member& member : object) {
      if (std::ranges::find(type.properties(), member.name, &Type::Property::name) ==
          type.properties().end()) {
        return Error(ErrorCode::InvalidArgument, "Unexpected field: " + member.name, "validation");
      }
    }
  }
  drop_undefined_members(object);
  return ok();
}

Status convert_record(const Type& type, Value& value) {
  if (!value.is_object()) return wrong_type("record (object)", value);
  for (Member& member : value.as_object()) {
    Value key(member.name);
    MS_TRY_STATUS(check_and_convert(*type.children()[0], key));
    MS_TRY_STATUS(check_and_convert(*type.children()[1], member.value));
  }
  drop_undefined_members(value.as_object());
  return ok();
}

Status convert_array(const Type& type, Value& value) {
  if (!value.is_array()) return wrong_type("array", value);
  for (Value& element : value.as_array()) {
    MS_TRY_STATUS(check_and_convert(*type.children().front(), element));
  }
  fill_holes(value.as_array());
  return ok();
}

Status convert_number(std::string_view expected, Value& value) {
  if (!is_numeric(value)) return wrong_type(expected, value);
  if (value.is_integer()) value = value.to_double();
  return ok();
}

Status convert_union(const Type& type, Value& value) {
  for (const TypePtr& member : type.children()) {
    if (accepts(*member, value)) return check_and_convert(*member, value);
  }
  return Error(ErrorCode::InvalidArgument, "Value does not match any union variant", "validation");
}

Status convert_literal(const Type& type, Value& value) {
  if (!equals_literal(type.literal_value(), value)) {
    return mismatch(text_of(type.literal_value()), text_of(value));
  }
  if (value.is_integer()) value = type.literal_value();
  return ok();
}

}  // namespace

Status check_and_convert(const Type& type, Value& value) {
  switch (type.kind()) {
    case TypeKind::String:
      return value.is_text() ? ok() : wrong_type("string", value);
    case TypeKind::Number:
      return convert_number("number", value);
    case TypeKind::Float64:
      return convert_number("float64 (number)", value);
    case TypeKind::Int64:
      return convert_int64(value);
    case TypeKind::Boolean:
      return value.is_boolean() ? ok() : wrong_type("boolean", value);
    case TypeKind::Null:
      return value.is_null() ? ok() : mismatch("null", text_of(value));
    case TypeKind::Any:
      convert_any(value);
      return ok();
    case TypeKind::Bytes:
      return convert_bytes(value);
    case TypeKind::Id:
      return value.is_text() ? ok() : wrong_type("id (string)", value);
    case TypeKind::Literal:
      return convert_literal(type, value);
    case TypeKind::Object:
      return convert_object(type, value);
    case TypeKind::Array:
      return convert_array(type, value);
    case TypeKind::Union:
      return convert_union(type, value);
    case TypeKind::Record:
      return convert_record(type, value);
    case TypeKind::Optional:
      return value.is_undefined() ? ok() : check_and_convert(*type.children().front(), value);
  }
  return Error(ErrorCode::InvalidArgument, "Unknown validator type", "validation");
}

std::string_view javascript_type_of(const Value& value) {
  switch (value.kind()) {
    case ValueKind::Undefined:
      return "undefined";
    case ValueKind::Boolean:
      return "boolean";
    case ValueKind::Integer:
      // JSON text makes Integers of numbers; only beyond the exact range it must be a bigint.
      return is_safe(value.as_integer()) ? "number" : "bigint";
    case ValueKind::Number:
      return "number";
    case ValueKind::Text:
      return "string";
    case ValueKind::Null:
    case ValueKind::Bytes:
    case ValueKind::Array:
    case ValueKind::Object:
      return "object";
  }
  return "object";
}

}  // namespace moonstone::schema
