// Moonstone. Licence: see LICENSE.
#include "orm/internal/row_sets.h"

#include <algorithm>
#include <compare>
#include <memory>
#include <numeric>
#include <utility>

namespace moonstone::orm {
namespace {

using query::RowSet;

bool has_nulls_first(const RowSort& sort) {
  if (sort.nulls != query::NullsOrder::Default) return sort.nulls == query::NullsOrder::First;
  return sort.direction == query::Direction::Ascending;
}

/// Below zero: a comes before b.
int compare_cells(const RowSort& sort, const Value& a, const Value& b) {
  const Value left = query::comparable(a, query::Nesting::TopLevel);
  const Value right = query::comparable(b, query::Nesting::TopLevel);
  if (left.is_null() || right.is_null()) {
    if (left.is_null() == right.is_null()) return 0;
    return left.is_null() == has_nulls_first(sort) ? -1 : 1;
  }
  const auto order = query::compare_values(left, right);
  if (order == 0) return 0;
  return (order < 0) == (sort.direction == query::Direction::Ascending) ? -1 : 1;
}

}  // namespace

RowSet pick_rows(const RowSet& rows, std::span<const std::uint32_t> positions) {
  RowSet picked;
  picked.model = rows.model;
  picked.shape = rows.shape;
  picked.count = positions.size();
  picked.cells.reserve(positions.size() * rows.width());
  for (const std::uint32_t position : positions) {
    const auto cells = rows.row(position);
    picked.cells.insert(picked.cells.end(), cells.begin(), cells.end());
  }
  return picked;
}

RowSet join_labelled(std::vector<RowSet> sets,
                     const std::string& column,
                     std::span<const std::string> labels) {
  RowSet joined;
  joined.model = sets.front().model;
  auto shape = std::make_shared<query::RowShape>(*sets.front().shape);
  shape->names.push_back(column);
  shape->is_hidden.push_back(false);
  joined.shape = std::move(shape);
  for (std::size_t set = 0; set < sets.size(); ++set) {
    for (std::size_t row = 0; row < sets[set].count; ++row) {
      const auto cells = sets[set].row(row);
      joined.cells.insert(joined.cells.end(), cells.begin(), cells.end());
      joined.cells.emplace_back(labels[set]);
    }
    joined.count += sets[set].count;
  }
  return joined;
}

std::vector<std::uint32_t> sorted_positions(const RowSet& rows, std::span<const RowSort> sorts) {
  std::vector<std::uint32_t> positions(rows.count);
  std::iota(positions.begin(), positions.end(), 0U);
  std::ranges::sort(positions, [&](std::uint32_t a, std::uint32_t b) {
    for (const RowSort& sort : sorts) {
      const int order = compare_cells(sort, rows.row(a)[sort.column], rows.row(b)[sort.column]);
      if (order != 0) return order < 0;
    }
    return a < b;
  });
  return positions;
}

void cut_positions(std::vector<std::uint32_t>& positions, std::int64_t limit, std::int64_t offset) {
  const auto size = static_cast<std::int64_t>(positions.size());
  const std::int64_t begin = std::clamp<std::int64_t>(offset, 0, size);
  positions.erase(positions.begin(), positions.begin() + begin);
  if (limit >= 0 && limit < size - begin) positions.resize(static_cast<std::size_t>(limit));
}

}  // namespace moonstone::orm
