// Moonstone. Licence: see LICENSE.
// The way into reads: the shape of a call, its plan from the cache or a new one, and the run.

#include <utility>

#include "orm/internal/core.h"
#include "orm/internal/cursor_token.h"
#include "orm/internal/errors.h"
#include "orm/internal/read_plan.h"

namespace moonstone::orm {
namespace {

/// A call with what was made of its arguments. Lifetime: refers to the call.
struct ShapedCall {
  ModelCall call;
  Shape shape;
  std::optional<Object> cursor;  // the members of findManyCursor's token
};

Status add_arguments(ShapedCall& shaped) {
  Shape& shape = shaped.shape;
  const ModelCall& call = shaped.call;
  shape.add_text(call.model.table);
  shape.add_text(name_of(call.method));
  shape.add_text(call.caller.is_system ? "s" : "u");
  if (call.method == Method::Search && call.arguments.is_array()) {
    const Array& arguments = call.arguments.as_array();
    if (!arguments.empty()) shape.add_leaf(arguments[0]);
    if (arguments.size() > 1) shape.add_options(arguments[1]);
  } else if (call.method == Method::Search) {
    shape.add_leaf(call.arguments);
  } else {
    shape.add_options(call.arguments);
  }
  if (call.method == Method::FindManyCursor) {
    const Value* const token = option_of(call.arguments, "cursor");
    if (is_truthy(token)) {
      MS_TRY(shaped.cursor, parse_cursor_token(*token));
      shape.add_members(*shaped.cursor);
    }
  }
  if (shape.is_too_deep()) return bad_argument("the arguments are nested too deeply");
  return {};
}

Result<ReadPlanPtr> make_plan(const Planner& planner, const ShapedCall& shaped) {
  const ModelCall& call = shaped.call;
  switch (call.method) {
    case Method::FindMany:
    case Method::FindFirst:
    case Method::FindFirstOrThrow:
    case Method::FindUnique:
    case Method::FindUniqueOrThrow:
    case Method::FindManyAndCount:
      return make_find_plan(planner, call);
    case Method::FindManyCursor:
      return make_page_plan(planner, call, shaped.cursor ? &*shaped.cursor : nullptr);
    case Method::Count:
      return make_count_plan(planner, call);
    case Method::Exists:
      return make_exists_plan(planner, call);
    case Method::Aggregate:
      return make_aggregate_plan(planner, call);
    case Method::GroupBy:
      return make_group_plan(planner, call);
    case Method::Search:
      return make_search_plan(planner, call);
    default:
      return Error(ErrorCode::Internal, "not a read");
  }
}

Result<ReadPlanPtr> find_plan(const Core& core,
                              engine::DocumentReader& reader,
                              const ShapedCall& shaped) {
  if (CachedPlanPtr cached = core.plans.find(shaped.shape.key())) {
    return std::static_pointer_cast<const ReadPlan>(std::move(cached));
  }
  const LeafMap leaves(shaped.shape.leaves());
  MS_TRY(ReadPlanPtr plan, make_plan({core, reader, shaped.call.caller, leaves}, shaped));
  core.plans.put(std::string(shaped.shape.key()), plan);
  return plan;
}

Result<Outcome> run_shaped(const Core& core,
                           engine::DocumentReader& reader,
                           const ShapedCall& shaped) {
  MS_TRY(const ReadPlanPtr plan, find_plan(core, reader, shaped));
  return plan->run(
      {.core = core, .reader = reader, .call = shaped.call, .leaves = shaped.shape.leaves()});
}

}  // namespace

Result<Outcome> run_read(const Core& core, engine::DocumentReader& reader, const ModelCall& call) {
  const Value& arguments = options_or_empty(call.arguments);
  const Method method = call.method == Method::Query ? method_of_query(arguments) : call.method;
  ShapedCall shaped{.call = {.model = call.model,
                             .method = method,
                             .caller = call.caller,
                             .arguments = arguments},
                    .shape = {},
                    .cursor = {}};
  MS_TRY_STATUS(add_arguments(shaped));
  auto outcome = run_shaped(core, reader, shaped);
  if (outcome || outcome.error().reason() != "stale_plan") return outcome;
  core.plans.erase(shaped.shape.key());  // the schema has changed: once more with a new plan
  return run_shaped(core, reader, shaped);
}

const Value& options_or_empty(const Value& options) {
  static const Value kEmpty{Object()};
  return options.is_missing() ? kEmpty : options;
}

}  // namespace moonstone::orm
