// Moonstone. Licence: see LICENSE.
#pragma once
// The Database: its queue, the writer's thread, and who uses the writer when.
// Threads: synchronised; what is the writer's is used by whoever has the baton.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/thread.h"
#include "engine/database.h"
#include "engine/group_writer.h"
#include "engine/internal/writer_baton.h"

namespace moonstone::engine {

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
  Result<std::unique_ptr<WriterTurn>> begin_turn(TurnOptions options) override;
  Result<MutationOutcome> run(MutationCall call) override;
  Result<std::unique_ptr<ReadSession>> new_reader(store::KeepSnapshot keep) override;
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
  class Turn;  // writer_turn.cc

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
  void run(Work work);
  static void refuse(Work work, const Error& refusal);
  void run_group(std::vector<PendingCall> members);
  /// What follows a run of the group writer, also a failure of the disk.
  void conclude(GroupWriter::Report report);
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
  void tend(std::size_t changes, store::Writer::WalCare care);
  Status tend_store(store::Writer::WalCare care);
  Status prune();
  Status load_state();
  /// Runs `task` on the writer's thread between two groups and waits; again after a restart, if the
  /// disk failed. Errors: those of the task; Unavailable if it cannot be run.
  Status run_between_groups(std::move_only_function<Status()> task);

  DatabaseOptions options_;
  std::unique_ptr<store::Store> store_;
  WriterBaton baton_;
  UlidGenerator ids_;                          // used by whoever has the baton
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
  std::size_t changes_since_prune_ = 0;        // with the baton
  std::int64_t ledger_pruned_unix_ms_ = 0;     // with the baton
  Version found_version_ = 0;                  // with the baton: in the file, when it was opened
  std::chrono::milliseconds restart_pause_{};  // with the baton
  std::chrono::steady_clock::time_point next_restart_ = {};  // with the baton
  std::atomic<std::uint64_t> restarts_{0};
  std::jthread thread_;  // ends when stopping_ is set
};

[[nodiscard]] Error shutting_down();

}  // namespace moonstone::engine
