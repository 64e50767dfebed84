// Moonstone. Licence: see LICENSE.
#pragma once
// ModelImage: how the pre-update hook shows rows of a model's table.
//
// The hook knows a row as the file stores it: without columns that SQLite computes when they are
// read, and without columns that were added after the row was written. Both are filled in here, the
// former when statements may run again.
// Threads: confined to the writer's thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "query/row.h"
#include "store/sqlite/internal/compiled_statement.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/layout.h"

struct sqlite3_value;

namespace moonstone::store::sqlite {

class ModelImage {
 public:
  /// Reads the columns of the file. Nothing if the table, or a column, is not there: then there is
  /// nothing to capture. Errors: those of sqlite_error.
  [[nodiscard]] static Result<std::optional<ModelImage>> load(Connection& connection,
                                                              const TableLayout& layout);

  /// Places in the stored row of the fields that it has, in the order of fields().
  [[nodiscard]] const std::vector<int>& places() const { return places_; }
  /// A row from the values at these places.
  [[nodiscard]] query::Row decode(const TableLayout& layout,
                                  const std::vector<sqlite3_value*>& values,
                                  std::int64_t number) const;
  /// Fills in what SQLite computes. Not inside the hook. Errors: those of sqlite_error.
  [[nodiscard]] Status complete(Connection& connection, query::Row& row) const;

 private:
  enum class Source : unsigned char { Stored, RowNumber, Computed };
  struct Column {
    Source source = Source::Stored;
    CellForm form = CellForm::Plain;
    Value missing = nullptr;  // what a NULL stands for
  };
  struct TableColumn;

  static Result<std::vector<TableColumn>> load_columns(Connection& connection,
                                                       const std::string& table);
  static Result<Value> load_default(Connection& connection,
                                    const TableColumn& column,
                                    CellForm form);

  std::vector<Column> columns_;  // as the fields of the table
  std::vector<int> places_;
  std::string
      compute_sql_;  // of the computed fields, from the values of all; empty: there are none
};

}  // namespace moonstone::store::sqlite
