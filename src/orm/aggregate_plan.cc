// Moonstone. Licence: see LICENSE.
// aggregate, and what `query` is.

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "orm/internal/aggregates.h"
#include "orm/internal/errors.h"
#include "orm/internal/options.h"
#include "orm/internal/read_plan.h"

namespace moonstone::orm {
namespace {

constexpr std::array<std::string_view, 5> kAggregateOptions = {
    "where", "withDeleted", "onlyDeleted", "withTemplates", "onlyTemplates"};

class AggregatePlan final : public ReadPlan {
 public:
  AggregatePlan(Statement rows, std::vector<ResultEntry> entries)
      : rows_(std::move(rows)), entries_(std::move(entries)) {}

  Result<Outcome> run(const Run& run) const override {
    MS_TRY(const query::RowSet rows, run_main_statement(run, rows_, name_of(Method::Aggregate)));
    return value_outcome(result_object(entries_, rows.row(0)));
  }

 private:
  Statement rows_;
  std::vector<ResultEntry> entries_;
};

}  // namespace

Result<ReadPlanPtr> make_aggregate_plan(const Planner& planner, const ModelCall& call) {
  const Value& options = call.arguments;
  if (!options.is_object()) return bad_argument("aggregate takes an object of options");
  MS_TRY_STATUS(
      check_options(plain_options(options), name_of(call.method), call.model, kAggregateOptions));
  Parameters parameters(planner.leaves);
  const ConditionScope scope{*planner.core.catalog, call.model, parameters};
  AggregateDraft draft;
  MS_TRY_STATUS(decode_aggregates(scope, options.as_object(), draft));
  if (draft.outputs.empty()) {
    return bad_argument(
        fmt::format("aggregate on \"{}\" needs at least one of _count, _sum, _avg, _min, _max, "
                    "_stringAgg or a named aggregate",
                    call.model.table));
  }
  query::Select select;
  MS_TRY(select.where, decode_filter(scope, options));
  select.outputs = std::move(draft.outputs);
  MS_TRY(Statement rows,
         make_statement(planner, call.model, std::move(select), std::move(parameters)));
  return std::make_shared<const AggregatePlan>(std::move(rows), std::move(draft.entries));
}

Method method_of_query(const Value& options) {
  if (is_truthy(option_of(options, "by"))) return Method::GroupBy;
  const bool has_aggregate =
      options.is_object() && std::ranges::any_of(options.as_object(), [](const Member& member) {
        return is_aggregate_option(member.name, member.value);
      });
  return has_aggregate ? Method::Aggregate : Method::FindMany;
}

}  // namespace moonstone::orm
