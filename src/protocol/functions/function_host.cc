// Moonstone. Licence: see LICENSE.
#include "protocol/functions/function_host.h"

#include <utility>

#include "base/json.h"
#include "protocol/functions/live_query_key.h"
#include "protocol/functions/system_functions.h"

namespace moonstone::protocol::functions {

namespace {

using runtime::Function;
using runtime::FunctionKind;

/// How long a run waits for the code that fits its snapshot. The gap between a schema's commit and
/// its publication is microseconds; this only bounds the abnormal.
constexpr std::chrono::seconds kPublicationWait{2};

Error not_found(std::string_view name, const runtime::Bundle* bundle, Mode mode) {
  std::string message = "Function not found: " + std::string(name);
  if (mode == Mode::Development && bundle != nullptr) {
    message += ". Available: ";
    std::string_view separator;
    for (const auto& [known, function] : bundle->functions) {
      message.append(separator).append(known);
      separator = ", ";
    }
  }
  return {ErrorCode::NotFound, std::move(message), "function"};
}

/// For the log; undefined (left out) where no request is behind it.
Value request_of(const engine::Session* session) {
  return session == nullptr || session->request.empty() ? Value() : Value(session->request);
}

/// Makes every Integer the Number that JavaScript's JSON.parse would have read.
void round_integers(Value& value) {
  if (value.is_integer()) {
    value = value.to_double();
  } else if (value.is_array()) {
    for (Value& element : value.as_array())
      round_integers(element);
  } else if (value.is_object()) {
    for (Member& member : value.as_object())
      round_integers(member.value);
  }
}

Status check_kind(const Function& function, std::optional<FunctionKind> kind) {
  if (!kind || function.kind == *kind) return {};
  return Error(ErrorCode::InvalidArgument,
               function.name + " is not " + (*kind == FunctionKind::Action ? "an " : "a ") +
                   std::string(name_of(*kind)),
               "kind");
}

/// Makes of what a client's JSON said the arguments of `function`, in the types that it declares.
/// Errors: InvalidArgument ("validation").
Status convert_args(const Function& function, Value& args) {
  // JSON knows no bigint: without an int64 to keep them for, large integers are JavaScript numbers.
  if (function.args == nullptr || !schema::mentions_int64(*function.args)) round_integers(args);
  // `{}` was declared: such functions take any arguments (functions.md 4.3, 2).
  if (function.args == nullptr || function.args->properties().empty()) return {};
  return schema::check_and_convert(*function.args, args);
}

}  // namespace

FunctionHost::FunctionHost(engine::Database& database, live::LiveQueries& live, HostOptions options)
    : database_(database), live_(live), options_(std::move(options)) {
  if (options_.clock == nullptr) options_.clock = &system_clock();
  if (options_.random == nullptr) options_.random = &system_random();
  if (options_.logger == nullptr) options_.logger = &null_logger();
}

runtime::BundlePtr FunctionHost::bundle() const {
  const MutexLock lock(mutex_);
  return current_.bundle;
}

void FunctionHost::publish(runtime::BundlePtr bundle, std::uint64_t schema_version) {
  const MutexLock lock(mutex_);
  if (current_.bundle != nullptr && current_.schema_version != schema_version) {
    previous_ = std::move(current_);
  }
  current_ = {.bundle = std::move(bundle), .schema_version = schema_version};
  published_.notify_all();
}

Result<runtime::BundlePtr> FunctionHost::bundle_for(std::uint64_t schema_version) {
  const auto give_up = std::chrono::steady_clock::now() + kPublicationWait;
  const MutexLock lock(mutex_);
  while (true) {
    if (current_.schema_version == schema_version) return current_.bundle;
    if (previous_.schema_version == schema_version) return previous_.bundle;
    if (published_.wait_until(mutex_, give_up) == Condition::Wake::TimedOut) break;
  }
  return Error(ErrorCode::FailedPrecondition, "no code fits the snapshot's schema", "stale_code");
}

schema::Schema FunctionHost::whole_schema(const runtime::Bundle& bundle) const {
  schema::Schema whole = bundle.schema;
  whole.tables.insert(whole.tables.end(), options_.system_tables.begin(),
                      options_.system_tables.end());
  return whole;
}

Result<store::Writer::SchemaCheck> FunctionHost::check(const runtime::Bundle& bundle) {
  return database_.check_schema(whole_schema(bundle));
}

Result<FunctionHost::DeployOutcome> FunctionHost::deploy(runtime::BundlePtr bundle,
                                                         store::Writer::AllowDataLoss allow,
                                                         Jobs jobs) {
  DeployOutcome outcome;
  const runtime::BundlePtr former = this->bundle();
  outcome.code_changed = former == nullptr || former->hash != bundle->hash;
  MS_TRY(const auto applied,
         database_.apply_schema(whole_schema(*bundle), allow,
                                [this, &bundle](const store::Writer::SchemaOutcome& schema) {
                                  publish(bundle, schema.schema_version);
                                  if (jobs_ != nullptr) jobs_->hold_crons();
                                }));
  if (outcome.code_changed) {
    live_.replace_runs([this](const std::string& key) -> std::optional<live::RunFunction> {
      auto query = read_live_query_key(key);
      if (!query) return std::nullopt;
      return run_function(std::move(query->function), std::move(query->args));
    });
  }
  // Last: the code is in force whether this succeeds or not, and live queries have to follow it.
  if (jobs_ != nullptr && jobs != Jobs::Untouched) {
    MS_TRY(outcome.crons_changed, jobs_->replace_crons(bundle->crons));
    if (jobs == Jobs::Start) MS_TRY_STATUS(jobs_->start());
  }
  outcome.diff = applied.diff;
  return outcome;
}

Result<PreparedCall> FunctionHost::prepare(std::string_view name,
                                           Value args,
                                           std::optional<FunctionKind> kind,
                                           Caller caller) const {
  if (is_system_name(name)) return prepare_system(name, std::move(args), kind, caller);
  PreparedCall call;
  call.bundle = bundle();
  call.function = call.bundle != nullptr ? call.bundle->find(name) : nullptr;
  if (call.function == nullptr) return not_found(name, call.bundle.get(), options_.mode);
  const Function& function = *call.function;
  if (function.visibility == runtime::Visibility::Internal && caller != Caller::Administrator) {
    return Error(
        ErrorCode::PermissionDenied,
        "Function \"" + function.name + "\" is internal and cannot be called from a client",
        "internal_function");
  }
  MS_TRY_STATUS(check_kind(function, kind));
  MS_TRY_STATUS(convert_args(function, args));
  call.args = std::move(args);
  return call;
}

Result<PreparedCall> FunctionHost::prepare_system(std::string_view name,
                                                  Value args,
                                                  std::optional<FunctionKind> kind,
                                                  Caller caller) const {
  const SystemFunction* const system = find_system_function(name);
  if (system == nullptr) return not_found(name, nullptr, Mode::Production);
  if (caller == Caller::Client) {
    return Error(ErrorCode::PermissionDenied,
                 "Function \"" + std::string(name) +
                     "\" is for administrators: call it from this machine in development, with "
                     "the admin key in production, and never from a page of another origin",
                 "system_function");
  }
  MS_TRY_STATUS(check_kind(system->function, kind));
  return PreparedCall{.bundle = bundle(), .function = &system->function, .args = std::move(args)};
}

const live::SharedText& FunctionHost::undefined_result() {
  static const live::SharedText kUndefined = std::make_shared<const std::string>("null");
  return kUndefined;
}

live::QueryDefinition FunctionHost::live_query(const PreparedCall& call, live::CallerPtr caller) {
  return {.key = live_query_key(call.function->name, call.args),
          .run = run_function(call.function->name, call.args),
          .caller = std::move(caller)};
}

live::RunFunction FunctionHost::run_function(std::string function, Value args) {
  return [this, function = std::move(function), args = std::move(args)](
             engine::ReadSession& snapshot, const engine::Session& session,
             std::chrono::steady_clock::time_point deadline) {
    return run_query({.function = &function,
                      .args = &args,
                      .session = &session,
                      .source = &snapshot.source(),
                      .schema_version = snapshot.snapshot().schema_version,
                      .deadline = deadline});
  };
}

runtime::Call FunctionHost::start_call(const QueryRun& given,
                                       engine::DocumentReader& reader,
                                       const runtime::Bundle& bundle) const {
  return {.args = {},
          .reader = &reader,
          .session = given.session,
          .links = options_.links,
          .orm = bundle.orm.get(),
          .now_unix_ms = options_.clock->unix_ms(),
          .random_seed = options_.random->next(),
          .deadline = given.deadline};
}

runtime::Call FunctionHost::start_call(const engine::Session& session,
                                       engine::Transaction& transaction,
                                       const runtime::Bundle* bundle) const {
  return {.args = {},
          .reader = &transaction,
          .transaction = &transaction,
          .session = &session,
          .links = options_.links,
          .orm = bundle == nullptr ? nullptr : bundle->orm.get(),
          .now_unix_ms = transaction.now_unix_ms(),
          .random_seed = transaction.random_seed(),
          .deadline = transaction.deadline()};
}

live::RunResult FunctionHost::run_query(const QueryRun& given) {
  const std::string& name = *given.function;
  live::RunResult result;
  engine::DocumentReader reader(*given.source, {.rows_left = options_.limits.rows_read_max,
                                                .bytes_left = options_.limits.bytes_read_max,
                                                .deadline = given.deadline});
  const auto run = [&]() -> Result<live::SharedText> {
    MS_TRY(const runtime::BundlePtr bundle, bundle_for(given.schema_version));
    if (const SystemFunction* const system = find_system_function(name)) {
      runtime::Call inside = start_call(given, reader, *bundle);
      inside.function = &system->function;
      auto ran = run_system_query(
          *system, {.args = given.args, .bundle = bundle.get(), .reader = &reader}, bundle, inside);
      result.reads = {.identity = inside.read_identity, .base_url = inside.read_base_url};
      MS_TRY(const SystemOutcome outcome, std::move(ran));
      result.lasts = outcome.lasts;
      return std::make_shared<const std::string>(to_json(outcome.value));
    }
    const Function* function = bundle->find(name);
    if (function == nullptr) return not_found(name, bundle.get(), options_.mode);
    MS_TRY(const ReadyIsolate ready, prepare_isolate(bundle));
    result.preparation = ready.preparation_work;
    reader.extend_deadline(ready.preparation);
    runtime::Call call = start_call(given, reader, *bundle);
    call.function = function;
    call.args = *given.args;
    call.deadline += ready.preparation;
    MS_TRY_STATUS(convert_args(*function, call.args));
    auto ran = run_logged(ready, bundle, call);
    result.reads = {.identity = call.read_identity, .base_url = call.read_base_url};
    MS_TRY(runtime::CallOutcome outcome, std::move(ran));
    result.lasts = !outcome.read_time_or_random;
    if (!outcome.json) return undefined_result();
    return std::make_shared<const std::string>(*std::move(outcome.json));
  };
  result.json = run();
  result.documents_read = reader.rows_read();
  result.bytes_read = reader.bytes_read();
  result.footprint = std::make_shared<const query::Footprint>(reader.take_footprint());
  return result;
}

void FunctionHost::call(FunctionCall call, CallDone done) {
  auto prepared = prepare(call.function, std::move(call.args), call.kind, call.caller);
  if (!prepared) return done(std::move(prepared).error());
  switch (prepared->function->kind) {
    case FunctionKind::Query: {
      // run_once() takes a function that can be copied.
      auto shared = std::make_shared<CallDone>(std::move(done));
      return live_.run_once(
          live_query(*prepared, live::make_caller(std::move(call.session))),
          [shared](const Result<live::SharedText>& json) {
            if (!json) return (*shared)(json.error());
            (*shared)(*json == undefined_result() ? FunctionResult() : FunctionResult(*json));
          });
    }
    case FunctionKind::Mutation:
      return mutate(
          *std::move(prepared), std::move(call.session), std::move(call.mutation_id),
          [done = std::move(done)](Result<engine::MutationOutcome> outcome) mutable {
            if (!outcome) return done(std::move(outcome).error());
            if (!outcome->result_json) return done(FunctionResult());
            done(FunctionResult(
                std::make_shared<const std::string>(*std::move(outcome->result_json))));
          },
          std::move(call.within));
    case FunctionKind::Action:
      if (is_system_name(prepared->function->name)) {
        return run_system_action(*std::move(prepared), std::move(done));
      }
      if (actions_ != nullptr) {
        return actions_->run(*std::move(prepared), std::move(call.session),
                             std::move(call.cancelled), std::move(done));
      }
      return done(Error(ErrorCode::Unimplemented, "nothing runs actions here", "actions"));
  }
}

void FunctionHost::run_system_action(PreparedCall call, CallDone done) {
  const auto answer = std::make_shared<CallDone>(std::move(done));
  const Status posted = post_system_action([this, call = std::move(call), answer] {
    const SystemFunction* const system = find_system_function(call.function->name);
    const auto start = std::chrono::steady_clock::now();
    const std::chrono::nanoseconds work_start = thread_cpu_time();
    const Result<Value> value = system->run(
        {.args = &call.args, .bundle = call.bundle.get(), .database = &database_, .host = this});
    count_run(*call.function, nullptr,
              {.duration = std::chrono::steady_clock::now() - start,
               .work = thread_cpu_time() - work_start,
               .error = value ? std::string_view() : value.error().message()});
    if (!value) return (*answer)(value.error());
    if (value->is_undefined()) return (*answer)(FunctionResult());
    (*answer)(FunctionResult(std::make_shared<const std::string>(to_json(*value))));
  });
  if (!posted) (*answer)(posted.error());
}

Status FunctionHost::post_system_action(Executor::Task run) {
  const MutexLock lock(mutex_);
  if (has_stopped_) {
    return Error(ErrorCode::Unavailable, "the server is shutting down", "shutting_down");
  }
  if (system_actions_ == nullptr) {
    system_actions_ = std::make_unique<ThreadExecutor>("system-actions");
  }
  if (system_actions_->post(std::move(run))) return {};
  return Error(ErrorCode::LimitExceeded, "too many of these calls are waiting; try again shortly",
               "overloaded");
}

Result<FunctionHost::SystemOutcome> FunctionHost::run_system(const SystemFunction& system,
                                                             const SystemCall& call,
                                                             const runtime::BundlePtr& bundle,
                                                             runtime::Call& inside) {
  SystemOutcome outcome;
  if (bundle == nullptr || bundle->model_functions == nullptr) {
    MS_TRY(outcome.value, system.run(call));
    return outcome;
  }
  MS_TRY(const ReadyIsolate ready, prepare_isolate(bundle));
  inside.reader->extend_deadline(ready.preparation);
  inside.deadline += ready.preparation;
  const auto ran = ready.isolate->run_inside(bundle, inside, [&]() -> Status {
    MS_TRY(outcome.value, system.run(call));
    return {};
  });
  log_console(inside, ran ? ran->console : inside.console);
  if (!ran) return ran.error();
  outcome.lasts = !ran->read_time_or_random;
  return outcome;
}

Result<FunctionHost::SystemOutcome> FunctionHost::run_system_query(const SystemFunction& system,
                                                                   const SystemCall& call,
                                                                   const runtime::BundlePtr& bundle,
                                                                   runtime::Call& inside) {
  const auto start = std::chrono::steady_clock::now();
  const std::chrono::nanoseconds work_start = thread_cpu_time();
  auto outcome = run_system(system, call, bundle, inside);
  count_run(system.function, nullptr,
            {.duration = std::chrono::steady_clock::now() - start,
             .work = thread_cpu_time() - work_start,
             .documents = call.reader->rows_read(),
             .error = outcome ? std::string_view() : outcome.error().message()});
  return outcome;
}

void FunctionHost::stop_system_actions() {
  std::unique_ptr<ThreadExecutor> stopped;
  {
    const MutexLock lock(mutex_);
    has_stopped_ = true;
    stopped = std::move(system_actions_);
  }
  if (stopped != nullptr) stopped->stop(ThreadExecutor::Rest::Drop);
}

void FunctionHost::mutate(PreparedCall call,
                          engine::Session session,
                          std::string mutation_id,
                          MutationDone done,
                          std::function<Status(engine::Transaction&)> within) {
  const std::size_t bytes = call.bytes;
  if (queued_bytes_.fetch_add(bytes) > options_.queued_bytes_max) {
    queued_bytes_.fetch_sub(bytes);
    Error full(ErrorCode::LimitExceeded, "too many mutations are waiting; try again shortly",
               "queue_full");
    count_limit(full);
    return done(std::move(full));
  }
  engine::MutationCall mutation;
  mutation.session = std::move(session);
  mutation.function = call.function->name;
  mutation.mutation_id = std::move(mutation_id);
  mutation.body = [this, call = std::move(call), identity = mutation.session,
                   within = std::move(within)](
                      engine::Transaction& transaction) -> Result<std::optional<std::string>> {
    MS_TRY(std::optional<std::string> json, run_mutation(call, identity, transaction));
    if (within) MS_TRY_STATUS(within(transaction));
    return json;
  };
  mutation.done = [this, bytes, done = std::move(done), start = std::chrono::steady_clock::now()](
                      Result<engine::MutationOutcome> outcome) mutable {
    queued_bytes_.fetch_sub(bytes);
    mutation_seconds_.record(std::chrono::steady_clock::now() - start);
    if (!outcome && outcome.error().reason() == "queue_full") count_limit(outcome.error());
    done(std::move(outcome));
  };
  database_.submit(std::move(mutation));
}

Result<std::optional<std::string>> FunctionHost::run_mutation(const PreparedCall& prepared,
                                                              const engine::Session& session,
                                                              engine::Transaction& transaction) {
  // On the writer's thread the current bundle is the one that fits the schema (invariant 2).
  runtime::BundlePtr bundle = this->bundle();
  if (const SystemFunction* const system = find_system_function(prepared.function->name)) {
    runtime::Call inside = start_call(session, transaction, bundle.get());
    inside.function = &system->function;
    const SystemCall call{.args = &prepared.args,
                          .bundle = bundle.get(),
                          .reader = &transaction,
                          .transaction = &transaction};
    MS_TRY(const SystemOutcome outcome, run_system(*system, call, bundle, inside));
    return outcome.value.is_undefined() ? std::optional<std::string>() : to_json(outcome.value);
  }
  const Function* function = prepared.function;
  Value args = prepared.args;
  if (bundle != prepared.bundle) {
    function = bundle->find(prepared.function->name);
    if (function == nullptr) return not_found(prepared.function->name, bundle.get(), options_.mode);
    MS_TRY_STATUS(convert_args(*function, args));
  }
  MS_TRY(const ReadyIsolate ready, prepare_isolate(bundle));
  transaction.extend_deadline(ready.preparation);
  runtime::Call call = start_call(session, transaction, bundle.get());
  call.function = function;
  call.args = std::move(args);
  call.deadline += ready.preparation;
  MS_TRY(runtime::CallOutcome outcome, run_logged(ready, bundle, call));
  return std::move(outcome.json);
}

Result<FunctionHost::ReadyIsolate> FunctionHost::prepare_isolate(const runtime::BundlePtr& bundle) {
  const auto start = std::chrono::steady_clock::now();
  const std::chrono::nanoseconds cpu_start = thread_cpu_time();
  MS_TRY(runtime::Isolate* const isolate, runtime::isolate_of_this_thread(options_.runtime));
  MS_TRY_STATUS(isolate->prepare(bundle));
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::nanoseconds cpu_now = thread_cpu_time();
  return ReadyIsolate{.isolate = isolate,
                      .preparation = now - start,
                      .preparation_work = cpu_now - cpu_start,
                      .at = now,
                      .work_at = cpu_now};
}

Result<runtime::CallOutcome> FunctionHost::run_logged(const ReadyIsolate& ready,
                                                      const runtime::BundlePtr& bundle,
                                                      runtime::Call& call) {
  const std::uint64_t documents_before = call.reader->rows_read();
  auto outcome = ready.isolate->run(bundle, call);
  count_run(*call.function, call.session,
            {.duration = std::chrono::steady_clock::now() - ready.at,
             .work = thread_cpu_time() - ready.work_at,
             .documents = call.reader->rows_read() - documents_before,
             .error = outcome ? std::string_view() : outcome.error().message()});
  if (outcome) {
    log_console(call, outcome->console);
    return outcome;
  }
  log_console(call, call.console);
  // The caller gets the message alone; where it was thrown is for the developer.
  const Error& error = outcome.error();
  count_limit(error);
  options_.logger->log(LogLevel::Warn, "functions", "failed",
                       {{"function", call.function->name},
                        {"error", error.message()},
                        {"stack", error.stack()},
                        {"tenant", options_.tenant},
                        {"request", request_of(call.session)}});
  return outcome;
}

void FunctionHost::log_console(const runtime::Call& call,
                               const std::vector<runtime::ConsoleLine>& lines) {
  for (const runtime::ConsoleLine& line : lines) {
    options_.logger->log(line.level, "functions", "console",
                         {{"function", call.function->name},
                          {"text", line.text},
                          {"tenant", options_.tenant},
                          {"request", request_of(call.session)}});
  }
}

void FunctionHost::count_limit(const Error& error) const {
  const bool is_limit =
      error.code() == ErrorCode::LimitExceeded || error.code() == ErrorCode::DeadlineExceeded;
  if (!is_limit || error.reason().empty() || options_.observation == nullptr) return;
  options_.observation->metrics
      .counter("moonstone_limit_hits_total", "Calls that a limit ended or refused.",
               {{"limit", error.reason()}})
      .add();
}

void FunctionHost::count_run(const Function& function,
                             const engine::Session* session,
                             RunNote note) {
  if (options_.observation == nullptr) return;
  note.function = function.name;
  note.kind = function.kind;
  note.tenant = options_.tenant;
  if (session != nullptr) note.request = session->request;
  note.unix_ms = options_.clock->unix_ms();
  options_.observation->runs.record(note);
}

}  // namespace moonstone::protocol::functions
