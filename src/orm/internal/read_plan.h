// Moonstone. Licence: see LICENSE.
#pragma once
// Plans of reads: made from arguments once, run with the leaves of many calls.
// Threads: a plan is immutable; making and running belong to one call each.
// Source: litestone.md 10, 13-18, 32.

#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "orm/internal/core.h"
#include "orm/internal/plan_cache.h"
#include "orm/internal/statement.h"
#include "query/row_set.h"

namespace moonstone::orm {

class ReadPlan : public CachedPlan {
 public:
  /// Errors: those of DocumentReader::read; what litestone.md says of the method.
  [[nodiscard]] virtual Result<Outcome> run(const Run& run) const = 0;
};
using ReadPlanPtr = std::shared_ptr<const ReadPlan>;

/// findMany, findFirst, findUnique and their relatives; recursive ones too.
[[nodiscard]] Result<ReadPlanPtr> make_find_plan(const Planner& planner, const ModelCall& call);
/// findMany with `recursive`.
[[nodiscard]] Result<ReadPlanPtr> make_recursive_plan(const Planner& planner,
                                                      const ModelCall& call);
[[nodiscard]] Result<ReadPlanPtr> make_count_plan(const Planner& planner, const ModelCall& call);
[[nodiscard]] Result<ReadPlanPtr> make_exists_plan(const Planner& planner, const ModelCall& call);
/// `cursor`: the members of the token; null: the first page.
[[nodiscard]] Result<ReadPlanPtr> make_page_plan(const Planner& planner,
                                                 const ModelCall& call,
                                                 const Object* cursor);
[[nodiscard]] Result<ReadPlanPtr> make_aggregate_plan(const Planner& planner,
                                                      const ModelCall& call);
[[nodiscard]] Result<ReadPlanPtr> make_group_plan(const Planner& planner, const ModelCall& call);
/// The arguments are [text, options].
[[nodiscard]] Result<ReadPlanPtr> make_search_plan(const Planner& planner, const ModelCall& call);

/// What the caller's `query` is: groupBy, aggregate or findMany (litestone.md 18).
[[nodiscard]] Method method_of_query(const Value& options);

/// The count of the rows that the options keep.
[[nodiscard]] Result<Statement> make_count_statement(const Planner& planner,
                                                     const schema::Model& model,
                                                     const Value& options);
/// Runs it.
[[nodiscard]] Result<std::uint64_t> run_count(const Run& run, const Statement& statement);

[[nodiscard]] Outcome rows_outcome(Outcome::Form form, query::RowSet rows);
[[nodiscard]] Outcome value_outcome(Value value);

/// {} for missing options.
[[nodiscard]] const Value& options_or_empty(const Value& options);

}  // namespace moonstone::orm
