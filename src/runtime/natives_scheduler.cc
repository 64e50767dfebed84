// Moonstone. Licence: see LICENSE.
//
// Natives of ctx.scheduler: runAfter, runAt, cancelJob. Argument 0 is always the token of the call;
// the other arguments are the user's own, but for the function, of which the prelude took the name.
#include <string>
#include <utility>

#include "runtime/internal/native_call.h"
#include "runtime/jobs/schedule.h"

namespace moonstone::runtime {
namespace {

Result<engine::Transaction*> transaction_of(const NativeCall& call) {
  if (call.run->call->transaction != nullptr) return call.run->call->transaction;
  return Error(ErrorCode::FailedPrecondition, "a query cannot schedule; make it a mutation");
}

Result<Value> value_arg(const NativeCall& call, int index, std::string_view place) {
  auto value = from_v8(call.context, call.arg(index));
  if (value || is_pending_exception(value.error())) return value;
  return std::move(value).error().with_context(place);
}

Result<jobs::SchedulerCall> scheduler_call(const NativeCall& call, const std::string& place) {
  jobs::SchedulerCall scheduled;
  MS_TRY(scheduled.when, value_arg(call, 1, place + ": the time"));
  MS_TRY(scheduled.function, value_arg(call, 2, place + ": the function"));
  MS_TRY(scheduled.args, value_arg(call, 3, place + ": the arguments"));
  MS_TRY(scheduled.options, value_arg(call, 4, place + ": the options"));
  scheduled.origin = call.run->call->function->name;
  return scheduled;
}

NativeResult run_after(const NativeCall& call) {
  MS_TRY(engine::Transaction* const transaction, transaction_of(call));
  MS_TRY(const jobs::SchedulerCall scheduled, scheduler_call(call, "scheduler.runAfter"));
  MS_TRY(const std::string id,
         jobs::run_after(*transaction, scheduled, call.machine.limits().jobs));
  return v8::Local<v8::Value>(to_v8_string(call.isolate, id));
}

NativeResult run_at(const NativeCall& call) {
  MS_TRY(engine::Transaction* const transaction, transaction_of(call));
  MS_TRY(const jobs::SchedulerCall scheduled, scheduler_call(call, "scheduler.runAt"));
  MS_TRY(const std::string id, jobs::run_at(*transaction, scheduled, call.machine.limits().jobs));
  return v8::Local<v8::Value>(to_v8_string(call.isolate, id));
}

NativeResult cancel_job(const NativeCall& call) {
  MS_TRY(engine::Transaction* const transaction, transaction_of(call));
  MS_TRY_STATUS(jobs::cancel(*transaction, call.text(1)));
  return call.undefined();
}

}  // namespace

void add_scheduler_natives(v8::Local<v8::Context> context, v8::Local<v8::Object> natives) {
  add_native<run_after, Needs::Run>(context, natives, "runAfter");
  add_native<run_at, Needs::Run>(context, natives, "runAt");
  add_native<cancel_job, Needs::Run>(context, natives, "cancelJob");
}

}  // namespace moonstone::runtime
