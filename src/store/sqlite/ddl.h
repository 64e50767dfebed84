// Moonstone. Licence: see LICENSE.
#pragma once
// DDL of the models of a catalog: every SQL object that their database has, in the order in which
// they are made. Pure text: whoever compares a file with its schema, or shows people what a schema
// means, builds on it. Threads: pure functions. Source: litestone.md 6.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/catalog.h"

namespace moonstone::store::sqlite {

struct SqlObject {
  enum class Kind : unsigned char {
    Table,
    JoinTable,
    View,
    MaterializedView,  // a table that triggers fill
    Index,
    Search,  // a virtual table of FTS5
    Trigger,
  };
  Kind kind = Kind::Table;
  std::string name;     // unquoted
  std::string table;    // to which it belongs; of tables and views: their own name
  std::string text;     // one statement with its semicolon
  std::string comment;  // lines of documentation, each "-- .."; empty: none
  /// The statement that fills the object from rows that were there before it; empty: none is
  /// needed.
  std::string fill;
};

/// The objects of one database of the catalog; none for external models. Tables come in the order
/// of their foreign keys, each followed by its indexes, search table and triggers; then join
/// tables, then views. Errors: InvalidArgument for models that refer to each other in a circle, and
/// for full-text search on a model without a whole number as its key.
[[nodiscard]] Result<std::vector<SqlObject>> ddl_of(const schema::Catalog& catalog,
                                                    std::string_view database = "main");

/// The statements as people read them: foreign keys switched on, then a section for each table,
/// join table and view.
[[nodiscard]] std::string ddl_text(const std::vector<SqlObject>& objects);

/// The declared type of a field's column.
[[nodiscard]] std::string_view column_type_of(const schema::ModelField& field);

/// The virtual table of a model's full-text index, unquoted. Its columns are called as those of the
/// model's table are, and its rowid is the model's key.
[[nodiscard]] std::string search_table_of(const schema::Model& model);

}  // namespace moonstone::store::sqlite
