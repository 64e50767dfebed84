// Moonstone. Licence: see LICENSE.
#include "runtime/internal/machine.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "runtime/internal/buffer_allocator.h"
#include "runtime/internal/convert.h"
#include "runtime/internal/platform.h"
#include "schema/bigint_check.h"

namespace moonstone::runtime {
namespace {

using std::chrono::steady_clock;

/// How long the top level of a bundle may run.
constexpr std::chrono::seconds kEvaluationTimeMax{5};
/// The three semi-spaces of the young generation together: short-lived objects of a call fit, and
/// an idle isolate stays small.
constexpr std::size_t kYoungGenerationBytesMax = std::size_t{6} * 1024 * 1024;
/// A full heap gets this much more while the call is being stopped: what one builtin allocates in
/// one piece must still fit (1 GiB for an array), as V8 aborts the process otherwise. Address space
/// only; it is used as far as the builtin writes.
constexpr std::size_t kHeapHeadroomBytes = std::size_t{4} * 1024 * 1024 * 1024;
/// Errors of natives remembered per call; of later ones only the message survives.
constexpr std::size_t kErrorsMax = 1000;

/// Unhandled rejections reported per call.
constexpr std::size_t kRejectionsMax = 16;

std::uint64_t milliseconds_of(steady_clock::duration duration) {
  const auto ms = std::chrono::round<std::chrono::milliseconds>(duration).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 1));
}

std::string quoted_name(const Call& call) {
  return fmt::format("\"{}\"", call.function->name);
}

/// What runs on this thread. Calls do not run inside each other.
Run*& running_here() {
  thread_local Run* run = nullptr;
  return run;
}

v8::Isolate* new_isolate(const RuntimeLimits& limits) {
  start_v8();
  v8::Isolate::CreateParams params;
  params.array_buffer_allocator_shared = BufferAllocator::create(limits.buffer_bytes_max);
  params.constraints.set_max_old_generation_size_in_bytes(limits.heap_bytes_max);
  params.constraints.set_max_young_generation_size_in_bytes(kYoungGenerationBytesMax);
  return v8::Isolate::New(params);
}

}  // namespace

Machine::Machine(const RuntimeLimits& limits) : limits_(limits), isolate_(new_isolate(limits)) {
  const v8::Isolate::Scope isolate_scope(isolate_);
  const v8::HandleScope handle_scope(isolate_);
  watch_ = std::make_unique<Watch>(isolate_);
  heap_gauge_ = std::make_unique<HeapGauge>(isolate_);
  isolate_->SetData(0, this);
  isolate_->SetMicrotasksPolicy(v8::MicrotasksPolicy::kExplicit);
  isolate_->AddNearHeapLimitCallback(on_near_heap_limit, this);
  isolate_->SetPromiseRejectCallback(on_promise_reject);
  error_symbol_.Reset(isolate_, v8::Private::New(isolate_));
}

Machine::~Machine() {
  watch_.reset();  // first: nothing may terminate an isolate that is gone
  {
    const v8::Isolate::Scope isolate_scope(isolate_);
    loaded_.clear();
    error_symbol_.Reset();
    heap_gauge_.reset();
  }
  forget_isolate(isolate_);
  isolate_->Dispose();
}

void Machine::on_promise_reject(v8::PromiseRejectMessage message) {
  const v8::Local<v8::Promise> promise = message.GetPromise();
  Run* const run = of(promise->GetIsolate()).current_;
  if (run == nullptr) return;
  if (message.GetEvent() == v8::kPromiseRejectWithNoHandler) {
    if (run->rejections.size() < kRejectionsMax) {
      run->rejections.emplace_back(promise->GetIsolate(), promise);
    }
  } else if (message.GetEvent() == v8::kPromiseHandlerAddedAfterReject) {
    std::erase_if(run->rejections, [&](const auto& rejected) { return rejected == promise; });
  }
}

std::size_t Machine::on_near_heap_limit(void* machine, std::size_t current, std::size_t) {
  auto* const self = static_cast<Machine*>(machine);
  self->has_filled_heap_ = true;
  self->isolate_->TerminateExecution();
  return current + kHeapHeadroomBytes;
}

Machine::Stop Machine::guarded(steady_clock::time_point deadline,
                               const std::function<void()>& body) {
  // V8 grows its stack downwards from here; natives below it have the rest of the thread's stack.
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  isolate_->SetStackLimit(here - limits_.stack_bytes_max);
  has_missed_deadline_ = false;
  watch_->arm(deadline);
  body();
  const bool has_fired = watch_->disarm();
  Stop stop = Stop::None;
  if (has_fired || has_missed_deadline_) stop = Stop::Deadline;
  if (has_filled_heap_) stop = Stop::Heap;
  if (stop != Stop::None) isolate_->CancelTerminateExecution();
  return stop;
}

Error Machine::stop_error(Stop stop, std::string_view what, steady_clock::duration given) const {
  if (stop == Stop::Heap) {
    return {ErrorCode::LimitExceeded,
            fmt::format("{} used more than {} MiB of memory and was stopped", what,
                        limits_.heap_bytes_max / (1024 * 1024)),
            "heap_limit"};
  }
  return {ErrorCode::DeadlineExceeded,
          fmt::format("{} ran longer than {} ms and was stopped", what, milliseconds_of(given)),
          "time_limit"};
}

Result<std::string> Machine::describe(const BundleSource& source) {
  const v8::Isolate::Scope isolate_scope(isolate_);
  const v8::HandleScope handle_scope(isolate_);
  const FrozenClock clock(0);
  std::optional<Result<std::string>> described;
  const Stop stop = guarded(steady_clock::now() + kEvaluationTimeMax, [&] {
    auto program = Program::evaluate(isolate_, source);
    described = program ? (*program)->describe() : Error(std::move(program).error());
  });
  if (stop != Stop::None) return stop_error(stop, "loading the functions", kEvaluationTimeMax);
  return *std::move(described);
}

Result<Program*> Machine::program_of(const BundlePtr& bundle) {
  const auto known = std::find_if(loaded_.begin(), loaded_.end(),
                                  [&](const Loaded& loaded) { return loaded.bundle == bundle; });
  if (known != loaded_.end()) {
    std::rotate(known, known + 1, loaded_.end());
    return loaded_.back().program.get();
  }
  if (!loaded_.empty() && loaded_.size() >= limits_.contexts_max) loaded_.erase(loaded_.begin());
  // The time at load is the same in every isolate, as modules run again in each.
  const FrozenClock clock(0);
  std::optional<Result<std::unique_ptr<Program>>> program;
  const Stop stop = guarded(steady_clock::now() + kEvaluationTimeMax,
                            [&] { program = Program::evaluate(isolate_, bundle->source); });
  if (stop != Stop::None) {
    program.reset();
    return stop_error(stop, "loading the functions", kEvaluationTimeMax);
  }
  MS_TRY(auto loaded, *std::move(program));
  loaded_.push_back({bundle, std::move(loaded)});
  return loaded_.back().program.get();
}

Result<Program*> Machine::program_for(const BundlePtr& bundle, const Call& call) {
  MS_TRY(Program* const program, program_of(bundle));
  if (limits_.isolation == Isolation::Shared) return program;
  const bool is_anonymous = call.session == nullptr || call.session->identity.is_missing();
  const Value nobody;
  const Value& user =
      is_anonymous || limits_.isolation == Isolation::Call ? nobody : call.session->identity;
  if (program->enter_modules_of(user)) return program;
  const FrozenClock clock(0);
  Status renewed;
  const Stop stop = guarded(steady_clock::now() + kEvaluationTimeMax,
                            [&] { renewed = program->renew_modules(user); });
  if (stop == Stop::None && renewed) return program;
  forget(program);
  if (stop != Stop::None) return stop_error(stop, "loading the functions", kEvaluationTimeMax);
  MS_TRY(Program* const clean, program_of(bundle));
  static_cast<void>(clean->enter_modules_of(user));  // new modules are nobody's
  return clean;
}

void Machine::forget(const Program* program) {
  std::erase_if(loaded_, [&](const Loaded& loaded) { return loaded.program.get() == program; });
  isolate_->ContextDisposedNotification(false);
}

Status Machine::prepare(const BundlePtr& bundle) {
  const v8::Isolate::Scope isolate_scope(isolate_);
  const v8::HandleScope handle_scope(isolate_);
  MS_TRY_STATUS(program_of(bundle));
  return {};
}

Run* Machine::run_of_this_thread() {
  return running_here();
}

Result<CallOutcome> Machine::run(const BundlePtr& bundle, Call& call) {
  return run_with(bundle, call, [this](Run& run) { return execute(run); });
}

Result<CallOutcome> Machine::run_inside(const BundlePtr& bundle,
                                        Call& call,
                                        const std::function<Status()>& body) {
  return run_with(bundle, call, [this, &body](Run& run) { return execute_body(run, body); });
}

Result<CallOutcome> Machine::run_with(const BundlePtr& bundle,
                                      Call& call,
                                      const Executor& executor) {
  const auto start = steady_clock::now();
  const auto deadline =
      call.deadline == steady_clock::time_point{} ? steady_clock::time_point::max() : call.deadline;
  if (deadline <= start) return stop_error(Stop::Deadline, quoted_name(call), {});
  const v8::Isolate::Scope isolate_scope(isolate_);
  const v8::HandleScope handle_scope(isolate_);
  MS_TRY(Program* const program, program_for(bundle, call));
  Run run{.token = ++last_token_,
          .call = &call,
          .program = program,
          .bundle = bundle.get(),
          .outcome = {},
          .errors = {},
          .model_depth = 0,
          .thrown_by_model = {},
          .rejections = {},
          .reads = {}};
  std::optional<Result<CallOutcome>> outcome;
  current_ = &run;
  running_here() = &run;
  Stop stop = Stop::None;
  {
    const FrozenClock clock(call.now_unix_ms);
    stop = guarded(deadline, [&] { outcome = executor(run); });
    if (outcome && *outcome && clock.was_read()) (*outcome)->read_time_or_random = true;
  }
  current_ = nullptr;
  running_here() = nullptr;
  // Moving the outcome out has left its flags in place.
  call.read_identity = run.outcome.read_identity;
  call.read_base_url = run.outcome.read_base_url;
  // What a failed call wrote is what its author needs most.
  if (stop != Stop::None || !outcome || !*outcome) call.console = std::move(run.outcome.console);
  if (stop != Stop::None) {
    forget(program);
    return stop_error(stop, quoted_name(call), deadline - start);
  }
  if (limits_.isolation == Isolation::Call) program->drop_modules();
  run_foreground_tasks(isolate_);
  return *std::move(outcome);
}

Result<CallOutcome> Machine::execute(Run& run) {
  const v8::HandleScope handle_scope(isolate_);
  const v8::Context::Scope context_scope(run.program->context());
  MS_TRY(const v8::Local<v8::Value> returned, call_handler(run));
  MS_TRY(const v8::Local<v8::Value> result, settle(run, returned));
  MS_TRY_STATUS(finish(run, result));
  return std::move(run.outcome);
}

Result<CallOutcome> Machine::execute_body(Run& run, const std::function<Status()>& body) {
  const v8::HandleScope handle_scope(isolate_);
  const v8::Context::Scope context_scope(run.program->context());
  const v8::TryCatch thrown(isolate_);
  if (run.program->seed(run.call->random_seed).IsEmpty()) return error_of(run, thrown.Exception());
  MS_TRY_STATUS(body());
  run.program->drain_microtasks();
  report_rejections(run);
  return std::move(run.outcome);
}

Result<v8::Local<v8::Value>> Machine::call_handler(Run& run) {
  const v8::Local<v8::Context> context = run.program->context();
  v8::TryCatch thrown(isolate_);
  v8::Local<v8::Value> args;
  v8::Local<v8::Value> returned;
  if (!to_v8(context, run.call->args).ToLocal(&args) ||
      run.program->seed(run.call->random_seed).IsEmpty() ||
      !run.program
           ->invoke({.function = run.call->function,
                     .token = run.token,
                     .now_unix_ms = static_cast<double>(run.call->now_unix_ms),
                     .args = args})
           .ToLocal(&returned)) {
    return error_of(run, thrown.Exception());
  }
  return returned;
}

Result<v8::Local<v8::Value>> Machine::settle(Run& run, v8::Local<v8::Value> returned) {
  {
    const v8::TryCatch thrown(isolate_);
    run.program->drain_microtasks();
  }
  if (!returned->IsPromise()) return returned;
  const auto promise = returned.As<v8::Promise>();
  switch (promise->State()) {
    case v8::Promise::kFulfilled:
      return promise->Result();
    case v8::Promise::kRejected:
      promise->MarkAsHandled();
      return error_of(run, promise->Result());
    case v8::Promise::kPending:
      break;
  }
  return Error(
      ErrorCode::FailedPrecondition,
      fmt::format("\"{}\" awaits something that nothing can resolve: queries and mutations "
                  "have neither timers nor network; use an action for those",
                  run.call->function->name),
      "never_settles");
}

Status Machine::finish(Run& run, v8::Local<v8::Value> result) {
  const v8::Local<v8::Context> context = run.program->context();
  v8::TryCatch thrown(isolate_);
  const Function& function = *run.call->function;
  if (function.returns != nullptr) {
    auto value = from_v8(context, result, Purpose::Checked);
    if (!value && is_pending_exception(value.error())) return error_of(run, thrown.Exception());
    Status checked = value ? schema::refuse_bigints(*function.returns, *value)
                           : Status(std::unexpected(std::move(value).error()));
    if (checked) checked = schema::check_and_convert(*function.returns, *value);
    if (!checked) {
      return Error(ErrorCode::InvalidArgument,
                   fmt::format("Return value validation failed for \"{}\": {}", function.name,
                               checked.error().message()),
                   "validation");
    }
  }
  const bool has_json = !result->IsUndefined() && !result->IsFunction() && !result->IsSymbol();
  if (has_json) MS_TRY_STATUS(write_result(run, result));
  run.program->drain_microtasks();  // toJSON and getters are user code too
  report_rejections(run);
  return {};
}

Status Machine::write_result(Run& run, v8::Local<v8::Value> result) {
  const std::size_t bytes_max = limits_.result_bytes_max;
  run.outcome.json = run.program->untouched_json(result, run.reads);
  std::size_t size = 0;
  if (run.outcome.json) {
    size = run.outcome.json->size();
  } else {
    v8::TryCatch thrown(isolate_);
    v8::Local<v8::String> json;
    if (!v8::JSON::Stringify(run.program->context(), result).ToLocal(&json)) {
      return error_of(run, thrown.Exception());
    }
    // A text has at least one byte for each character: what is too long is never copied.
    const bool is_long = static_cast<std::size_t>(json->Length()) > bytes_max;
    if (!is_long) run.outcome.json = to_text(isolate_, json);
    size =
        is_long ? static_cast<std::size_t>(json->Utf8Length(isolate_)) : run.outcome.json->size();
  }
  if (size > bytes_max) {
    return Error(ErrorCode::LimitExceeded,
                 fmt::format("\"{}\" returned {} bytes; at most {} are allowed, so take fewer "
                             "documents at a time",
                             run.call->function->name, size, bytes_max),
                 "result_bytes");
  }
  // What V8 prints for an object whose toJSON gives undefined.
  if (*run.outcome.json == "undefined") run.outcome.json.reset();
  return {};
}

void Machine::report_rejections(Run& run) {
  for (const v8::Global<v8::Promise>& rejected : run.rejections) {
    const Error error = run.program->error_of(rejected.Get(isolate_)->Result());
    run.outcome.console.push_back(
        {LogLevel::Error, fmt::format("Nobody handles this error (is an `await` missing?): {}\n{}",
                                      error.message(), error.stack())});
  }
}

Error Machine::error_of(Run& run, v8::Local<v8::Value> thrown) {
  if (thrown.IsEmpty()) return {ErrorCode::Internal, "stopped"};  // guarded() knows why
  const Error* const behind = error_behind(run.program->context(), thrown);
  Error error = run.program->error_of(thrown);
  if (behind == nullptr) return error;
  return Error(*behind).with_stack(error.stack());
}

void Machine::throw_error(v8::Local<v8::Context> context, Error error) {
  if (current_ != nullptr && !current_->thrown_by_model.IsEmpty() &&
      error.reason() == "user_code") {
    const v8::Local<v8::Value> thrown = current_->thrown_by_model.Get(isolate_);
    current_->thrown_by_model.Reset();
    isolate_->ThrowException(thrown);
    return;
  }
  const v8::Local<v8::Value> exception =
      v8::Exception::Error(to_v8_string(isolate_, error.message()));
  if (const Value* const details = error.details(); details != nullptr && details->is_object()) {
    for (const Member& member : details->as_object()) {
      v8::Local<v8::Value> value;
      if (!to_v8(context, member.value).ToLocal(&value)) return;
      static_cast<void>(exception.As<v8::Object>()->CreateDataProperty(
          context, to_v8_name(isolate_, member.name), value));
    }
  }
  if (current_ != nullptr && current_->errors.size() < kErrorsMax) {
    // The token and the position in one number, exact below 2^53.
    const double mark = static_cast<double>(current_->token) * static_cast<double>(kErrorsMax) +
                        static_cast<double>(current_->errors.size());
    current_->errors.push_back(std::move(error));
    static_cast<void>(exception.As<v8::Object>()->SetPrivate(context, error_symbol_.Get(isolate_),
                                                             v8::Number::New(isolate_, mark)));
  }
  isolate_->ThrowException(exception);
}

const Error* Machine::error_behind(v8::Local<v8::Context> context, v8::Local<v8::Value> thrown) {
  v8::Local<v8::Value> mark;
  if (current_ == nullptr || !thrown->IsNativeError() ||
      !thrown.As<v8::Object>()->GetPrivate(context, error_symbol_.Get(isolate_)).ToLocal(&mark) ||
      !mark->IsNumber()) {
    return nullptr;
  }
  const double position = mark.As<v8::Number>()->Value() -
                          static_cast<double>(current_->token) * static_cast<double>(kErrorsMax);
  if (position < 0 || position >= static_cast<double>(current_->errors.size())) return nullptr;
  return &current_->errors[static_cast<std::size_t>(position)];
}

void Machine::stop_for_deadline() {
  has_missed_deadline_ = true;
  isolate_->TerminateExecution();
}

}  // namespace moonstone::runtime
