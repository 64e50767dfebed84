// Moonstone. Licence: see LICENSE.
#include "engine/database.h"

#include <algorithm>
#include <utility>

#include "engine/disk_failure.h"
#include "engine/internal/database_impl.h"

namespace moonstone::engine {

namespace {

/// The writer looks this often for writes by other programs while it is idle.
constexpr std::chrono::milliseconds kIdleTick{1000};
/// How often a schema change or the like is tried on a disk that fails again after each restart.
constexpr unsigned kTaskRunsMax = 2;

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

}  // namespace

Status DatabaseImpl::start() {
  group_writer_ =
      std::make_unique<GroupWriter>(GroupWriter::Environment{.writer = &store_->writer(),
                                                             .ids = &ids_,
                                                             .clock = options_.clock,
                                                             .random = options_.random,
                                                             .logger = options_.logger,
                                                             .limits = &options_.limits,
                                                             .rules = options_.rules});
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
    if (table.model != nullptr) continue;  // its keys are its own
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

Result<std::unique_ptr<ReadSession>> DatabaseImpl::new_reader(store::KeepSnapshot keep) {
  MS_TRY(std::unique_ptr<store::Reader> reader, store_->new_reader(keep));
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

namespace {

/// Whoever deploys knows the tables of the project, and not always all of the system's.
void keep_system_tables(const schema::Schema& present, schema::Schema& next) {
  for (const schema::Table& table : present.tables) {
    if (table.owner != schema::TableOwner::System) continue;
    if (next.find_table(table.name) == nullptr) next.tables.push_back(table);
  }
}

}  // namespace

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
    if (work.kind == Work::Kind::Stop) return;
    idle = work.kind == Work::Kind::Tick ? idle + kIdleTick : std::chrono::milliseconds{};
    baton_.take_for_loop();
    // A turn that had the writer meanwhile may have met a failing disk: then there is no store.
    const auto refusal = work.kind == Work::Kind::Restart ? std::nullopt : failure();
    if (refusal) {
      refuse(std::move(work), *refusal);
    } else {
      run(std::move(work));
    }
    baton_.give_back();
    if (idle_max.count() > 0 && idle >= idle_max) release_thread_caches();
  }
}

void DatabaseImpl::refuse(Work work, const Error& refusal) {
  if (work.kind == Work::Kind::Task) work.task.done.set_value(refusal);
  for (PendingCall& member : work.group)
    member.call.done(refusal);
}

void DatabaseImpl::run(Work work) {
  switch (work.kind) {
    case Work::Kind::Stop:
      break;
    case Work::Kind::Task:
      run_task(std::move(work.task));
      break;
    case Work::Kind::Group:
      run_group(std::move(work.group));
      break;
    case Work::Kind::Tick:
      run_group({});  // notices writes by other programs
      tend(0, store::Writer::WalCare::Always);
      break;
    case Work::Kind::Restart:
      retry_restart();
      break;
  }
}

void DatabaseImpl::run_group(std::vector<PendingCall> members) {
  conclude(group_writer_->run(std::move(members), schema_version_));
}

void DatabaseImpl::conclude(GroupWriter::Report report) {
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
  if (report.commit) tend(report.change_count, store::Writer::WalCare::WhenLong);
}

void DatabaseImpl::shut_down() {
  std::deque<PendingCall> refused;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    refused.swap(queue_);
    wake_.notify_all();
  }
  baton_.shut();
  for (PendingCall& member : refused) {
    member.call.done(shutting_down());
  }
  if (thread_.joinable()) thread_.join();
}

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
