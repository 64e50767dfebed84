// Moonstone. Licence: see LICENSE.
#pragma once
// Layout: how the tables of one schema lie in SQL, with the statement texts that every row needs.
//
//   "<name>"(_row INTEGER PRIMARY KEY, _id TEXT NOT NULL UNIQUE, "<field>" <type>, .., _null BLOB)
//
// Tables of models lie as store/sqlite/ddl.h says; of them a layout knows the columns only.
// Every field of documents is a nullable column. What SQL NULL means depends on the field
// (NullMeaning); only a field that may be both absent and null needs its bit in `_null`, a bit set
// keyed by field id. Threads: immutable after building; shared by the connections (shared_ptr<const
// Layout>).

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schema/schema.h"
#include "schema/storage_class.h"

namespace moonstone::store::sqlite {

enum class NullMeaning : unsigned char {
  Null,    // required: NULL is null (or a NaN, which is stored as NULL)
  Absent,  // optional without null, and every Json field (whose null is the text "null")
  Marked,  // optional with null: null if the field's bit in _null is set, else absent
};

struct FieldLayout {
  std::string column;  // quoted
  schema::StorageClass storage = schema::StorageClass::Text;
  NullMeaning null_meaning = NullMeaning::Absent;
  bool holds_booleans = false;  // Scalar: an SQL integer is a boolean
  std::uint32_t id = 0;

  friend bool operator==(const FieldLayout&, const FieldLayout&) = default;
};

[[nodiscard]] FieldLayout field_layout_of(const schema::Field& field);

/// A search index: the FTS5 table "<table>.<index>.fts", whose rowid is the document's _row. A full
/// stop cannot stand in any other name, so it is in nobody's way.
struct SearchLayout {
  const schema::SearchIndex* index = nullptr;
  std::size_t field = 0;   // position in TableLayout::fields
  std::string name;        // unquoted
  std::string insert_sql;  // ?1 row number, ?2 text
  std::string erase_sql;   // ?1 row number, ?2 the text that it was inserted with
};

struct TableLayout {
  const schema::Table* table = nullptr;
  std::string name;  // quoted
  std::vector<FieldLayout> fields;
  std::vector<SearchLayout> searches;
  // Of documents only:
  /// "_row,_id,<fields in schema order>,_null": the columns that a row is decoded from.
  std::string columns;
  std::string get_sql, insert_sql, update_sql, erase_sql;
  // Of models only:
  std::vector<std::size_t> key;  // positions of the key fields

  /// Null for tables of documents. Lifetime: the table's.
  [[nodiscard]] const schema::Model* model() const { return table->model.get(); }
};

/// `column_overrides[i]`, where not empty, is the quoted column of field i while a schema change
/// moves its values.
[[nodiscard]] TableLayout make_table_layout(const schema::Table& table,
                                            const std::vector<std::string>& column_overrides = {});

struct Layout {
  schema::SchemaPtr schema;
  std::uint64_t schema_version = 0;
  std::vector<TableLayout> tables;

  [[nodiscard]] const TableLayout* find(std::string_view table) const;
  /// The layout of that table, which may stand in another version of the schema.
  [[nodiscard]] const TableLayout* find(const schema::Table& table) const;
  [[nodiscard]] bool has_searches() const { return has_searches_; }

 private:
  friend std::shared_ptr<const Layout> make_layout(schema::SchemaPtr schema,
                                                   std::uint64_t schema_version);
  std::unordered_map<std::string_view, const TableLayout*> by_name_;
  bool has_searches_ = false;
};

using LayoutPtr = std::shared_ptr<const Layout>;

[[nodiscard]] LayoutPtr make_layout(schema::SchemaPtr schema, std::uint64_t schema_version);

/// A name in SQL's double quotes.
[[nodiscard]] std::string quoted(std::string_view name);
/// The SQL name of a table, unquoted: the schema's name, but for "sqlite_.." which SQLite keeps for
/// itself and which becomes "_sqlite_..".
[[nodiscard]] std::string sql_table_name(std::string_view table);
/// The SQL name of a search index, unquoted.
[[nodiscard]] std::string search_table_name(const schema::Table& table,
                                            const schema::SearchIndex& index);
/// The only column of a search index, quoted: the field, so that a search text may name it.
[[nodiscard]] std::string search_column(const schema::SearchIndex& index);
/// The database value of a whole field: the column, or for Json what stands in it.
[[nodiscard]] std::string value_sql(const FieldLayout& field);

}  // namespace moonstone::store::sqlite
