// Moonstone. Licence: see LICENSE.
#pragma once
// FunctionHost: the functions of one project on one database. It is what every wire that calls
// functions stands on: it finds and checks a call, runs queries on snapshots and mutations in the
// writer, keeps live queries, and swaps code and schema together.
//
// Invariants:
//  (1) A run uses the code whose schema version is that of its snapshot; new code never meets an
//      old snapshot, nor old code a new one.
//  (2) The bundle of the writer's thread changes only between two groups.
// Threads: synchronised.
// Source: functions.md section 4; design.md decisions 13, 18.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/value.h"
#include "engine/database.h"
#include "files/file_links.h"
#include "live/live_queries.h"
#include "protocol/functions/observation.h"
#include "protocol/functions/read_recorder.h"
#include "runtime/bundle.h"
#include "runtime/isolate.h"
#include "runtime/jobs/scheduler.h"

namespace moonstone::protocol::functions {

struct SystemCall;
struct SystemFunction;

/// Who calls decides what may be called and what an error tells.
enum class Caller : unsigned char {
  Client,        // public functions
  Inspector,     // those and the functions `_system:*`
  Administrator  // all functions
};

/// Development lists the known names when a function is not found.
enum class Mode : unsigned char { Development, Production };

struct HostOptions {
  engine::Limits limits;
  runtime::RuntimeLimits runtime;
  // Arguments of the mutations that wait or run; beyond, a further one is refused (`queue_full`).
  std::size_t queued_bytes_max = std::size_t{256} * 1024 * 1024;
  Mode mode = Mode::Production;
  Clock* clock = nullptr;    // null: the system's
  Random* random = nullptr;  // null: the system's
  Logger* logger = nullptr;  // null: none
  /// Where runs are counted, under this tenant's name; it outlives the host. Null: nowhere.
  Observation* observation = nullptr;
  std::string tenant = {};
  /// Put beside the tables of each project that is deployed.
  std::vector<schema::Table> system_tables = {};
  const files::FileLinks* links = nullptr;  // outlives the host; null: ctx.storage refuses
};

/// A call that was found and checked.
struct PreparedCall {
  runtime::BundlePtr bundle;                    // keeps `function` alive
  const runtime::Function* function = nullptr;  // of the bundle or of the system
  Value args;
  std::size_t bytes = 0;  // about what `args` hold
};

/// JSON text of what a function returned; nothing: undefined.
using FunctionResult = std::optional<live::SharedText>;
using CallDone = std::move_only_function<void(Result<FunctionResult>)>;

/// A call of any function, to be run once.
struct FunctionCall {
  std::string function;
  Value args;
  std::optional<runtime::FunctionKind> kind = std::nullopt;  // nothing: any kind
  Caller caller = Caller::Client;
  engine::Session session = {};
  std::string mutation_id = {};    // with session.client: makes a mutation idempotent
  std::stop_token cancelled = {};  // nobody waits for the answer any more; actions are told
  /// Mutations: runs in the same transaction, after the handler. An error undoes both.
  std::function<Status(engine::Transaction&)> within = {};
};

/// Runs actions. Threads: synchronised; must not block.
class ActionRunner {
 public:
  virtual ~ActionRunner() = default;
  /// `done` is called once, on any thread.
  virtual void run(PreparedCall call,
                   engine::Session session,
                   std::stop_token cancelled,
                   CallDone done) = 0;
};

/// One run of a query, watched.
struct Explanation {
  Result<live::SharedText> json = Error(ErrorCode::Internal, "not run");
  engine::Version version = 0;
  std::chrono::nanoseconds time{};
  std::chrono::nanoseconds work{};         // CPU time of the run
  std::chrono::nanoseconds preparation{};  // CPU time before it: code had to be loaded
  std::uint64_t documents = 0;
  std::uint64_t bytes = 0;  // of these documents
  live::SessionReads reads_of_caller;
  bool lasts = true;  // the answer follows from the data alone
  query::FootprintPtr footprint;
  std::vector<RecordedReads> reads;
};

class FunctionHost {
 public:
  /// `database` and `live` must outlive the host.
  FunctionHost(engine::Database& database, live::LiveQueries& live, HostOptions options);

  /// AtRest: none begins. Untouched: nor does the database learn of the bundle's cron jobs.
  enum class Jobs : unsigned char { Start, AtRest, Untouched };
  /// Puts a bundle into force: the schema is checked against the data and migrated first. On error
  /// the former bundle stays. Live queries stay subscribed and run again. Waits.
  struct DeployOutcome {
    schema::SchemaDiff diff;
    bool code_changed = false;
    bool crons_changed = false;  // against what stood in the database
  };
  [[nodiscard]] Result<DeployOutcome> deploy(runtime::BundlePtr bundle,
                                             store::Writer::AllowDataLoss allow,
                                             Jobs jobs = Jobs::Start);

  /// What deploy() would do to the data and meet there, without doing it. Waits.
  [[nodiscard]] Result<store::Writer::SchemaCheck> check(const runtime::Bundle& bundle);

  /// Finds the function, checks visibility and kind, then the arguments (undefined stays
  /// undefined). `kind` nothing: any kind. Errors: NotFound `Function not found: ...`,
  /// PermissionDenied (reason "internal_function" or "system_function"), InvalidArgument (reason
  /// "kind" or "validation").
  [[nodiscard]] Result<PreparedCall> prepare(std::string_view function,
                                             Value args,
                                             std::optional<runtime::FunctionKind> kind,
                                             Caller caller) const;

  /// What a query that returned undefined is delivered as: "null". Compare pointers to tell it from
  /// an explicit null, where a wire does (functions.md 4.3, 9 and section 10).
  [[nodiscard]] static const live::SharedText& undefined_result();

  /// The live query of a prepared call of kind query. Callers share it as far as its runs do not
  /// look at them.
  [[nodiscard]] live::QueryDefinition live_query(const PreparedCall& call, live::CallerPtr caller);

  /// Queues a prepared call of kind mutation; see engine::Database::submit. Too many bytes that
  /// wait are as bad as too many calls (LimitExceeded, reason "queue_full").
  using MutationDone = std::move_only_function<void(Result<engine::MutationOutcome>)>;
  void mutate(PreparedCall call,
              engine::Session session,
              std::string mutation_id,
              MutationDone done,
              std::function<Status(engine::Transaction&)> within = {});

  /// Finds, checks and runs a function of any kind once. `done` is called once, perhaps at once,
  /// else on any thread but must not block it. Errors: those of prepare() and of the function.
  void call(FunctionCall call, CallDone done);

  /// Runs a query once as `session`, sharing nothing, and tells what it did; waits. A run that
  /// fails is told about, too. Errors: those of prepare(), and of live queries that do not run.
  [[nodiscard]] Result<Explanation> explain(std::string_view function,
                                            Value args,
                                            engine::Session session);

  /// From asking for a mutation to its durable answer.
  [[nodiscard]] HistogramCounts mutation_latencies() const { return mutation_seconds_.counts(); }

  /// The system's actions come to their end; none begins any more. Before `live` goes.
  void stop_system_actions();

  /// Who runs actions; it must outlive the host's calls. Set before the first call.
  void set_action_runner(ActionRunner& runner) { actions_ = &runner; }

  /// Who runs jobs; it must outlive the host's last deploy, which tells it of cron jobs and starts
  /// it. Set before the first deploy.
  void set_job_scheduler(runtime::jobs::JobScheduler& scheduler) { jobs_ = &scheduler; }

  /// Counts an error that tells of a limit, by its reason.
  void count_limit(const Error& error) const;

  [[nodiscard]] engine::Database& database() { return database_; }
  [[nodiscard]] live::LiveQueries& live() { return live_; }
  [[nodiscard]] runtime::BundlePtr bundle() const;
  [[nodiscard]] const HostOptions& options() const { return options_; }

 private:
  /// The schema of the project with the system's own tables.
  [[nodiscard]] schema::Schema whole_schema(const runtime::Bundle& bundle) const;

  struct Deployment {
    runtime::BundlePtr bundle;
    std::uint64_t schema_version = 0;
  };

  /// The code for a snapshot; waits briefly for a deployment that is being published.
  Result<runtime::BundlePtr> bundle_for(std::uint64_t schema_version);
  void publish(runtime::BundlePtr bundle, std::uint64_t schema_version);
  /// What a run of a query is given.
  struct QueryRun {
    const std::string* function = nullptr;
    const Value* args = nullptr;
    const engine::Session* session = nullptr;
    store::DocumentSource* source = nullptr;
    std::uint64_t schema_version = 0;
    std::chrono::steady_clock::time_point deadline;
  };
  /// A call as its run gives it: who calls, when, and what it may use. The function, its arguments
  /// and the time for loading it are still missing.
  [[nodiscard]] runtime::Call start_call(const QueryRun& given,
                                         engine::DocumentReader& reader,
                                         const runtime::Bundle& bundle) const;
  [[nodiscard]] runtime::Call start_call(const engine::Session& session,
                                         engine::Transaction& transaction,
                                         const runtime::Bundle* bundle) const;
  live::RunResult run_query(const QueryRun& run);
  live::RunResult run_explained(const QueryRun& run, Explanation& explanation);
  live::RunFunction run_function(std::string function, Value args);
  Result<std::optional<std::string>> run_mutation(const PreparedCall& prepared,
                                                  const engine::Session& session,
                                                  engine::Transaction& transaction);
  /// The isolate of this thread with the bundle loaded, and how long that took.
  struct ReadyIsolate {
    runtime::Isolate* isolate = nullptr;
    std::chrono::steady_clock::duration preparation{};
    std::chrono::nanoseconds preparation_work{};  // CPU time
    // When it was ready:
    std::chrono::steady_clock::time_point at;
    std::chrono::nanoseconds work_at{};  // CPU time of the thread
  };
  Result<ReadyIsolate> prepare_isolate(const runtime::BundlePtr& bundle);
  /// Runs the call, logs its console lines and its failure with the stack, and counts it.
  Result<runtime::CallOutcome> run_logged(const ReadyIsolate& ready,
                                          const runtime::BundlePtr& bundle,
                                          runtime::Call& call);
  [[nodiscard]] Result<PreparedCall> prepare_system(std::string_view name,
                                                    Value args,
                                                    std::optional<runtime::FunctionKind> kind,
                                                    Caller caller) const;
  struct SystemOutcome {
    Value value;
    bool lasts = true;  // see live::RunResult
  };
  /// Runs a function of the system; functions of the project's models run in `inside`.
  Result<SystemOutcome> run_system(const SystemFunction& system,
                                   const SystemCall& call,
                                   const runtime::BundlePtr& bundle,
                                   runtime::Call& inside);
  /// The same, counted.
  Result<SystemOutcome> run_system_query(const SystemFunction& system,
                                         const SystemCall& call,
                                         const runtime::BundlePtr& bundle,
                                         runtime::Call& inside);
  /// Runs one of the system's actions on a thread that may wait.
  void run_system_action(PreparedCall call, CallDone done);
  /// Errors: Unavailable, LimitExceeded ("overloaded"); then it does not run.
  [[nodiscard]] Status post_system_action(Executor::Task run);
  void log_console(const runtime::Call& call, const std::vector<runtime::ConsoleLine>& lines);
  /// Notes one run; what the host knows is filled in.
  void count_run(const runtime::Function& function, const engine::Session* session, RunNote note);

  engine::Database& database_;
  live::LiveQueries& live_;
  HostOptions options_;
  std::atomic<std::size_t> queued_bytes_{0};     // of the mutations that wait or run
  ActionRunner* actions_ = nullptr;              // null: none
  runtime::jobs::JobScheduler* jobs_ = nullptr;  // null: none

  mutable Mutex mutex_;
  Condition published_;
  Deployment current_ MS_GUARDED_BY(mutex_);
  Deployment previous_ MS_GUARDED_BY(mutex_);  // for snapshots taken before the swap
  Histogram mutation_seconds_;
  std::atomic<std::uint64_t> explained_{0};  // names the runs that share nothing
  bool has_stopped_ MS_GUARDED_BY(mutex_) = false;
  // Made by the first of the system's actions; stops first.
  std::unique_ptr<ThreadExecutor> system_actions_ MS_GUARDED_BY(mutex_);
};

}  // namespace moonstone::protocol::functions
