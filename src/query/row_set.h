// Moonstone. Licence: see LICENSE.
#pragma once
// RowSet: the rows that a Select gave, with the related rows that belong to them.
//
// All rows have the same columns, so names stand once and values lie row after row. Related rows
// are not copied into their parents: they are a RowSet of their own, and each parent knows which
// are its. Whoever writes JSON or makes JavaScript objects reads them from here, without a tree
// between. Threads: plain values; immutable once shared.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/value.h"
#include "schema/catalog.h"

namespace moonstone::query {

struct RowSet;
using RowSetPtr = std::shared_ptr<const RowSet>;

/// Columns of a RowSet. Names are unique.
struct RowShape {
  std::vector<std::string> names{};
  /// Columns that are read for the sake of others (keys of joins) and not shown. As long as
  /// `names`.
  std::vector<bool> is_hidden{};
};
using RowShapePtr = std::shared_ptr<const RowShape>;

/// What one relation adds to every row.
struct Attached {
  enum class Kind : unsigned char { One, Many, Nested };
  std::string name;
  Kind kind = Kind::One;
  RowSetPtr rows;
  /// Positions in `rows`, parent after parent; those of parent i are [begins[i], begins[i + 1]).
  /// One: at most one each, none is shown as null. Nested: exactly one, shown as an object.
  std::vector<std::uint32_t> positions;
  std::vector<std::uint32_t> begins;
};

struct RowSet {
  /// Of which model the rows are, for hosts that add to them; null: of none (groups, joins). Owned
  /// by the catalog of the schema that was read.
  const schema::Model* model = nullptr;
  RowShapePtr shape;
  std::vector<Value> cells;  // row after row
  std::size_t count = 0;
  std::vector<Attached> attached;  // shown after the columns, in this order

  [[nodiscard]] std::size_t width() const { return shape->names.size(); }
  [[nodiscard]] std::span<const Value> row(std::size_t index) const {
    return std::span(cells).subspan(index * width(), width());
  }
};

/// The rows as JSON: an array, or one row as an object. Appends.
void write_json(const RowSet& rows, std::string& out);
void write_row_json(const RowSet& rows, std::size_t index, std::string& out);

/// The same as values.
[[nodiscard]] Array to_array(const RowSet& rows);
[[nodiscard]] Object to_object(const RowSet& rows, std::size_t index);

}  // namespace moonstone::query
