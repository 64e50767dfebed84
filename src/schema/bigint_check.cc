// Moonstone. Licence: see LICENSE.
#include "schema/bigint_check.h"

#include <string>
#include <string_view>

namespace moonstone::schema {

namespace {

/// What the texts call a scalar that holds no bigint; empty for every other kind.
std::string_view scalar_without_bigint(TypeKind kind) {
  switch (kind) {
    case TypeKind::String:
      return "string";
    case TypeKind::Number:
      return "number";
    case TypeKind::Float64:
      return "float64 (number)";
    case TypeKind::Boolean:
      return "boolean";
    case TypeKind::Id:
      return "id (string)";
    case TypeKind::Bytes:
      return "bytes (ArrayBuffer or base64 string)";
    case TypeKind::Int64:
    case TypeKind::Null:
    case TypeKind::Any:
    case TypeKind::Literal:
    case TypeKind::Object:
    case TypeKind::Array:
    case TypeKind::Union:
    case TypeKind::Record:
    case TypeKind::Optional:
      return {};
  }
  return {};
}

Status refuse_in_object(const Type& type, const Object& object) {
  for (const Type::Property& property : type.properties()) {
    const Value* member = object.find(property.name);
    if (member != nullptr) MS_TRY_STATUS(refuse_bigints(*property.type, *member));
  }
  return ok();
}

}  // namespace

Status refuse_bigints(const Type& type, const Value& value) {
  if (value.is_integer()) {
    const std::string_view expected = scalar_without_bigint(type.required().kind());
    if (expected.empty()) return ok();
    return Error(ErrorCode::InvalidArgument, "Expected " + std::string(expected) + ", got bigint",
                 "validation");
  }
  const Type& required = type.required();
  if (required.kind() == TypeKind::Object && value.is_object()) {
    return refuse_in_object(required, value.as_object());
  }
  if (required.kind() == TypeKind::Array && value.is_array()) {
    for (const Value& element : value.as_array()) {
      MS_TRY_STATUS(refuse_bigints(*required.children().front(), element));
    }
  }
  if (required.kind() == TypeKind::Record && value.is_object()) {
    for (const Member& member : value.as_object()) {
      MS_TRY_STATUS(refuse_bigints(*required.children()[1], member.value));
    }
  }
  return ok();
}

Status refuse_bigints(const Table& table, const Object& document) {
  for (const Field& field : table.fields) {
    const Value* member = document.find(field.name);
    if (member != nullptr) MS_TRY_STATUS(refuse_bigints(*field.type, *member));
  }
  return ok();
}

}  // namespace moonstone::schema
