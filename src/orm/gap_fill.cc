// Moonstone. Licence: see LICENSE.
#include "orm/internal/gap_fill.h"

#include <algorithm>
#include <compare>
#include <numeric>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "orm/internal/buckets.h"
#include "orm/internal/errors.h"
#include "orm/internal/shape.h"

namespace moonstone::orm {
namespace {

using query::CompareOp;

struct GapRange {
  const Value* first = nullptr;
  const Value* last = nullptr;
  bool is_explicit = false;
};

const Value* first_of(const Value& options, std::string_view name, std::string_view fallback) {
  const Value* const value = option_of(options, name);
  return value != nullptr ? value : option_of(options, fallback);
}

GapRange range_of(const Value& options, std::string_view field) {
  const Value* const given = option_of(options, "fillGaps");
  if (given != nullptr && given->is_object()) {
    return {
        .first = option_of(*given, "start"), .last = option_of(*given, "end"), .is_explicit = true};
  }
  const Value* const where = option_of(options, "where");
  const Value* const condition = where == nullptr ? nullptr : option_of(*where, field);
  if (condition == nullptr) return {};
  return {.first = first_of(*condition, "gte", "gt"), .last = first_of(*condition, "lte", "lt")};
}

Value comparable(const Value& value) {
  return query::comparable(value, query::Nesting::TopLevel);
}

const Value& value_of(const query::Expr& operand, std::span<const Value> parameters) {
  return operand.kind == query::ExprKind::Parameter ? parameters[operand.parameter]
                                                    : operand.literal;
}

bool holds(CompareOp op, std::strong_ordering order) {
  switch (op) {
    case CompareOp::Eq:
      return order == 0;
    case CompareOp::Neq:
      return order != 0;
    case CompareOp::Lt:
      return order < 0;
    case CompareOp::Lte:
      return order <= 0;
    case CompareOp::Gt:
      return order > 0;
    case CompareOp::Gte:
      return order >= 0;
  }
  return false;
}

bool keeps(const GroupFilter& filter,
           const std::vector<Value>& row,
           std::span<const Value> parameters) {
  const Value cell = comparable(row[filter.column]);
  const Value operand = comparable(value_of(*filter.operand, parameters));
  if (operand.is_null()) {  // as SQL has it for a literal NULL
    return filter.op == CompareOp::Eq ? cell.is_null()
                                      : filter.op == CompareOp::Neq && !cell.is_null();
  }
  return !cell.is_null() && holds(filter.op, query::compare_values(cell, operand));
}

std::strong_ordering compare_rows(const std::vector<GroupSort>& order,
                                  const std::vector<Value>& a,
                                  const std::vector<Value>& b) {
  for (const GroupSort& sort : order) {
    const auto compared =
        query::compare_values(comparable(a[sort.column]), comparable(b[sort.column]));
    if (compared == 0) continue;
    return (compared < 0) == (sort.direction == query::Direction::Ascending)
               ? std::strong_ordering::less
               : std::strong_ordering::greater;
  }
  return std::strong_ordering::equal;
}

/// Equal rows stay in their order.
void sort_rows(const std::vector<GroupSort>& order, std::vector<std::vector<Value>>& rows) {
  std::vector<std::size_t> positions(rows.size());
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  std::ranges::sort(positions, [&](std::size_t a, std::size_t b) {
    const auto compared = compare_rows(order, rows[a], rows[b]);
    return compared == 0 ? a < b : compared < 0;
  });
  std::vector<std::vector<Value>> sorted;
  sorted.reserve(rows.size());
  for (const std::size_t position : positions)
    sorted.push_back(std::move(rows[position]));
  rows = std::move(sorted);
}

Result<std::int64_t> time_of(const Value& value, const GapRange& range) {
  const auto time =
      value.is_text() ? parse_unix_seconds(value.as_text()) : std::optional<std::int64_t>();
  if (time) return *time;
  return bad_argument(fmt::format(
      "{} must be a date, got: {}",
      range.is_explicit ? "fillGaps: start and end" : "the range to fill gaps in", printed(value)));
}

Status add_missing(const GapFill& fill,
                   const GapRange& range,
                   std::vector<std::vector<Value>>& rows) {
  MS_TRY(const std::int64_t first, time_of(*range.first, range));
  MS_TRY(const std::int64_t last, time_of(*range.last, range));
  MS_TRY(const std::vector<std::string> labels, bucket_labels(fill.unit, first, last));
  std::unordered_set<std::string> known;
  for (const std::vector<Value>& row : rows) {
    if (row[fill.column].is_text()) known.insert(row[fill.column].as_text());
  }
  for (const std::string& label : labels) {
    if (known.contains(label)) continue;
    rows.push_back(fill.absent_row);
    rows.back()[fill.column] = label;
  }
  return {};
}

std::int64_t bound_of(const query::ExprPtr& bound,
                      std::span<const Value> parameters,
                      std::int64_t fallback) {
  if (bound == nullptr) return fallback;
  const Value& value = value_of(*bound, parameters);
  return value.is_integer() ? value.as_integer() : fallback;
}

void cut(const GapFill& fill,
         std::span<const Value> parameters,
         std::vector<std::vector<Value>>& rows) {
  const auto size = static_cast<std::int64_t>(rows.size());
  const std::int64_t offset =
      std::clamp<std::int64_t>(bound_of(fill.offset, parameters, 0), 0, size);
  rows.erase(rows.begin(), rows.begin() + offset);
  const std::int64_t limit = bound_of(fill.limit, parameters, -1);
  if (limit >= 0 && limit < size - offset) rows.resize(static_cast<std::size_t>(limit));
}

}  // namespace

bool has_gap_range(const Value& options, std::string_view field) {
  const GapRange range = range_of(options, field);
  return range.first != nullptr && range.last != nullptr;
}

Result<std::vector<std::vector<Value>>> fill_gaps(const GapFill& fill,
                                                  const Value& options,
                                                  const query::RowSet& groups,
                                                  std::span<const Value> parameters) {
  std::vector<std::vector<Value>> rows;
  rows.reserve(groups.count);
  for (std::size_t i = 0; i < groups.count; ++i) {
    const auto cells = groups.row(i);
    rows.emplace_back(cells.begin(), cells.end());
  }
  MS_TRY_STATUS(add_missing(fill, range_of(options, fill.field), rows));
  std::erase_if(rows, [&](const std::vector<Value>& row) {
    return !std::ranges::all_of(
        fill.having, [&](const GroupFilter& filter) { return keeps(filter, row, parameters); });
  });
  std::vector<GroupSort> order = fill.order;
  if (order.empty()) order.push_back({.column = fill.column});
  sort_rows(order, rows);
  cut(fill, parameters, rows);
  return rows;
}

}  // namespace moonstone::orm
