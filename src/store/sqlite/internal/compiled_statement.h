// Moonstone. Licence: see LICENSE.
#pragma once
// What a Select or a WritePlan of a model becomes: one text, where its values come from, and how
// the columns that it gives are read. Threads: immutable after building.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "query/row_set.h"
#include "store/sqlite/internal/connection.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

/// A place of a text: the position of a parameter, or a value that is the same in every run.
using SqlPlace = std::variant<std::size_t, Value>;

/// A piece of SQL with its places, in order. Texts have anonymous places ("?").
struct SqlFragment {
  std::string text;
  std::vector<SqlPlace> places;

  void append(const SqlFragment& other) {
    text += other.text;
    places.insert(places.end(), other.places.begin(), other.places.end());
  }
};

/// How a column is read into a cell (litestone.md 4 and 5.1).
enum class CellForm : unsigned char {
  Plain,    // text, bytes; a whole number up to 2^53 becomes a Number, beyond it an Integer
  Boolean,  // 1 is true, any other value but NULL false
  Json,     // JSON text becomes the value; text that cannot be read stays
};

class SqliteCompiled final : public CompiledStatement {
 public:
  SqliteCompiled(std::uint64_t schema_version,
                 SqlFragment sql,
                 query::RowShapePtr shape,
                 std::vector<CellForm> forms)
      : schema_version_(schema_version),
        sql_(std::move(sql)),
        shape_(std::move(shape)),
        forms_(std::move(forms)) {}

  [[nodiscard]] const query::RowShapePtr& shape() const override { return shape_; }
  [[nodiscard]] std::string_view sql() const override { return sql_.text; }
  [[nodiscard]] std::vector<Value> sql_values(std::span<const Value> parameters) const override;

  [[nodiscard]] std::uint64_t schema_version() const { return schema_version_; }
  [[nodiscard]] const std::vector<SqlPlace>& places() const { return sql_.places; }
  /// As long as the names of the shape.
  [[nodiscard]] const std::vector<CellForm>& forms() const { return forms_; }

 private:
  std::uint64_t schema_version_;
  SqlFragment sql_;
  query::RowShapePtr shape_;
  std::vector<CellForm> forms_;
};

/// Prepares the statement and binds its places; an array (the members of an `In`) is bound as JSON
/// text. `texts` holds what is bound and not in `parameters`; both must outlive the steps.
/// Errors: FailedPrecondition (reason "stale_plan"), InvalidArgument (reason "sql"; U+0000 in
/// text).
[[nodiscard]] Result<Statement> prepare_compiled(Connection& connection,
                                                 const SqliteCompiled& compiled,
                                                 std::uint64_t schema_version,
                                                 std::span<const Value> parameters,
                                                 std::vector<std::string>& texts);

/// Appends the row on which the statement stands. `size_bytes` grows by what it holds.
void append_cells(const SqliteCompiled& compiled,
                  const Statement& statement,
                  query::RowSet& rows,
                  std::uint64_t& size_bytes);

}  // namespace moonstone::store::sqlite
