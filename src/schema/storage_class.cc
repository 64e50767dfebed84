// Moonstone. Licence: see LICENSE.
#include "schema/storage_class.h"

namespace moonstone::schema {
namespace {

/// Which classes the values of a type need.
struct Needs {
  bool text = false;
  bool real = false;
  bool integer = false;
  bool boolean = false;
  bool blob = false;
  bool null = false;
  bool json = false;
};

void collect_literal(const Value& literal, Needs& needs) {
  if (literal.is_text()) {
    needs.text = true;
  } else if (literal.is_boolean()) {
    needs.boolean = true;
  } else {
    needs.real = true;
  }
}

void collect(const Type& type, Needs& needs) {
  switch (type.kind()) {
    case TypeKind::String:
    case TypeKind::Id:
      needs.text = true;
      return;
    case TypeKind::Number:
    case TypeKind::Float64:
      needs.real = true;
      return;
    case TypeKind::Int64:
      needs.integer = true;
      return;
    case TypeKind::Boolean:
      needs.boolean = true;
      return;
    case TypeKind::Bytes:
      needs.blob = true;
      return;
    case TypeKind::Null:
      needs.null = true;
      return;
    case TypeKind::Literal:
      collect_literal(type.literal_value(), needs);
      return;
    case TypeKind::Any:
    case TypeKind::Object:
    case TypeKind::Array:
    case TypeKind::Record:
      needs.json = true;
      return;
    case TypeKind::Union:
    case TypeKind::Optional:
      for (const TypePtr& child : type.children())
        collect(*child, needs);
      return;
  }
}

}  // namespace

StorageClass storage_class_of(const Type& type) {
  Needs needs;
  collect(type, needs);
  const bool is_ambiguous = needs.integer && needs.boolean;
  if (needs.json || is_ambiguous) return StorageClass::Json;
  const int count = static_cast<int>(needs.text) + static_cast<int>(needs.real) +
                    static_cast<int>(needs.integer) + static_cast<int>(needs.boolean) +
                    static_cast<int>(needs.blob);
  if (count > 1) return StorageClass::Scalar;
  if (needs.text) return StorageClass::Text;
  if (needs.real) return StorageClass::Real;
  if (needs.integer) return StorageClass::Integer;
  if (needs.boolean) return StorageClass::Boolean;
  if (needs.blob) return StorageClass::Blob;
  return StorageClass::Scalar;
}

}  // namespace moonstone::schema
