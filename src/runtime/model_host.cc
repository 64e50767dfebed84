// Moonstone. Licence: see LICENSE.
#include "runtime/model_host.h"

#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "orm/methods.h"
#include "runtime/internal/convert.h"
#include "runtime/internal/machine.h"
#include "runtime/internal/row_sets.h"
#include "runtime/jobs/schedule.h"

namespace moonstone::runtime {
namespace {

using OfModel = ModelFunctions::OfModel;

/// Hooks that write models whose hooks write models: a mistake from some depth on.
constexpr unsigned kDepthMaxOfHooks = 16;

/// What is called, and for what.
struct Moment {
  std::string_view function;  // of prelude/model_functions.js
  const schema::Model& model;
  const orm::Caller& caller;
  std::string_view operation = {};
  std::string_view when = {};  // "before" or "after"
};

/// One call of functions of models, from the thread that runs the isolate's call.
class Entry {
 public:
  explicit Entry(Run& run)
      : run_(run),
        isolate_(run.program->isolate()),
        handles_(isolate_),
        context_(run.program->context()),
        scope_(context_),
        thrown_(isolate_) {
    ++run_.model_depth;
  }
  ~Entry() { --run_.model_depth; }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  [[nodiscard]] Status check_depth() const {
    if (run_.model_depth <= kDepthMaxOfHooks) return {};
    return Error(ErrorCode::LimitExceeded,
                 fmt::format("hooks of models that write models may be nested {} deep at most",
                             kDepthMaxOfHooks),
                 "model_hooks");
  }

  [[nodiscard]] v8::Local<v8::Context> context() const { return context_; }

  /// Calls a function of the prelude with the definitions, the moment, and two arguments more.
  Result<Value> call(const Moment& moment,
                     v8::Local<v8::Value> first,
                     v8::Local<v8::Value> second) {
    const ModelFunctions& functions = *run_.bundle->model_functions;
    v8::Local<v8::Value> answer;
    if (!run_.program
             ->call_on_default(functions.module, moment.function, {describe(moment), first, second})
             .ToLocal(&answer)) {
      return failure();
    }
    auto value = from_v8(context_, answer);
    if (value) return value;
    if (is_pending_exception(value.error())) return failure();
    return std::move(value).error().with_context(
        fmt::format("functions of the model {}", moment.model.name));
  }

  /// Why JavaScript did not answer. What was thrown is kept, so that the function that made the
  /// call catches the very object.
  Error failure() {
    if (thrown_.HasTerminated() || thrown_.Exception().IsEmpty()) {
      thrown_.ReThrow();
      return pending_exception();
    }
    Error error = Machine::of(isolate_).error_of(run_, thrown_.Exception());
    run_.thrown_by_model.Reset(isolate_, thrown_.Exception());
    return error;
  }

  v8::MaybeLocal<v8::Value> convert(const Value& value) { return to_v8(context_, value); }

 private:
  v8::Local<v8::Value> describe(const Moment& moment) {
    const v8::Local<v8::Object> object = v8::Object::New(isolate_);
    const auto set = [&](std::string_view name, v8::Local<v8::Value> value) {
      object->CreateDataProperty(context_, to_v8_name(isolate_, name), value).Check();
    };
    const auto set_text = [&](std::string_view name, std::string_view text) {
      set(name, to_v8_name(isolate_, text));
    };
    set("run", v8::Integer::NewFromUnsigned(isolate_, run_.token));
    set("now", v8::Number::New(isolate_, static_cast<double>(run_.call->now_unix_ms)));
    set("isSystem", v8::Boolean::New(isolate_, moment.caller.is_system));
    set("isMutation", v8::Boolean::New(isolate_, run_.call->transaction != nullptr));
    set_text("model", moment.model.name);
    set_text("accessor", moment.model.accessor);
    set_text("operation", moment.operation);
    set_text("group", orm::hook_group(moment.operation));
    set_text("when", moment.when);
    return object;
  }

  Run& run_;
  v8::Isolate* isolate_;
  v8::HandleScope handles_;
  v8::Local<v8::Context> context_;
  v8::Context::Scope scope_;
  v8::TryCatch thrown_;
};

/// The run of this thread, if its bundle has functions of models.
Run* running() {
  Run* const run = Machine::run_of_this_thread();
  return run != nullptr && run->bundle->model_functions != nullptr ? run : nullptr;
}

const ModelFunctions* functions_here() {
  const Run* const run = running();
  return run == nullptr ? nullptr : run->bundle->model_functions.get();
}

const OfModel* own_functions(const schema::Model& model) {
  const ModelFunctions* const functions = functions_here();
  return functions == nullptr ? nullptr : functions->find(model.name);
}

std::vector<orm::RuleFailure> failures_of(const Value& answer) {
  std::vector<orm::RuleFailure> failures;
  if (!answer.is_array()) return failures;
  for (const Value& each : answer.as_array()) {
    if (!each.is_object()) continue;
    orm::RuleFailure failure;
    const Value* const message = each.as_object().find("message");
    if (message != nullptr && message->is_text()) failure.message = message->as_text();
    const Value* const path = each.as_object().find("path");
    if (path != nullptr && path->is_array()) {
      for (const Value& step : path->as_array())
        failure.path.push_back(step.is_text() ? step.as_text() : to_json(step));
    }
    failures.push_back(std::move(failure));
  }
  return failures;
}

class ModelHost final : public orm::Host {
 public:
  Status before(const schema::Model& model,
                std::string_view operation,
                const orm::Caller& caller,
                Value& arguments) override {
    return run_hooks({.function = "runModelHooks",
                      .model = model,
                      .caller = caller,
                      .operation = operation,
                      .when = "before"},
                     &OfModel::before, Value(arguments), Value(), arguments);
  }

  Status after(const schema::Model& model,
               std::string_view operation,
               const orm::Caller& caller,
               const Value& arguments,
               Value& result) override {
    return run_hooks({.function = "runModelHooks",
                      .model = model,
                      .caller = caller,
                      .operation = operation,
                      .when = "after"},
                     &OfModel::after, arguments, Value(result), result);
  }

  [[nodiscard]] bool has_hooks() const override {
    const ModelFunctions* const functions = functions_here();
    return functions != nullptr && functions->has_hooks;
  }
  [[nodiscard]] bool has_read_hooks() const override {
    const ModelFunctions* const functions = functions_here();
    return functions != nullptr && functions->has_read_hooks;
  }

  [[nodiscard]] bool has_defaults(const schema::Model& model) const override {
    const OfModel* const own = own_functions(model);
    return own != nullptr && !own->defaults.empty();
  }
  Status fill_defaults(const schema::Model& model,
                       const orm::Caller& caller,
                       Object& data) override {
    MS_TRY(Value filled, ask({.function = "fillModelDefaults", .model = model, .caller = caller},
                             Value(data), Value()));
    if (filled.is_object()) data = std::move(filled.as_object());
    return {};
  }

  [[nodiscard]] bool has_checks(const schema::Model& model) const override {
    const OfModel* const own = own_functions(model);
    return own != nullptr && own->has_rules;
  }
  std::vector<orm::RuleFailure> check(const schema::Model& model, const Object& data) override {
    static const orm::Caller kNobody;
    const auto answer =
        ask({.function = "checkModelData", .model = model, .caller = kNobody}, Value(data), {});
    if (answer) return failures_of(*answer);
    return {{.path = {"_model"}, .message = answer.error().message()}};
  }

  [[nodiscard]] std::span<const std::string> computed_fields(
      const schema::Model& model) const override {
    const OfModel* const own = own_functions(model);
    if (own == nullptr) return {};
    return own->computed;
  }
  Result<std::vector<Value>> compute(const query::RowSet& rows,
                                     const orm::Caller& caller) override {
    Run& run = *running();
    Entry entry(run);
    MS_TRY_STATUS(entry.check_depth());
    // The functions see every column that was read, and none of the related rows.
    query::RowSet whole = rows;
    auto shape = std::make_shared<query::RowShape>(*rows.shape);
    shape->is_hidden.assign(shape->names.size(), false);
    whole.shape = std::move(shape);
    whole.attached.clear();
    v8::Local<v8::Value> objects;
    if (!rows_to_v8(entry.context(), whole).ToLocal(&objects)) return entry.failure();
    MS_TRY(Value cells,
           entry.call({.function = "computeModelRows", .model = *rows.model, .caller = caller},
                      objects, v8::Undefined(run.program->isolate())));
    return cells.is_array() ? std::move(cells.as_array()) : std::vector<Value>();
  }

  [[nodiscard]] bool hears_events() const override {
    const ModelFunctions* const functions = functions_here();
    return functions != nullptr && functions->has_listeners;
  }
  Status happened(engine::Transaction& transaction,
                  const orm::Caller& /*caller*/,
                  const orm::WriteEvent& event) override {
    const ModelFunctions& functions = *functions_here();
    const OfModel* const own = functions.find(event.model->name);
    std::string arguments;
    for (const OfModel* const from : {own, &functions.every}) {
      if (from == nullptr) continue;
      for (const std::string_view name : {std::string_view(event.operation), kEveryChange}) {
        const auto listeners = from->events.find(name);
        if (listeners == from->events.end()) continue;
        if (arguments.empty()) arguments = to_json(arguments_of(event));
        MS_TRY_STATUS(schedule(transaction, listeners->second, arguments));
      }
    }
    return {};
  }

 private:
  static constexpr std::string_view kEveryChange = "change";

  static Result<Value> ask(const Moment& moment, const Value& first, const Value& second) {
    Entry entry(*running());
    MS_TRY_STATUS(entry.check_depth());
    v8::Local<v8::Value> first_argument;
    v8::Local<v8::Value> second_argument;
    if (!entry.convert(first).ToLocal(&first_argument) ||
        !entry.convert(second).ToLocal(&second_argument)) {
      return entry.failure();
    }
    return entry.call(moment, first_argument, second_argument);
  }

  static Status run_hooks(const Moment& moment,
                          std::set<std::string, std::less<>> OfModel::* names,
                          const Value& arguments,
                          const Value& result,
                          Value& changed) {
    const ModelFunctions& functions = *functions_here();
    const OfModel* const own = functions.find(moment.model.name);
    const bool is_wanted = has_hook_for(functions.every.*names, moment.operation) ||
                           (own != nullptr && has_hook_for(own->*names, moment.operation));
    if (!is_wanted) return {};
    MS_TRY(changed, ask(moment, arguments, result));
    return {};
  }

  /// What a listener is called with (litestone.md 26, 29).
  static Value arguments_of(const orm::WriteEvent& event) {
    if (!event.details.is_object()) {
      return Object{{"model", Value(event.model->name)},
                    {"operation", Value(event.operation)},
                    {"result", event.result}};
    }
    Object arguments{{"model", Value(event.model->table)}};
    for (const Member& member : event.details.as_object())
      arguments.append(member.name, member.value);
    arguments.append("record", event.result);
    return arguments;
  }

  static Status schedule(engine::Transaction& transaction,
                         const std::vector<std::string>& listeners,
                         const std::string& arguments) {
    const Run& run = *running();
    for (const std::string& listener : listeners) {
      MS_TRY_STATUS(jobs::schedule(transaction,
                                   {.function = listener,
                                    .args_json = arguments,
                                    .run_at = transaction.now_unix_ms(),
                                    .origin = run.call->function->name},
                                   Machine::of(run.program->isolate()).limits().jobs));
    }
    return {};
  }
};

}  // namespace

orm::Host& model_host() {
  static ModelHost host;
  return host;
}

}  // namespace moonstone::runtime
