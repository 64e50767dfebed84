// Moonstone. Licence: see LICENSE.
#pragma once
// _count, _sum, .., and named aggregates: what aggregate and groupBy compute.
// Threads: confined while a plan is made. Source: litestone.md 14.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "orm/internal/where.h"
#include "query/row_set.h"
#include "query/select.h"

namespace moonstone::orm {

/// A member of a result: {outer: value}, or {outer: {inner: value}}.
struct ResultEntry {
  std::string outer;
  std::string inner;       // empty: the value stands beside `outer`
  std::size_t column = 0;  // of the rows
};

/// Columns and members of results while a plan is made.
struct AggregateDraft {
  std::vector<query::Output> outputs;
  std::vector<ResultEntry> entries;

  /// Adds a column. Returns its position.
  std::size_t add(query::TermPtr term);
};

/// Whether the option asks for an aggregate: _count, .., or a named one.
[[nodiscard]] bool is_aggregate_option(std::string_view name, const Value& value);

/// The names of the options that are no aggregates, to be checked. `options` is an object.
[[nodiscard]] Value plain_options(const Value& options);

/// All of the options' aggregates, in their order. Errors: InvalidArgument.
[[nodiscard]] Status decode_aggregates(const ConditionScope& scope,
                                       const Object& options,
                                       AggregateDraft& draft);

/// What the column of the term has in a bucket without rows: counts and sums are 0, all else null.
[[nodiscard]] Value absent_value(const query::Term& term);

[[nodiscard]] query::TermPtr make_aggregate_term(query::AggregateFunction function,
                                                 std::string_view field);

/// The object of one row.
[[nodiscard]] Object result_object(std::span<const ResultEntry> entries,
                                   std::span<const Value> cells);

}  // namespace moonstone::orm
