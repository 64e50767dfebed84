// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/schema_sql.h"

#include <algorithm>

#include <fmt/format.h>

namespace moonstone::store::sqlite {

namespace {

using schema::StorageClass;

bool is_id(std::string_view field) {
  return field == schema::kIdField || field == schema::kCreationTimeField;
}

/// A full stop cannot stand in the name of a table, so no two of these names are ever the same.
std::string index_name(const schema::Table& table, const schema::Index& index) {
  return quoted(fmt::format("{}.{}", sql_table_name(table.name), index.name));
}

}  // namespace

std::string column_type_sql(const FieldLayout& field) {
  switch (field.storage) {
    case StorageClass::Text:
    case StorageClass::Json:
      return "TEXT";
    case StorageClass::Real:
      return "REAL";
    case StorageClass::Integer:
    case StorageClass::Boolean:
      return "INTEGER";
    case StorageClass::Blob:
      return "BLOB";
    case StorageClass::Scalar:
      return "ANY";
  }
  return "ANY";
}

std::string create_table_sql(const schema::Table& table) {
  std::string sql = fmt::format("CREATE TABLE {}(_row INTEGER PRIMARY KEY,_id TEXT NOT NULL UNIQUE",
                                quoted(sql_table_name(table.name)));
  for (const schema::Field& field : table.fields) {
    const FieldLayout layout = field_layout_of(field);
    sql += fmt::format(",{} {}", layout.column, column_type_sql(layout));
  }
  return sql + ",_null BLOB) STRICT";
}

std::string create_index_sql(const schema::Table& table, const schema::Index& index) {
  std::string columns;
  for (const std::string& name : index.fields) {
    if (!columns.empty()) columns += ',';
    if (const auto field = table.find_field(name); field && !is_id(name)) {
      columns += value_sql(field_layout_of(table.fields[*field]));
    } else {
      columns += "_id";
    }
  }
  return fmt::format("CREATE INDEX {} ON {}({})", index_name(table, index),
                     quoted(sql_table_name(table.name)), columns);
}

std::string drop_index_sql(const schema::Table& table, const schema::Index& index) {
  return fmt::format("DROP INDEX {}", index_name(table, index));
}

bool needs_sql_index(const schema::Index& index) {
  return !index.fields.empty() && !is_id(index.fields.front());
}

}  // namespace moonstone::store::sqlite
