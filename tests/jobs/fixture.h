// Moonstone. Licence: see LICENSE.
#pragma once
// A database with the job tables on a virtual clock, alarms that ring when told, and functions
// that are written in C++.

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "engine/database.h"
#include "runtime/jobs/job.h"
#include "runtime/jobs/list.h"
#include "runtime/jobs/schedule.h"
#include "runtime/jobs/scheduler.h"

namespace moonstone::runtime::jobs {

using Json = std::optional<std::string>;

inline constexpr std::int64_t kStart = 1'795'267'800'000;  // 2026-11-21 13:30 UTC
inline constexpr std::int64_t kSecond = 1000;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::int64_t kDay = 24 * kHour;

class ManualAlarms final : public Alarms {
 public:
  std::unique_ptr<Alarm> make(std::move_only_function<void()> ring) override {
    auto alarm = std::make_unique<Entry>(*this, std::move(ring));
    const std::lock_guard lock(mutex_);
    entries_.push_back(alarm.get());
    return alarm;
  }

  /// Rings what is due; returns whether anything was.
  bool ring(std::int64_t now) {
    std::vector<Entry*> due;
    {
      const std::lock_guard lock(mutex_);
      for (Entry* entry : entries_) {
        if (!entry->time || *entry->time > now) continue;
        entry->time.reset();
        due.push_back(entry);
      }
    }
    for (Entry* entry : due)
      entry->ring();
    return !due.empty();
  }

  /// The earliest time that is set.
  [[nodiscard]] std::optional<std::int64_t> next() {
    const std::lock_guard lock(mutex_);
    std::optional<std::int64_t> earliest;
    for (const Entry* entry : entries_) {
      if (entry->time) earliest = std::min(earliest.value_or(*entry->time), *entry->time);
    }
    return earliest;
  }

 private:
  struct Entry final : Alarm {
    Entry(ManualAlarms& alarms, std::move_only_function<void()> ring_it)
        : owner(alarms), ring(std::move(ring_it)) {}
    ~Entry() override {
      const std::lock_guard lock(owner.mutex_);
      std::erase(owner.entries_, this);
    }
    void set(std::int64_t unix_ms) override {
      const std::lock_guard lock(owner.mutex_);
      time = unix_ms;
    }
    void clear() override {
      const std::lock_guard lock(owner.mutex_);
      time.reset();
    }
    ManualAlarms& owner;
    std::move_only_function<void()> ring;
    std::optional<std::int64_t> time;
  };

  std::mutex mutex_;
  std::vector<Entry*> entries_;
};

/// Functions by name. Actions wait until the test ends them.
class FakeRunner final : public JobRunner {
 public:
  using Handler = std::function<Status(engine::Transaction*, const JobRun&)>;

  explicit FakeRunner(engine::Database& database) : database_(database) {}

  void add(const std::string& name, JobKind kind, Handler handler = {}) {
    const std::lock_guard lock(mutex_);
    functions_[name] = {kind, std::move(handler)};
  }

  Result<JobKind> kind_of(const std::string& function) override {
    const std::lock_guard lock(mutex_);
    const auto found = functions_.find(function);
    if (found != functions_.end()) return found->second.first;
    return Error(ErrorCode::NotFound, "Function not found: " + function, "function");
  }

  void run(JobRun run, std::move_only_function<void(Status)> done) override {
    Handler handler;
    {
      const std::lock_guard lock(mutex_);
      handler = functions_[run.function].second;
      runs_.push_back(run.function + to_json(run.args));
      if (run.kind == JobKind::Action) {
        actions_.emplace_back(std::move(run), std::move(done));
        return;
      }
    }
    if (run.kind == JobKind::Query) {
      done(handler ? handler(nullptr, run) : ok());
      return;
    }
    engine::MutationCall call;
    call.function = run.function;
    call.session.base_url = run.base_url;
    call.body = [handler, run](engine::Transaction& transaction) -> Result<Json> {
      if (handler) MS_TRY_STATUS(handler(&transaction, run));
      MS_TRY_STATUS(run.within(transaction));
      return Json();
    };
    call.done = [done = std::move(done)](Result<engine::MutationOutcome> outcome) mutable {
      done(outcome ? ok() : Status(outcome.error()));
    };
    database_.submit(std::move(call));
  }

  /// Ends the oldest action that runs.
  void end_action(Status outcome = {}) {
    std::pair<JobRun, std::move_only_function<void(Status)>> action;
    {
      const std::lock_guard lock(mutex_);
      ASSERT_FALSE(actions_.empty());
      action = std::move(actions_.front());
      actions_.pop_front();
    }
    action.second(std::move(outcome));
  }

  [[nodiscard]] std::size_t actions_running() {
    const std::lock_guard lock(mutex_);
    return actions_.size();
  }
  [[nodiscard]] bool is_asked_to_stop() {
    const std::lock_guard lock(mutex_);
    return actions_.front().first.stop.stop_requested();
  }
  /// The runs since the last call, as "name{args}".
  [[nodiscard]] std::vector<std::string> take_runs() {
    const std::lock_guard lock(mutex_);
    return std::exchange(runs_, {});
  }

 private:
  engine::Database& database_;
  std::mutex mutex_;
  std::map<std::string, std::pair<JobKind, Handler>> functions_;
  std::deque<std::pair<JobRun, std::move_only_function<void(Status)>>> actions_;
  std::vector<std::string> runs_;
};

class JobsTest : public ::testing::Test {
 protected:
  JobsTest() : clock_(kStart), random_(7) {
    std::string pattern = (std::filesystem::temp_directory_path() / "moonstone-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    limits_.keep_max = 50;
    open();
  }
  ~JobsTest() override {
    close();
    std::filesystem::remove_all(folder_);
  }

  void open() {
    engine::DatabaseOptions options;
    options.store.path = (folder_ / "data.db").string();
    options.clock = &clock_;
    options.random = &random_;
    database_ = engine::Database::open(std::move(options)).value();
    schema::Schema schema =
        schema::parse_schema_json(
            parse_json(R"({"tables":{"notes":{"fields":{"text":{"type":"string"}},"indexes":[]}}})")
                .value())
            .value();
    for (schema::Table& table : tables())
      schema.tables.push_back(std::move(table));
    ASSERT_TRUE(database_->apply_schema(std::move(schema), store::Writer::AllowDataLoss::No));
    runner_ = std::make_unique<FakeRunner>(*database_);
    runner_->add("m", JobKind::Mutation);
    runner_->add("q", JobKind::Query);
    runner_->add("a", JobKind::Action);
    make_scheduler();
  }
  /// A database without the tables.
  [[nodiscard]] std::unique_ptr<engine::Database> open_bare() const {
    engine::DatabaseOptions options;
    options.store.path = (folder_ / "bare.db").string();
    return engine::Database::open(std::move(options)).value();
  }
  void make_scheduler() {
    scheduler_ = std::make_unique<JobScheduler>(
        *database_, *runner_,
        SchedulerOptions{
            .alarms = &alarms_, .clock = &clock_, .logger = nullptr, .limits = limits_});
  }
  void close() {
    scheduler_.reset();
    if (database_ != nullptr) database_->shut_down();
    runner_.reset();
    database_.reset();
  }
  void start() {
    const Status started = scheduler_->start();
    ASSERT_TRUE(started) << started.error().message();
    settle();
  }

  /// Lets the scheduler do all that is due now.
  void settle() {
    do {
      scheduler_->wait_for_steps();
    } while (alarms_.ring(clock_.unix_ms()));
  }
  void advance(std::int64_t by_ms) {
    clock_.advance(std::chrono::milliseconds(by_ms));
    settle();
  }

  Status mutate(const std::function<Status(engine::Transaction&)>& body) {
    engine::MutationCall call;
    call.function = "test";
    call.session.base_url = "https://host/t/acme";
    call.body = [&body](engine::Transaction& transaction) -> Result<Json> {
      MS_TRY_STATUS(body(transaction));
      return Json();
    };
    const auto outcome = database_->run(std::move(call));
    return outcome ? ok() : Status(outcome.error());
  }
  std::string add_job(const std::string& function,
                      std::int64_t run_at,
                      const std::string& args = "{}",
                      std::optional<RetryPolicy> retry = {}) {
    std::string id;
    const Status done = mutate([&](engine::Transaction& transaction) -> Status {
      MS_TRY(id, schedule(transaction,
                          {.function = function,
                           .args_json = args,
                           .run_at = run_at,
                           .retry = retry,
                           .origin = "test"},
                          limits_));
      return {};
    });
    EXPECT_TRUE(done) << done.error().message();
    return id;
  }
  template <class Body>
  auto read(Body body) {
    const auto session = database_->new_reader().value();
    EXPECT_TRUE(session->begin());
    engine::DocumentReader reader(session->source(), {});
    return body(reader);
  }
  Job job(const std::string& id) {
    return read([&](engine::DocumentReader& reader) {
      const auto page = list(reader, {.status = {}, .cursor = {}, .limit = kListPageMax}).value();
      for (const Job& found : page.jobs) {
        if (found.id == id) return found;
      }
      ADD_FAILURE() << "no job " << id;
      return Job();
    });
  }
  std::vector<Job> jobs(std::optional<JobStatus> status = {}) {
    return read([&](engine::DocumentReader& reader) {
      return list(reader, {.status = status, .cursor = {}, .limit = kListPageMax}).value().jobs;
    });
  }
  std::vector<CronJob> crons() {
    return read([](engine::DocumentReader& reader) { return list_crons(reader).value(); });
  }
  std::size_t notes() {
    return read([](engine::DocumentReader& reader) {
      return reader.select({.table = "notes", .where = nullptr, .order = {}, .limit = std::nullopt})
          .value()
          .size();
    });
  }
  static Status insert_note(engine::Transaction& transaction) {
    MS_TRY_STATUS(transaction.insert("notes", Object{{"text", "x"}}));
    return {};
  }

  ManualClock clock_;
  SeededRandom random_;
  std::filesystem::path folder_;
  ManualAlarms alarms_;
  JobLimits limits_;
  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<FakeRunner> runner_;
  std::unique_ptr<JobScheduler> scheduler_;
};

}  // namespace moonstone::runtime::jobs
