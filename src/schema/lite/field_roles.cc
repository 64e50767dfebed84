// Moonstone. Licence: see LICENSE.
#include "schema/lite/internal/field_roles.h"

namespace moonstone::lite {

bool is_relation(const Field& field) {
  const bool is_model =
      field.type.kind == TypeKind::Relation || field.type.kind == TypeKind::ImplicitManyToMany;
  return is_model && field.find<From>() == nullptr;
}

Derivation derivation_of(const Field& field) {
  if (field.has(FieldFlag::Computed)) return Derivation::Computed;
  if (field.find<From>() != nullptr) return Derivation::From;
  const bool is_generated =
      field.find<Generated>() != nullptr || field.find<FunctionCall>() != nullptr;
  return is_generated ? Derivation::Generated : Derivation::None;
}

bool is_managed_time(std::string_view name) {
  return name == "createdAt" || name == "updatedAt" || name == "deletedAt";
}

bool has_value_by_itself(const Field& field) {
  if (field.type.optional || field.has(FieldFlag::Id) || field.has(FieldFlag::UpdatedAt) ||
      field.find<Sequence>() != nullptr) {
    return true;
  }
  const auto* value = field.find<Default>();
  // Nobody may be signed in, so auth() promises nothing.
  return value != nullptr && value->function != "auth";
}

std::string type_name_of(std::string_view name) {
  std::string result(name);
  if (!result.empty() && result.front() >= 'a' && result.front() <= 'z') {
    result.front() = static_cast<char>(result.front() - 'a' + 'A');
  }
  return result;
}

}  // namespace moonstone::lite
