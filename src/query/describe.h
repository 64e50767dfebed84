// Moonstone. Licence: see LICENSE.
#pragma once
// Predicates, plans and footprints as text for people: `channel = "general" and rank > 7`.
//
// The text is for reading only: it is cut, and nothing parses it again. It shows values of the
// query, so it is for administrators.
// Threads: pure functions.

#include <cstddef>
#include <string>
#include <string_view>

#include "query/expr.h"
#include "query/footprint.h"
#include "query/query.h"

namespace moonstone::query {

/// Bytes of one value that are shown; a longer one ends with "…".
inline constexpr std::size_t kDescribedValueBytesMax = 64;
/// Bytes of a whole predicate that are shown.
inline constexpr std::size_t kDescribedBytesMax = 400;

/// At most so many bytes of a text, cut between characters; "…" stands for the rest.
[[nodiscard]] std::string shortened_text(std::string_view text, std::size_t bytes_max);

[[nodiscard]] std::string describe(const Expr& expr);
/// The plan without its values, one text for all queries of one shape: "tasks where done = ?".
[[nodiscard]] std::string shape_of(const Query& query);
/// "rank descending, _creationTime"; empty for the order of insertion.
[[nodiscard]] std::string describe_order(const Query& query);

/// What one dependency stands for. Members are empty where they do not apply.
struct DescribedDependency {
  std::string_view kind;  // "document", "rows", "count", "table"
  std::string table;
  std::string condition;  // the predicate; for a document its id
  std::string search;     // the searched field and text
  std::string order;
  std::string limit;
  /// The last row of a full page: changes behind it do not matter.
  std::string boundary;
  /// How a change finds it: "_id = …", "rank from 3 to 7", or both; empty: every change of the
  /// table does.
  std::string found_by;
  /// All of it in one line.
  std::string text;
};
[[nodiscard]] DescribedDependency describe(const Dependency& dependency);

}  // namespace moonstone::query
