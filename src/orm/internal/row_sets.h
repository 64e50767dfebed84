// Moonstone. Licence: see LICENSE.
#pragma once
// Rows put together, sorted and cut here: where one statement cannot give the whole answer.
// Threads: pure functions.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "query/row_set.h"
#include "query/select.h"

namespace moonstone::orm {

/// The rows at the positions, in their order. Nothing is attached.
[[nodiscard]] query::RowSet pick_rows(const query::RowSet& rows,
                                      std::span<const std::uint32_t> positions);

/// Rows of equal shapes one after the other, each with a column more that has the label of its set.
[[nodiscard]] query::RowSet join_labelled(std::vector<query::RowSet> sets,
                                          const std::string& column,
                                          std::span<const std::string> labels);

struct RowSort {
  std::size_t column = 0;
  query::Direction direction = query::Direction::Ascending;
  query::NullsOrder nulls = query::NullsOrder::Default;
};

/// All positions in the order of the keys; equal rows stay as they are.
[[nodiscard]] std::vector<std::uint32_t> sorted_positions(const query::RowSet& rows,
                                                          std::span<const RowSort> sorts);

/// Leaves out the first `offset` and what is beyond `limit` of the rest (negative: nothing).
void cut_positions(std::vector<std::uint32_t>& positions, std::int64_t limit, std::int64_t offset);

}  // namespace moonstone::orm
