// Moonstone. Licence: see LICENSE.
#pragma once
// Filling gaps: groups by time with a row for each bucket between two times, also for those that no
// row is in. Conditions on groups, their order and bounds then count for the filled list, so they
// are applied here and not by the store.
// Threads: immutable after making. Source: litestone.md 14.2.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "query/row_set.h"
#include "query/select.h"

namespace moonstone::orm {

struct GroupFilter {
  std::size_t column = 0;
  query::CompareOp op = query::CompareOp::Eq;
  query::ExprPtr operand;  // Literal or Parameter
};

struct GroupSort {
  std::size_t column = 0;
  query::Direction direction = query::Direction::Ascending;
};

struct GapFill {
  query::TimeUnit unit = query::TimeUnit::Day;
  std::string field;              // whose `where` gives the range, if nothing else does
  std::size_t column = 0;         // with the label of the bucket
  std::vector<Value> absent_row;  // of a bucket without rows; its label is put in
  std::vector<GroupFilter> having;
  std::vector<GroupSort> order;
  query::ExprPtr limit;
  query::ExprPtr offset;
};

/// Whether the options say from where to where gaps are to be filled.
[[nodiscard]] bool has_gap_range(const Value& options, std::string_view field);

/// The rows of the answer, each as wide as those of `groups`. `parameters`: of the statement.
/// Errors: InvalidArgument (a bound that is no time), LimitExceeded (reason "buckets").
[[nodiscard]] Result<std::vector<std::vector<Value>>> fill_gaps(const GapFill& fill,
                                                                const Value& options,
                                                                const query::RowSet& groups,
                                                                std::span<const Value> parameters);

}  // namespace moonstone::orm
