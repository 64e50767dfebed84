// Moonstone. Licence: see LICENSE.
#include "engine/database.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <future>
#include <utility>

#include "base/mutex.h"
#include "base/thread.h"
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
  void shut_down() override;
  Counters counters() const override {
    const MutexLock lock(mutex_);
    Counters counters = counters_;
    counters.queued = queue_.size();
    return counters;
  }

 private:
  using Task = std::move_only_function<void()>;

  /// What the writer's thread does next.
  struct Work {
    enum class Kind : unsigned char { Stop, Task, Group, Tick } kind = Kind::Stop;
    Task task = {};
    std::vector<PendingCall> group = {};
  };

  void write_loop();
  Work wait_for_work();
  std::vector<PendingCall> take_group() MS_REQUIRES(mutex_);
  void run_group(std::vector<PendingCall> members);
  void publish(const CommitPtr& commit);
  void publish_everything();
  void tend(std::size_t changes);
  Status prune();
  Status load_state();
  /// Runs `task` on the writer's thread between two groups and waits. False: shutting down.
  bool run_between_groups(Task task);

  DatabaseOptions options_;
  std::unique_ptr<store::Store> store_;
  UlidGenerator ids_;                          // confined to the writer's thread once it runs
  std::unique_ptr<GroupWriter> group_writer_;  // likewise

  mutable Mutex mutex_;
  Condition wake_;
  std::deque<PendingCall> queue_ MS_GUARDED_BY(mutex_);  // at most limits.queue_max
  std::deque<Task> tasks_ MS_GUARDED_BY(mutex_);
  bool stopping_ MS_GUARDED_BY(mutex_) = false;
  schema::SchemaPtr schema_ MS_GUARDED_BY(mutex_);
  Counters counters_ MS_GUARDED_BY(mutex_);

  Mutex observers_mutex_;  // taken alone
  std::vector<CommitObserver*> observers_ MS_GUARDED_BY(observers_mutex_);

  std::atomic<std::uint64_t> schema_version_{0};
  std::atomic<Version> version_{0};
  std::size_t changes_since_prune_ = 0;     // writer's thread
  std::int64_t ledger_pruned_unix_ms_ = 0;  // writer's thread
  std::jthread thread_;                     // ends when stopping_ is set
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
  thread_ = start_thread("ms-writer", [this](const std::stop_token&) { write_loop(); });
  return {};
}

Status DatabaseImpl::load_state() {
  MS_TRY(const std::unique_ptr<store::Reader> reader, store_->new_reader());
  MS_TRY(const store::SnapshotInfo info, reader->begin());
  version_ = info.version;
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
  writer.rollback();
  return {};
}

Error shutting_down() {
  return {ErrorCode::Unavailable, "the database is shutting down", "shutting_down"};
}

void DatabaseImpl::submit(MutationCall call) {
  Error refusal = shutting_down();
  {
    const MutexLock lock(mutex_);
    if (!stopping_ && (call.is_exempt || queue_.size() < options_.limits.queue_max)) {
      queue_.push_back({.call = std::move(call)});
      wake_.notify_one();
      return;
    }
    if (!stopping_) {
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

bool DatabaseImpl::run_between_groups(Task task) {
  std::promise<void> promise;
  auto future = promise.get_future();
  {
    const MutexLock lock(mutex_);
    if (stopping_) return false;
    tasks_.emplace_back([&promise, task = std::move(task)]() mutable {
      task();
      promise.set_value();
    });
    wake_.notify_one();
  }
  future.get();
  return true;
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
  run_between_groups([this, &outcome, &next, &on_applied, allow] {
    keep_system_tables(*schema(), next);
    outcome = store_->writer().apply_schema(std::move(next), allow);
    if (!outcome) return;
    {
      const MutexLock lock(mutex_);
      schema_ = outcome->schema;
    }
    const bool changed =
        schema_version_.exchange(outcome->schema_version) != outcome->schema_version;
    if (on_applied) on_applied(*outcome);
    if (changed) publish_everything();
  });
  return outcome;
}

Result<store::Writer::SchemaCheck> DatabaseImpl::check_schema(schema::Schema next) {
  Result<store::Writer::SchemaCheck> outcome = shutting_down();
  run_between_groups([this, &outcome, &next] {
    keep_system_tables(*schema(), next);
    outcome = store_->writer().check_schema(std::move(next));
  });
  return outcome;
}

Status DatabaseImpl::reset(std::vector<std::string> kept) {
  Status outcome = shutting_down();
  run_between_groups([this, &outcome, &kept] {
    outcome = store_->writer().reset(kept);
    if (!outcome) return;
    group_writer_->forget_ledgers();
    store::Writer& writer = store_->writer();
    if (const auto begun = writer.begin()) {
      version_ = begun->version;  // a reset is a step of the history, too
      writer.rollback();
    }
    publish_everything();
  });
  return outcome;
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
        work.task();
        break;
      case Work::Kind::Group:
        run_group(std::move(work.group));
        break;
      case Work::Kind::Tick:
        run_group({});  // notices writes by other programs
        tend(0);
        if (idle_max.count() > 0 && idle >= idle_max) release_thread_caches();
        break;
    }
  }
}

void DatabaseImpl::run_group(std::vector<PendingCall> members) {
  GroupWriter::Report report = group_writer_->run(std::move(members), schema_version_);
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

void DatabaseImpl::tend(std::size_t changes) {
  changes_since_prune_ += changes;
  const auto report = [this](std::string_view event, const Status& done) {
    if (!done)
      options_.logger->log(LogLevel::Warn, "engine", event, {{"error", done.error().message()}});
  };
  if (changes_since_prune_ >= kPruneChanges) report("prune_failed", prune());
  const auto care =
      changes == 0 ? store::Writer::WalCare::Always : store::Writer::WalCare::WhenLong;
  report("checkpoint_failed", store_->writer().tend_wal(care));
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
