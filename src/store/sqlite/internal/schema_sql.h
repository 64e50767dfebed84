// Moonstone. Licence: see LICENSE.
#pragma once
// DDL of one schema's tables and indexes.
// Threads: pure functions.

#include <string>

#include "schema/schema.h"
#include "store/sqlite/internal/layout.h"

namespace moonstone::store::sqlite {

/// The declared type of a field's column.
[[nodiscard]] std::string column_type_sql(const FieldLayout& field);
[[nodiscard]] std::string create_table_sql(const schema::Table& table);
/// The row number that SQLite appends to every index entry makes the order total.
[[nodiscard]] std::string create_index_sql(const schema::Table& table, const schema::Index& index);
[[nodiscard]] std::string drop_index_sql(const schema::Table& table, const schema::Index& index);
/// Whether the index has SQL of its own; one over nothing but _id or _creationTime has not, the
/// index of _id serves.
[[nodiscard]] bool needs_sql_index(const schema::Index& index);

}  // namespace moonstone::store::sqlite
