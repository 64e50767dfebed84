// Moonstone. Licence: see LICENSE.
#pragma once
// Query: the logical plan of one read of one table. Every face builds this; a store runs it.
//
// The rows are those for which `where` is True, in `order` with the row number as the last key
// (ids are monotonic, so this is insertion order = _id order), cut to `limit`. A search narrows
// them further and brings its own order.
// Threads: immutable after building.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/expr.h"
#include "query/row.h"

namespace moonstone::query {

enum class Direction : unsigned char { Ascending, Descending };

/// Null and absent sort first ascending, last descending. The field may be a path ("address.city").
struct SortKey {
  std::string field;
  Direction direction = Direction::Ascending;
};

/// One bound of an index range; the chain is checked by resolve_index.
struct RangeCondition {
  CompareOp op = CompareOp::Eq;  // never Neq
  std::string field;
  Value value;
};

/// Full-text search on one field that has a search index; made by apply_search (query/search.h).
/// Only rows whose text in `field` matches are rows of the query, the most relevant first, equal
/// ones by _id ascending: the query's `order` and `tie_break` do not count.
struct SearchClause {
  std::string field;
  std::string text;                   // in the syntax of SQLite's FTS5
  std::vector<std::int64_t> skipped;  // row numbers, ascending: the rows of earlier pages
};

struct Query {
  std::string table;
  ExprPtr where;                               // null: every row
  std::vector<SortKey> order;                  // empty: insertion order
  Direction tie_break = Direction::Ascending;  // direction of the final key
  std::optional<std::uint64_t> limit;
  std::optional<SearchClause> search = std::nullopt;
};

/// Adds an index's range and order to a query as functions.md section 6.3 decides: equality on
/// leading fields, then at most one bounded range on the next field; rows in the order of the
/// index. A filter that the query has already stays as a further condition.
/// Equality with null or undefined matches absent and null.
/// Errors: InvalidArgument `Index "X" not found on table "T"`, or a text that names the field.
[[nodiscard]] Status apply_index(const schema::Table& table,
                                 std::string_view index,
                                 const std::vector<RangeCondition>& range,
                                 Direction direction,
                                 Query& query);

/// The database value by which a row sorts under a key.
[[nodiscard]] Value sort_value_of(const Row& row, const SortKey& key);

/// Compares two rows by the query's order, the row number last. Not for a search, whose order
/// depends on all rows.
[[nodiscard]] std::strong_ordering compare_rows(const Query& query, const Row& a, const Row& b);

}  // namespace moonstone::query
