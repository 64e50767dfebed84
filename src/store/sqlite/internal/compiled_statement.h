// Moonstone. Licence: see LICENSE.
#pragma once
// What a Select or a WritePlan of a model becomes: one text, where its values come from, and how
// the columns that it gives are read. Threads: immutable after building.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "query/row_set.h"
#include "store/sqlite/internal/connection.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

/// The class of all values that a column can hold; Any if it is not known.
enum class ColumnClass : unsigned char { Any, Integer, Real, Text, Bytes };

/// A place whose value must be fitted to where it stands before it is bound. SQLite would convert
/// the other side of a comparison with a column ('5' = 5 is true on a TEXT column), and
/// query::evaluate does not: a value of another class is replaced by one that has the outcome of
/// its class and is never converted.
struct FittedPlace {
  enum class Use : unsigned char {
    Compared,  // with a column of `column` by `op`
    Members,   // the list of an In over such a column: becomes JSON text
    Search,    // text for FTS5
    Limit,     // of rows; missing or negative: none
    Offset,    // missing or negative: 0
  };
  Use use = Use::Compared;
  std::variant<std::size_t, Value> source;
  ColumnClass column = ColumnClass::Any;
  query::CompareOp op = query::CompareOp::Eq;
  std::string subject{};  // what is compared, for messages
};

/// A place of a text: the position of a parameter, a value that is the same in every run, or either
/// of them fitted.
using SqlPlace = std::variant<std::size_t, Value, FittedPlace>;

/// A piece of SQL with its places, in order. Texts have anonymous places ("?").
struct SqlFragment {
  std::string text{};
  std::vector<SqlPlace> places{};

  void append(const SqlFragment& other) {
    text += other.text;
    places.insert(places.end(), other.places.begin(), other.places.end());
  }
  /// Appends "?" and what stands there.
  void append_place(SqlPlace place) {
    text += '?';
    places.push_back(std::move(place));
  }
};

/// How a column is read into a cell (litestone.md 4 and 5.1).
enum class CellForm : unsigned char {
  Plain,    // text, bytes; a whole number up to 2^53 becomes a Number, beyond it an Integer
  Boolean,  // 1 is true, any other value but NULL false
  Json,     // JSON text becomes the value, its numbers like Plain; other text stays
};

class SqliteCompiled final : public CompiledStatement {
 public:
  SqliteCompiled(std::uint64_t schema_version,
                 SqlFragment sql,
                 query::RowShapePtr shape,
                 std::vector<CellForm> forms,
                 std::shared_ptr<const schema::Model> model = nullptr)
      : schema_version_(schema_version),
        sql_(std::move(sql)),
        shape_(std::move(shape)),
        forms_(std::move(forms)),
        model_(std::move(model)) {}

  [[nodiscard]] const query::RowShapePtr& shape() const override { return shape_; }
  [[nodiscard]] std::string_view sql() const override { return sql_.text; }
  [[nodiscard]] std::vector<Value> sql_values(std::span<const Value> parameters) const override;

  [[nodiscard]] std::uint64_t schema_version() const { return schema_version_; }
  [[nodiscard]] const std::vector<SqlPlace>& places() const { return sql_.places; }
  /// As long as the names of the shape.
  [[nodiscard]] const std::vector<CellForm>& forms() const { return forms_; }
  /// Of which model its rows are; null: of none.
  [[nodiscard]] const schema::Model* model() const { return model_.get(); }

 private:
  std::uint64_t schema_version_;
  SqlFragment sql_;
  query::RowShapePtr shape_;
  std::vector<CellForm> forms_;
  std::shared_ptr<const schema::Model> model_;  // shares its catalog
};

/// The value in a place, as it was given.
[[nodiscard]] const Value& value_of(const SqlPlace& place, std::span<const Value> parameters);

/// Prepares the statement and binds its places; arrays and objects are bound as JSON text, whole
/// numbers as integers. `texts` (empty) holds what is bound and not in `parameters`; both must
/// outlive the steps.
/// Errors: FailedPrecondition (reason "stale_plan"), InvalidArgument (reason "sql": SQLite refuses
/// the text; "nul_in_text": U+0000; "type": a number compared with a column of text by its order).
[[nodiscard]] Result<Statement> prepare_compiled(Connection& connection,
                                                 const SqliteCompiled& compiled,
                                                 std::uint64_t schema_version,
                                                 std::span<const Value> parameters,
                                                 std::vector<std::string>& texts);

/// What SQLite says of a statement with text from outside, as an error of the caller; an error that
/// is not about the text stays as it is.
[[nodiscard]] Error sql_refusal(const Connection& connection, Error error);

/// Appends the row on which the statement stands. `size_bytes` grows by what it holds.
void append_cells(const SqliteCompiled& compiled,
                  const Statement& statement,
                  query::RowSet& rows,
                  std::uint64_t& size_bytes);

}  // namespace moonstone::store::sqlite
