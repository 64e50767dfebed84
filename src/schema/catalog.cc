// Moonstone. Licence: see LICENSE.
#include "schema/catalog.h"

#include <algorithm>

namespace moonstone::schema {
namespace {

template <class Item>
const Item* find_named(const std::vector<Item>& items,
                       std::string_view name,
                       std::string Item::* by) {
  const auto found = std::ranges::find(items, name, by);
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

const ModelField* Model::find_field(std::string_view field) const {
  return find_named(fields, field, &ModelField::name);
}

const Relation* Model::find_relation(std::string_view relation) const {
  return find_named(relations, relation, &Relation::name);
}

const Model* Catalog::find_model(std::string_view name) const {
  return find_named(models, name, &Model::name);
}

const Model* Catalog::find_accessor(std::string_view accessor) const {
  return find_named(models, accessor, &Model::accessor);
}

const Model* Catalog::find_table(std::string_view table) const {
  return find_named(models, table, &Model::table);
}

const EnumType* Catalog::find_enum(std::string_view name) const {
  return find_named(enums, name, &EnumType::name);
}

const JsonType* Catalog::find_json_type(std::string_view name) const {
  return find_named(json_types, name, &JsonType::name);
}

}  // namespace moonstone::schema
