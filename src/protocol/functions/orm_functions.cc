// Moonstone. Licence: see LICENSE.
#include "protocol/functions/orm_functions.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "orm/orm.h"

namespace moonstone::protocol::functions {
namespace {

/// Calls of one transaction; more of them belong into functions.
constexpr std::size_t kCallsMax = 1'000;

/// Administrators see and may write everything.
const orm::Caller& system_caller() {
  static const orm::Caller kCaller{.auth = {}, .is_system = true};
  return kCaller;
}

Error wrong_shape(std::string_view what) {
  return {ErrorCode::InvalidArgument,
          fmt::format("{}; a call is {{\"model\": .., \"method\": .., \"args\": {{..}}}}", what),
          "validation"};
}

Result<orm::Orm*> orm_of(const SystemCall& call) {
  if (call.bundle != nullptr && call.bundle->orm != nullptr) return call.bundle->orm.get();
  return Error(ErrorCode::FailedPrecondition,
               "the schema of this project is no .lite file, so it has no models", "no_models");
}

Result<orm::Call> read_call(const Value& json) {
  if (!json.is_object()) return wrong_shape("an object is expected");
  const Object& object = json.as_object();
  const Value* const model = object.find("model");
  const Value* const method = object.find("method");
  if (model == nullptr || !model->is_text()) return wrong_shape("\"model\" must be a text");
  if (method == nullptr || !method->is_text()) return wrong_shape("\"method\" must be a text");
  const Value* const args = object.find("args");
  return orm::Call{.model = model->as_text(),
                   .method = method->as_text(),
                   .arguments = args == nullptr || args->is_null() ? Value(Object()) : *args};
}

const Value* member_of(const SystemCall& call, std::string_view name) {
  return call.args != nullptr && call.args->is_object() ? call.args->as_object().find(name)
                                                        : nullptr;
}

}  // namespace

Result<Value> run_orm_query(const SystemCall& call) {
  MS_TRY(orm::Orm* const orm, orm_of(call));
  if (const Value* const spec = member_of(call, "query")) {
    MS_TRY(const auto outcomes, orm->query(*call.reader, system_caller(), *spec));
    Object results;
    for (const auto& [name, outcome] : outcomes)
      results.set(name, orm::to_value(outcome));
    return Value(std::move(results));
  }
  MS_TRY(const orm::Call made, read_call(*call.args));
  MS_TRY(const orm::Outcome outcome, orm->read(*call.reader, system_caller(), made));
  return orm::to_value(outcome);
}

Result<Value> run_orm_mutate(const SystemCall& call) {
  MS_TRY(orm::Orm* const orm, orm_of(call));
  // Whoever listens is told by the host of the models (runtime/model_host.h).
  orm::Effects effects{.events = {}, .are_wanted = false};
  const Value* const list = member_of(call, "transaction");
  if (list == nullptr) {
    MS_TRY(const orm::Call made, read_call(*call.args));
    MS_TRY(const orm::Outcome outcome,
           orm->write(*call.transaction, system_caller(), made, effects));
    return orm::to_value(outcome);
  }
  if (!list->is_array()) return wrong_shape("\"transaction\" must be a list of calls");
  if (list->as_array().size() > kCallsMax) {
    return Error(
        ErrorCode::LimitExceeded,
        fmt::format("a transaction has {} calls at most; put more into a function", kCallsMax),
        "orm_calls");
  }
  Array results;
  for (const Value& json : list->as_array()) {
    MS_TRY(const orm::Call made, read_call(json));
    MS_TRY(const orm::Outcome outcome,
           orm->write(*call.transaction, system_caller(), made, effects));
    results.push_back(orm::to_value(outcome));
  }
  return Value(std::move(results));
}

}  // namespace moonstone::protocol::functions
