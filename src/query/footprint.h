// Moonstone. Licence: see LICENSE.
#pragma once
// Footprint: what the result of a run depends on, derived from its logical plans.
//
// A run reads documents by id and runs Queries; each leaves one Dependency. A commit matters to a
// run if and only if it may change the answer of one of its dependencies: may_change() errs only
// towards true. Never "a prefix of what the executor happened to look at".
//
// Searches (functions.md 21.17). The relevance of a row depends on how many rows the index has, on
// the length of their texts and on how many of them hold each word. So a write that changes the
// searched text of any row of the table, an insert or a delete of a row with a text among them, may
// change the order of every result, whatever the filter says. All other writes leave the index, and
// with it the match and the relevance of each row, as they were; of them matter
//   - one by which the filter begins to keep the row (whether it matches the text is not known
//   here),
//   - one on a row that was returned: it leaves the filter, or what the caller got of it changes.
// A count has no order: a row matters to it if its text changes while the filter keeps it, before
// or after, or if the filter changes its mind about it. Threads: confined while recorded; immutable
// afterwards (shared_ptr<const Footprint>). Source: design.md decision 13; functions.md section 8.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "query/query.h"
#include "query/row.h"

namespace moonstone::query {

/// What changed on one row: an insert has no before, a delete no after.
struct Change {
  const schema::Table* table = nullptr;
  std::string key;  // _id
  std::optional<Row> before;
  std::optional<Row> after;
};

enum class DependencyKind : unsigned char {
  Document,  // one id
  Rows,      // the rows of a query
  Count,     // only how many rows match
  Table,     // anything in the table
};

struct Dependency {
  DependencyKind kind = DependencyKind::Table;
  std::string table;
  std::string id;  // Document
  Query query;     // Rows, Count
  /// Rows: the last row of a full page. A change wholly beyond it cannot matter. Not for a search.
  std::optional<Row> boundary = std::nullopt;
  /// Rows of a search: the numbers of the rows returned, ascending. Nothing: not known (it failed).
  std::optional<std::vector<std::int64_t>> returned = std::nullopt;
};

using Footprint = std::vector<Dependency>;
using FootprintPtr = std::shared_ptr<const Footprint>;

/// Whether the change may alter what the dependency stands for. Cost: O(predicate).
[[nodiscard]] bool may_change(const Dependency& dependency, const Change& change);

/// A necessary condition of a dependency on one field, by which an index finds it: the field is
/// equal to `equal`, or between `low` and `high`.
struct AccessKey {
  std::string field;
  std::optional<Value> equal;      // a database value (query::comparable)
  std::optional<Value> low, high;  // inclusive bounds, wide enough
};

/// Keys of an access path. A second one tells apart those who look at parts of one group; a third
/// would seldom tell more, and each costs memory per dependency.
inline constexpr std::size_t kAccessPathMax = 2;

/// Keys under which an index finds the dependency: one image of the changed row, before or after,
/// satisfies all of them. The most selective first (an id, else an equality, else a range); all but
/// the last are equalities. Empty: the dependency is found by its table alone.
[[nodiscard]] std::vector<AccessKey> access_path_of(const Dependency& dependency);

}  // namespace moonstone::query
