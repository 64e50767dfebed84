// Moonstone. Licence: see LICENSE.
// make_schema: the tables that a catalog's models have.

#include <utility>

#include "schema/schema.h"

namespace moonstone::schema {
namespace {

TypePtr element_type_of(const ModelField& field) {
  switch (field.scalar) {
    case ScalarKind::Integer:
    case ScalarKind::Real:
      return Type::scalar(TypeKind::Number);
    case ScalarKind::Boolean:
      return Type::scalar(TypeKind::Boolean);
    case ScalarKind::Json:
    case ScalarKind::File:
      return Type::scalar(TypeKind::Any);
    case ScalarKind::Bytes:
      return Type::scalar(TypeKind::Bytes);
    case ScalarKind::Text:
    case ScalarKind::DateTime:
      return Type::scalar(TypeKind::String);
  }
  return Type::scalar(TypeKind::Any);
}

/// What documents of the table may have in the field.
TypePtr type_of(const ModelField& field) {
  TypePtr type = element_type_of(field);
  if (field.is_list) type = Type::array(type);
  if (!field.is_optional) return type;
  return Type::optional(Type::one_of({std::move(type), Type::scalar(TypeKind::Null)}));
}

}  // namespace

Result<Schema> make_schema(CatalogPtr catalog) {
  Schema schema;
  std::uint32_t id = 0;
  for (const Model& model : catalog->models) {
    Table table;
    table.name = model.table;
    table.model = std::shared_ptr<const Model>(catalog, &model);
    id = 0;
    for (const ModelField& field : model.fields) {
      if (!field.is_stored()) continue;
      table.fields.push_back({.name = field.name, .type = type_of(field), .id = {++id}});
    }
    table.next_field_id = id + 1;
    schema.tables.push_back(std::move(table));
  }
  schema.catalog = std::move(catalog);
  return schema;
}

}  // namespace moonstone::schema
