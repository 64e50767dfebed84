// Moonstone. Licence: see LICENSE.
#include "schema/lite/ast.h"

#include <algorithm>
#include <array>

namespace moonstone::lite {
namespace {

template <class T>
const T* find_named(const std::vector<T>& all, std::string_view name) {
  const auto found = std::ranges::find(all, name, &T::name);
  return found == all.end() ? nullptr : &*found;
}

struct ScalarName {
  std::string_view name;
  ScalarType type;
};

constexpr std::array<ScalarName, 12> kScalarNames{{
    {"String", ScalarType::String},
    {"Text", ScalarType::String},
    {"Int", ScalarType::Int},
    {"Integer", ScalarType::Int},
    {"Float", ScalarType::Float},
    {"Real", ScalarType::Float},
    {"Boolean", ScalarType::Boolean},
    {"DateTime", ScalarType::DateTime},
    {"Json", ScalarType::Json},
    {"Bytes", ScalarType::Bytes},
    {"Blob", ScalarType::Bytes},
    {"File", ScalarType::File},
}};

}  // namespace

std::optional<ScalarType> find_scalar_type(std::string_view name) {
  const auto* found = std::ranges::find(kScalarNames, name, &ScalarName::name);
  if (found == kScalarNames.end()) return std::nullopt;
  return found->type;
}

bool Field::has(FieldFlag flag) const {
  return std::ranges::any_of(attributes, [flag](const FieldAttribute& attribute) {
    const auto* found = std::get_if<FieldFlag>(&attribute);
    return found != nullptr && *found == flag;
  });
}

const Validator* Field::find_validator(ValidatorKind kind) const {
  for (const FieldAttribute& attribute : attributes) {
    const auto* found = std::get_if<Validator>(&attribute);
    if (found != nullptr && found->kind == kind) return found;
  }
  return nullptr;
}

bool Model::has(ModelFlag flag) const {
  return std::ranges::any_of(attributes, [flag](const ModelAttribute& attribute) {
    const auto* found = std::get_if<ModelFlag>(&attribute);
    return found != nullptr && *found == flag;
  });
}

const Field* Model::find_field(std::string_view field_name) const {
  return find_named(fields, field_name);
}

std::string_view to_string(DatabaseDriver driver) {
  switch (driver) {
    case DatabaseDriver::Sqlite:
      return "sqlite";
    case DatabaseDriver::Jsonl:
      return "jsonl";
    case DatabaseDriver::Logger:
      return "logger";
  }
  return "sqlite";
}

bool Enum::has_value(std::string_view value) const {
  return find_named(values, value) != nullptr;
}

const Database* Schema::find_database(std::string_view name) const {
  return find_named(databases, name);
}
const Model* Schema::find_model(std::string_view name) const {
  return find_named(models, name);
}
const View* Schema::find_view(std::string_view name) const {
  return find_named(views, name);
}
const Enum* Schema::find_enum(std::string_view name) const {
  return find_named(enums, name);
}
const Function* Schema::find_function(std::string_view name) const {
  return find_named(functions, name);
}
const Model* Schema::find_type(std::string_view name) const {
  return find_named(types, name);
}

}  // namespace moonstone::lite
