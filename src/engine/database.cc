// Moonstone. Licence: see LICENSE.
#include "engine/database.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <future>
#include <utility>

#include "base/mutex.h"
#include "base/thread.h"
#include "engine/disk_failure.h"
#include "engine/group_writer.h"

namespace moonstone::engine {

namespace {

/// The writer looks this often for writes by other programs while it is idle.
constexpr std::chrono::milliseconds kIdleTick{1000};
/// Changed rows after which the change log is looked at for pruning.
constexpr std::size_t kPruneChanges = 20'000;
/// A client that has been silent for this long has long given up on its unanswered mutations.
constexpr std::int64_t kLedgerAgeMaxMs = std::int64_t{30} * 24 * 60 * 60 * 1000;
/// Looking for them reads the head of every client.
constexpr std::int64_t kLedgerPruneEveryMs = std::int64_t{60} * 60 * 1000;
/// After a failure of the disk the store is opened again this often before those who wait are told;
/// afterwards for ever, since only an operator knows when the disk is back.
constexpr unsigned kPatientRestarts = 3;
constexpr std::chrono::milliseconds kRestartPauseMin{50};
/// How often a schema change or the like is tried on a disk that fails again after each restart.
constexpr unsigned kTaskRunsMax = 2;
constexpr std::chrono::milliseconds kRestartPauseMax{5'000};

class ReadSessionImpl final : public ReadSession {
 public:
  explicit ReadSessionImpl(std::unique_ptr<store::Reader> reader) : reader_(std::move(reader)) {}

  Result<store::SnapshotInfo> begin() override {
    MS_TRY(info_, reader_->begin());
    return info_;
  }
  void end() override { reader_->end(); }
  const store::SnapshotInfo& snapshot() const override { return info_; }
  store::DocumentSource& source() override { return *reader_; }

 private:
  std::unique_ptr<store::Reader> reader_;
  store::SnapshotInfo info_;
};

class DatabaseImpl final : public Database {
 public:
  DatabaseImpl(DatabaseOptions options, std::unique_ptr<store::Store> store)
      : options_(std::move(options)), store_(std::move(store)), ids_(*options_.random) {}
  ~DatabaseImpl() override { shut_down(); }

  Status start();

  schema::SchemaPtr schema() const override {
    const MutexLock lock(mutex_);
    return schema_;
  }
  std::uint64_t schema_version() const override { return schema_version_; }
  Version version() const override { return version_; }

  void submit(MutationCall call) override;
  Result<MutationOutcome> run(MutationCall call) override;
  Result<std::unique_ptr<ReadSession>> new_reader() override;
  Result<store::Writer::SchemaOutcome> apply_schema(
      schema::Schema next,
      store::Writer::AllowDataLoss allow,
      std::move_only_function<void(const store::Writer::SchemaOutcome&)> on_applied) override;
  Result<store::Writer::SchemaCheck> check_schema(schema::Schema next) override;
  Status reset(std::vector<std::string> kept) override;
  void add_observer(CommitObserver& observer) override;
  void remove_observer(CommitObserver& observer) override;
  Result<std::vector<store::LogEntry>> read_log(std::uint64_t after, std::size_t limit) override {
    return store_->read_log(after, limit);
  }
  Result<store::SqlRows> query_sql(std::string_view select,
                                   const store::SqlLimits& limits) override {
    return store_->query_sql(select, limits);
  }
  std::vector<store::TableScan> table_scans() const override { return store_->table_scans(); }
  Result<store::ReadPlan> explain_query(const query::Query& query, store::ReadKind kind) override {
    return store_->explain_query(query, kind);
  }
  void shut_down() override;
  Counters counters() const override {
    const MutexLock lock(mutex_);
    Counters counters = counters_;
    counters.queued = queue_.size();
    counters.restarts = restarts_;
    return counters;
  }
  std::optional<Error> failure() const override {
    const MutexLock lock(mutex_);
    return failure_;
  }

 private:
  /// Something to do between two groups. What it returns tells whether the disk failed.
  struct Task {
    std::move_only_function<Status()> run = {};
    std::promise<Status> done = {};
  };

  /// What the writer's thread does next.
  struct Work {
    enum class Kind : unsigned char { Stop, Task, Group, Tick, Restart } kind = Kind::Stop;
    Task task = {};
    std::vector<PendingCall> group = {};
  };

  void write_loop();
  Work wait_for_work();
  std::vector<PendingCall> take_group() MS_REQUIRES(mutex_);
  void run_group(std::vector<PendingCall> members);
  void deliver(GroupWriter::Report report);
  void run_task(Task task);
  /// Opens the store again, patiently. False: in vain; writes are refused from now on.
  bool restart_store(const Error& cause);
  Status try_restart();
  void refuse_writes(const Error& cause);
  /// What the next attempt of a failed store comes to.
  void retry_restart();
  bool pause_for(std::chrono::milliseconds duration);
  void publish(const CommitPtr& commit);
  void publish_everything();
  void tend(std::size_t changes);
  Status tend_store(bool idle);
  Status prune();
  Status load_state();
  /// Runs `task` on the writer's thread between two groups and waits; again after a restart, if the
  /// disk failed. Errors: those of the task; Unavailable if it cannot be run.
  Status run_between_groups(std::move_only_function<Status()> task);

  DatabaseOptions options_;
  std::unique_ptr<store::Store> store_;
  UlidGenerator ids_;                          // confined to the writer's thread once it runs
  std::unique_ptr<GroupWriter> group_writer_;  // likewise

  mutable Mutex mutex_;
  Condition wake_;
  std::deque<PendingCall> queue_ MS_GUARDED_BY(mutex_);  // at most limits.queue_max
  std::deque<Task> tasks_ MS_GUARDED_BY(mutex_);
  bool stopping_ MS_GUARDED_BY(mutex_) = false;
  std::optional<Error> failure_ MS_GUARDED_BY(mutex_);
  schema::SchemaPtr schema_ MS_GUARDED_BY(mutex_);
  Counters counters_ MS_GUARDED_BY(mutex_);

  Mutex observers_mutex_;  // taken alone
  std::vector<CommitObserver*> observers_ MS_GUARDED_BY(observers_mutex_);

  std::atomic<std::uint64_t> schema_version_{0};
  std::atomic<Version> version_{0};
  std::size_t changes_since_prune_ = 0;        // writer's thread
  std::int64_t ledger_pruned_unix_ms_ = 0;     // writer's thread
  Version found_version_ = 0;                  // writer's thread: in the file, when it was opened
  std::chrono::milliseconds restart_pause_{};  // writer's thread
  std::chrono::steady_clock::time_point next_restart_ = {};  // writer's thread
  std::atomic<std::uint64_t> restarts_{0};
  std::jthread thread_;  // ends when stopping_ is set
};

Status DatabaseImpl::start() {
  group_writer_ =
      std::make_unique<GroupWriter>(GroupWriter::Environment{.writer = &store_->writer(),
                                                             .ids = &ids_,
                                                             .clock = options_.clock,
                                                             .random = options_.random,
                                                             .logger = options_.logger,
                                                             .limits = &options_.limits});
  MS_TRY_STATUS(load_state());
  version_ = found_version_;
  thread_ = start_thread("ms-writer", [this](const std::stop_token&) { write_loop(); });
  return {};
}

Status DatabaseImpl::load_state() {
  MS_TRY(const std::unique_ptr<store::Reader> reader, store_->new_reader());
  MS_TRY(const store::SnapshotInfo info, reader->begin());
  found_version_ = info.version;
  schema_version_ = info.schema_version;
  const schema::SchemaPtr schema = reader->schema();
  {
    const MutexLock lock(mutex_);
    schema_ = schema;
  }
  reader->end();
  store::Writer& writer = store_->writer();
  MS_TRY_STATUS(writer.begin());
  for (const schema::Table& table : schema->tables) {
    MS_TRY(const std::string id, writer.greatest_id(table));
    if (const std::size_t colon = id.find(':'); colon != std::string::npos) {
      ids_.start_after(std::string_view(id).substr(colon + 1));
    }
  }
  if (info.version >= version_) {
    writer.rollback();
    return {};
  }
  // The disk has lost what it had confirmed. Versions that were shown must not come again.
  options_.logger->log(LogLevel::Error, "engine", "commits_lost",
                       {{"shown_version", static_cast<std::int64_t>(version_.load())},
                        {"found_version", static_cast<std::int64_t>(info.version)}});
  const Version next = version_ + 1;
  MS_TRY_STATUS(writer.set_version(next));
  MS_TRY_STATUS(writer.commit());
  version_ = next;
  return {};
}

Error shutting_down() {
  return {ErrorCode::Unavailable, "the database is shutting down", "shutting_down"};
}

void DatabaseImpl::submit(MutationCall call) {
  Error refusal = shutting_down();
  {
    const MutexLock lock(mutex_);
    const bool is_open = !stopping_ && !failure_;
    if (is_open && (call.is_exempt || queue_.size() < options_.limits.queue_max)) {
      queue_.push_back({.call = std::move(call)});
      wake_.notify_one();
      return;
    }
    if (failure_) refusal = *failure_;
    if (is_open) {
      refusal = Error(ErrorCode::LimitExceeded, "too many mutations are waiting; try again shortly",
                      "queue_full");
    }
  }
  call.done(std::move(refusal));
}

Result<MutationOutcome> DatabaseImpl::run(MutationCall call) {
  std::promise<Result<MutationOutcome>> promise;
  auto future = promise.get_future();
  call.done = [&promise](Result<MutationOutcome> outcome) {
    promise.set_value(std::move(outcome));
  };
  submit(std::move(call));
  return future.get();
}

Result<std::unique_ptr<ReadSession>> DatabaseImpl::new_reader() {
  MS_TRY(std::unique_ptr<store::Reader> reader, store_->new_reader());
  return std::make_unique<ReadSessionImpl>(std::move(reader));
}

Status DatabaseImpl::run_between_groups(std::move_only_function<Status()> task) {
  Task waiting{.run = std::move(task)};
  auto future = waiting.done.get_future();
  {
    const MutexLock lock(mutex_);
    if (stopping_) return shutting_down();
    if (failure_) return Error(*failure_);
    tasks_.push_back(std::move(waiting));
    wake_.notify_one();
  }
  return future.get();
}

void DatabaseImpl::run_task(Task task) {
  Status done;
  for (unsigned run = 0; run < kTaskRunsMax; ++run) {
    done = task.run();
    if (done || !is_disk_failure(done.error())) break;
    if (!restart_store(done.error())) {
      done = *failure();
      break;
    }
    deliver(group_writer_->resolve(store_->writer(), found_version_));
  }
  task.done.set_value(std::move(done));
}

/// Whoever deploys knows the tables of the project, and not always all of the system's.
void keep_system_tables(const schema::Schema& present, schema::Schema& next) {
  for (const schema::Table& table : present.tables) {
    if (table.owner != schema::TableOwner::System) continue;
    if (next.find_table(table.name) == nullptr) next.tables.push_back(table);
  }
}

Result<store::Writer::SchemaOutcome> DatabaseImpl::apply_schema(
    schema::Schema next,
    store::Writer::AllowDataLoss allow,
    std::move_only_function<void(const store::Writer::SchemaOutcome&)> on_applied) {
  Result<store::Writer::SchemaOutcome> outcome = shutting_down();
  Status ran = run_between_groups([this, &outcome, &next, &on_applied, allow]() -> Status {
    keep_system_tables(*schema(), next);
    outcome = store_->writer().apply_schema(next, allow);
    if (!outcome) return Error(outcome.error());
    {
      const MutexLock lock(mutex_);
      schema_ = outcome->schema;
    }
    const bool changed =
        schema_version_.exchange(outcome->schema_version) != outcome->schema_version;
    if (on_applied) on_applied(*outcome);
    if (changed) publish_everything();
    return {};
  });
  if (!ran) return std::move(ran).error();
  return outcome;
}

Result<store::Writer::SchemaCheck> DatabaseImpl::check_schema(schema::Schema next) {
  Result<store::Writer::SchemaCheck> outcome = shutting_down();
  Status ran = run_between_groups([this, &outcome, &next]() -> Status {
    keep_system_tables(*schema(), next);
    outcome = store_->writer().check_schema(next);
    return outcome ? Status() : Status(Error(outcome.error()));
  });
  if (!ran) return std::move(ran).error();
  return outcome;
}

Status DatabaseImpl::reset(std::vector<std::string> kept) {
  return run_between_groups([this, &kept]() -> Status {
    MS_TRY_STATUS(store_->writer().reset(kept));
    group_writer_->forget_ledgers();
    store::Writer& writer = store_->writer();
    if (const auto begun = writer.begin()) {
      version_ = begun->version;  // a reset is a step of the history, too
      writer.rollback();
    }
    publish_everything();
    return {};
  });
}

void DatabaseImpl::add_observer(CommitObserver& observer) {
  const MutexLock lock(observers_mutex_);
  observers_.push_back(&observer);
}

void DatabaseImpl::remove_observer(CommitObserver& observer) {
  const MutexLock lock(observers_mutex_);
  std::erase(observers_, &observer);
}

void DatabaseImpl::publish(const CommitPtr& commit) {
  const MutexLock lock(observers_mutex_);
  for (CommitObserver* observer : observers_)
    observer->on_commit(commit);
}

void DatabaseImpl::publish_everything() {
  auto commit = std::make_shared<Commit>();
  commit->schema = schema();
  commit->version = version_;
  commit->schema_version = schema_version_;
  commit->everything = true;
  publish(commit);
}

std::vector<PendingCall> DatabaseImpl::take_group() {
  std::vector<PendingCall> members;
  members.reserve(std::min(queue_.size(), options_.limits.group_calls_max));
  while (!queue_.empty() && members.size() < options_.limits.group_calls_max) {
    const bool runs_alone = queue_.front().runs_alone;
    if (runs_alone && !members.empty()) break;
    members.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (runs_alone) break;
  }
  return members;
}

DatabaseImpl::Work DatabaseImpl::wait_for_work() {
  const auto tick = std::chrono::steady_clock::now() + kIdleTick;
  const MutexLock lock(mutex_);
  while (failure_) {
    if (stopping_) return {.kind = Work::Kind::Stop};
    if (wake_.wait_until(mutex_, next_restart_) == Condition::Wake::TimedOut) {
      return {.kind = Work::Kind::Restart};
    }
  }
  while (tasks_.empty() && queue_.empty()) {
    if (stopping_) return {.kind = Work::Kind::Stop};
    if (wake_.wait_until(mutex_, tick) == Condition::Wake::TimedOut) {
      return {.kind = Work::Kind::Tick};
    }
  }
  if (!tasks_.empty()) {
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    return {.kind = Work::Kind::Task, .task = std::move(task)};
  }
  return {.kind = Work::Kind::Group, .group = take_group()};
}

void DatabaseImpl::write_loop() {
  std::chrono::milliseconds idle{};
  const ThreadIdleMax idle_max = options_.thread_idle_max;
  while (true) {
    Work work = wait_for_work();
    idle = work.kind == Work::Kind::Tick ? idle + kIdleTick : std::chrono::milliseconds{};
    switch (work.kind) {
      case Work::Kind::Stop:
        return;
      case Work::Kind::Task:
        run_task(std::move(work.task));
        break;
      case Work::Kind::Group:
        run_group(std::move(work.group));
        break;
      case Work::Kind::Tick:
        run_group({});  // notices writes by other programs
        tend(0);
        if (idle_max.count() > 0 && idle >= idle_max) release_thread_caches();
        break;
      case Work::Kind::Restart:
        retry_restart();
        break;
    }
  }
}

void DatabaseImpl::run_group(std::vector<PendingCall> members) {
  GroupWriter::Report report = group_writer_->run(std::move(members), schema_version_);
  if (!report.disk_failure) return deliver(std::move(report));
  const Error cause = *report.disk_failure;
  if (report.outside_change) publish_everything();
  if (!restart_store(cause)) return deliver(group_writer_->give_up(cause));
  deliver(group_writer_->resolve(store_->writer(), found_version_));
}

void DatabaseImpl::deliver(GroupWriter::Report report) {
  version_ = std::max<Version>(version_, group_writer_->version());
  if (report.outside_change) publish_everything();
  if (report.commit) publish(report.commit);
  {
    const MutexLock lock(mutex_);
    counters_ = group_writer_->counters();
    for (auto member = report.left_over.rbegin(); member != report.left_over.rend(); ++member) {
      queue_.push_front(std::move(*member));
    }
  }
  for (auto& [member, answer] : report.answered)
    member.call.done(std::move(answer));
  if (report.commit) tend(report.commit->changes.size());
}

Status DatabaseImpl::try_restart() {
  MS_TRY_STATUS(store_->restart());
  return load_state();
}

bool DatabaseImpl::pause_for(std::chrono::milliseconds duration) {
  const auto until = std::chrono::steady_clock::now() + duration;
  const MutexLock lock(mutex_);
  while (!stopping_) {
    if (wake_.wait_until(mutex_, until) == Condition::Wake::TimedOut) return true;
  }
  return false;
}

bool DatabaseImpl::restart_store(const Error& cause) {
  options_.logger->log(LogLevel::Error, "engine", "storage_failed", {{"error", cause.message()}});
  restart_pause_ = kRestartPauseMin;
  for (unsigned attempt = 1;; ++attempt) {
    const Status restarted = try_restart();
    if (restarted) {
      ++restarts_;
      options_.logger->log(LogLevel::Warn, "engine", "storage_restarted",
                           {{"version", static_cast<std::int64_t>(found_version_)}});
      return true;
    }
    if (attempt == kPatientRestarts || !pause_for(restart_pause_)) {
      refuse_writes(restarted.error());
      return false;
    }
    restart_pause_ *= 2;
  }
}

void DatabaseImpl::refuse_writes(const Error& cause) {
  const Error refusal = storage_failed(cause);
  next_restart_ = std::chrono::steady_clock::now() + restart_pause_;
  std::deque<PendingCall> calls;
  std::deque<Task> tasks;
  {
    const MutexLock lock(mutex_);
    failure_ = refusal;
    calls.swap(queue_);
    tasks.swap(tasks_);
  }
  options_.logger->log(LogLevel::Error, "engine", "writes_refused", {{"error", cause.message()}});
  for (PendingCall& member : calls)
    member.call.done(refusal);
  for (Task& task : tasks)
    task.done.set_value(refusal);
}

void DatabaseImpl::retry_restart() {
  if (Status restarted = try_restart(); !restarted) {
    restart_pause_ = std::min(2 * restart_pause_, kRestartPauseMax);
    refuse_writes(restarted.error());
    return;
  }
  ++restarts_;
  options_.logger->log(LogLevel::Warn, "engine", "storage_restarted",
                       {{"version", static_cast<std::int64_t>(found_version_)}});
  version_ = std::max<Version>(version_, found_version_);
  deliver(group_writer_->resolve(store_->writer(), found_version_));
  const MutexLock lock(mutex_);
  failure_.reset();
}

void DatabaseImpl::tend(std::size_t changes) {
  changes_since_prune_ += changes;
  const Status tended = tend_store(changes == 0);
  if (tended || !is_disk_failure(tended.error())) return;
  if (!restart_store(tended.error())) return;
  deliver(group_writer_->resolve(store_->writer(), found_version_));
}

Status DatabaseImpl::tend_store(bool idle) {
  const auto report = [this](std::string_view event, const Status& done) {
    if (!done)
      options_.logger->log(LogLevel::Warn, "engine", event, {{"error", done.error().message()}});
    return done;
  };
  Status pruned;
  if (changes_since_prune_ >= kPruneChanges) pruned = report("prune_failed", prune());
  const auto care = idle ? store::Writer::WalCare::Always : store::Writer::WalCare::WhenLong;
  Status tended = report("checkpoint_failed", store_->writer().tend_wal(care));
  return pruned ? std::move(tended) : std::move(pruned);
}

Status DatabaseImpl::prune() {
  store::Writer& writer = store_->writer();
  MS_TRY_STATUS(writer.begin());
  const std::int64_t now = options_.clock->unix_ms();
  const bool prunes_ledger = now - ledger_pruned_unix_ms_ >= kLedgerPruneEveryMs;
  const auto step = [&]() -> Result<bool> {
    MS_TRY(const store::PruneOutcome log, writer.prune_log({}));
    store::PruneOutcome ledger;
    if (prunes_ledger) {
      MS_TRY(ledger, writer.prune_ledger(now - kLedgerAgeMaxMs));
    }
    MS_TRY_STATUS(writer.commit());
    if (prunes_ledger && !ledger.may_have_more) ledger_pruned_unix_ms_ = now;
    return log.may_have_more || ledger.may_have_more;
  };
  auto has_more = step();
  if (!has_more) {
    if (writer.in_transaction()) writer.rollback();
    return Error(has_more.error());
  }
  if (!*has_more) changes_since_prune_ = 0;
  return {};
}

void DatabaseImpl::shut_down() {
  std::deque<PendingCall> refused;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    refused.swap(queue_);
    wake_.notify_all();
  }
  for (PendingCall& member : refused) {
    member.call.done(shutting_down());
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(DatabaseOptions options) {
  if (options.clock == nullptr) options.clock = &system_clock();
  if (options.random == nullptr) options.random = &system_random();
  if (options.logger == nullptr) options.logger = &null_logger();
  MS_TRY(std::unique_ptr<store::Store> store, store::open_sqlite_store(options.store));
  auto database = std::make_unique<DatabaseImpl>(std::move(options), std::move(store));
  MS_TRY_STATUS(database->start());
  return database;
}

}  // namespace moonstone::engine
