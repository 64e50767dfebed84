// Moonstone. Licence: see LICENSE.
#include "orm/internal/read_hooks.h"

#include <string_view>
#include <utility>

#include "orm/internal/computed.h"
#include "orm/internal/read_plan.h"

namespace moonstone::orm {
namespace {

/// The options of a read; those of `search` stand behind its text.
const Value& options_of(const ModelCall& call) {
  static const Value kNothing;
  if (call.method != Method::Search) return call.arguments;
  const bool is_pair = call.arguments.is_array() && call.arguments.as_array().size() > 1;
  return is_pair ? call.arguments.as_array()[1] : kNothing;
}

Result<Outcome> read_and_compute(const Core& core,
                                 engine::DocumentReader& reader,
                                 const ModelCall& call) {
  MS_TRY(Outcome outcome, run_read(core, reader, call));
  MS_TRY_STATUS(add_computed(core, call.caller, options_of(call), outcome));
  return outcome;
}

/// Hooks see one object; the text of a search is its member `query`.
Value as_hooks_see(const ModelCall& call) {
  const Value& options = options_of(call);
  Object arguments = options.is_object() ? options.as_object() : Object();
  if (call.method == Method::Search) {
    const bool is_list = call.arguments.is_array();
    if (is_list && call.arguments.as_array().empty()) return arguments;
    arguments.set("query", is_list ? call.arguments.as_array().front() : call.arguments);
  }
  return arguments;
}

Value as_method_takes(Method method, const Value& seen) {
  if (method != Method::Search || !seen.is_object()) return seen;
  Object options = seen.as_object();
  const Value* const text = options.find("query");
  Value query = text == nullptr ? Value() : *text;
  options.erase("query");
  return Array{std::move(query), Value(std::move(options))};
}

}  // namespace

Result<Outcome> read_with_host(const Core& core,
                               engine::DocumentReader& reader,
                               const ModelCall& call) {
  Host* const host = core.options.host;
  const std::string_view operation = hook_operation(call.method);
  if (host == nullptr || operation.empty() || !host->has_read_hooks()) {
    return read_and_compute(core, reader, call);
  }
  Value seen = as_hooks_see(call);
  MS_TRY_STATUS(host->before(call.model, operation, call.caller, seen));
  const Value arguments = as_method_takes(call.method, seen);
  MS_TRY(Outcome outcome, read_and_compute(core, reader,
                                           {.model = call.model,
                                            .method = call.method,
                                            .caller = call.caller,
                                            .arguments = arguments}));
  Value result = to_value(outcome);
  const Value before = result;
  MS_TRY_STATUS(host->after(call.model, operation, call.caller, seen, result));
  if (!(result == before)) outcome = Outcome{.value = std::move(result)};
  return outcome;
}

}  // namespace moonstone::orm
