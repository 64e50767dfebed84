// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/layout.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "schema/names.h"

namespace moonstone::store::sqlite {

namespace {

using schema::StorageClass;

bool may_be_boolean(const schema::Type& type) {
  if (type.kind() == schema::TypeKind::Boolean) return true;
  if (type.kind() == schema::TypeKind::Literal) return type.literal_value().is_boolean();
  if (type.kind() != schema::TypeKind::Union && !type.is_optional()) return false;
  return std::ranges::any_of(type.children(),
                             [](const schema::TypePtr& child) { return may_be_boolean(*child); });
}

NullMeaning null_meaning_of(const schema::Type& type, StorageClass storage) {
  if (storage == StorageClass::Json) return NullMeaning::Absent;
  if (!type.is_optional()) return NullMeaning::Null;
  return type.accepts_null() ? NullMeaning::Marked : NullMeaning::Absent;
}

SearchLayout search_layout_of(const schema::Table& table, const schema::SearchIndex& index) {
  SearchLayout layout{.index = &index,
                      .field = table.find_field(index.field).value_or(0),
                      .name = search_table_name(table, index),
                      .insert_sql = {},
                      .erase_sql = {}};
  const std::string fts = quoted(layout.name);
  const std::string column = search_column(index);
  layout.insert_sql = fmt::format("INSERT INTO {}(rowid,{}) VALUES(?1,?2)", fts, column);
  layout.erase_sql =
      fmt::format("INSERT INTO {0}({0},rowid,{1}) VALUES('delete',?1,?2)", fts, column);
  return layout;
}

TableLayout model_layout_of(const schema::Table& table) {
  TableLayout layout;
  layout.table = &table;
  layout.name = quoted(table.name);
  for (const schema::Field& field : table.fields) {
    FieldLayout& added = layout.fields.emplace_back(field_layout_of(field));
    added.column = quoted(table.model->find_field(field.name)->column);
  }
  for (const std::string& name : table.model->key) {
    if (const auto position = table.find_field(name)) layout.key.push_back(*position);
  }
  return layout;
}

}  // namespace

FieldLayout field_layout_of(const schema::Field& field) {
  const StorageClass storage = schema::storage_class_of(*field.type);
  return {.column = quoted(field.name),
          .storage = storage,
          .null_meaning = null_meaning_of(*field.type, storage),
          .holds_booleans = may_be_boolean(*field.type),
          .id = field.id.value};
}

TableLayout make_table_layout(const schema::Table& table,
                              const std::vector<std::string>& column_overrides) {
  if (table.model != nullptr) return model_layout_of(table);
  TableLayout layout;
  layout.table = &table;
  layout.name = quoted(sql_table_name(table.name));
  std::string columns;
  std::string parameters = "?1,?2";
  std::string assignments;
  int position = 2;
  for (const schema::Field& field : table.fields) {
    FieldLayout& added = layout.fields.emplace_back(field_layout_of(field));
    const std::size_t index = layout.fields.size() - 1;
    if (index < column_overrides.size() && !column_overrides[index].empty()) {
      added.column = column_overrides[index];
    }
    ++position;
    columns += added.column + ",";
    parameters += fmt::format(",?{}", position);
    assignments += fmt::format("{}=?{},", added.column, position);
  }
  ++position;
  layout.columns = fmt::format("_row,_id,{}_null", columns);
  layout.get_sql = fmt::format("SELECT {} FROM {} WHERE _id=?1", layout.columns, layout.name);
  layout.insert_sql = fmt::format("INSERT INTO {}({}) VALUES({},?{})", layout.name, layout.columns,
                                  parameters, position);
  layout.update_sql =
      fmt::format("UPDATE {} SET {}_null=?{} WHERE _id=?2", layout.name, assignments, position);
  layout.erase_sql = fmt::format("DELETE FROM {} WHERE _id=?1", layout.name);
  for (const schema::SearchIndex& index : table.search_indexes)
    layout.searches.push_back(search_layout_of(table, index));
  return layout;
}

const TableLayout* Layout::find(std::string_view table) const {
  const auto found = by_name_.find(table);
  return found == by_name_.end() ? nullptr : found->second;
}

const TableLayout* Layout::find(const schema::Table& table) const {
  for (const TableLayout& layout : tables) {
    if (layout.table == &table) return &layout;
  }
  return find(table.name);
}

LayoutPtr make_layout(schema::SchemaPtr schema, std::uint64_t schema_version) {
  auto layout = std::make_shared<Layout>();
  layout->tables.reserve(schema->tables.size());
  for (const schema::Table& table : schema->tables) {
    layout->tables.push_back(make_table_layout(table));
    layout->has_searches_ = layout->has_searches_ || !table.search_indexes.empty();
  }
  for (const TableLayout& table : layout->tables) {
    layout->by_name_.emplace(table.table->name, &table);
  }
  layout->schema = std::move(schema);
  layout->schema_version = schema_version;
  return layout;
}

std::string quoted(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

std::string sql_table_name(std::string_view table) {
  const bool is_sqlite_name = schema::fold_case(table).starts_with("sqlite_");
  return is_sqlite_name ? fmt::format("_{}", table) : std::string(table);
}

std::string search_table_name(const schema::Table& table, const schema::SearchIndex& index) {
  return fmt::format("{}.{}.fts", sql_table_name(table.name), index.name);
}

std::string search_column(const schema::SearchIndex& index) {
  // FTS5 keeps these two names for itself.
  const std::string folded = schema::fold_case(index.field);
  return folded == "rank" || folded == "rowid" ? "\"text\"" : quoted(index.field);
}

std::string value_sql(const FieldLayout& field) {
  if (field.storage != StorageClass::Json) return field.column;
  return fmt::format("moonstone_json({})", field.column);
}

}  // namespace moonstone::store::sqlite
