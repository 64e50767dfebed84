// Moonstone. Licence: see LICENSE.
// The scheduler on a virtual clock: order, outcomes, retries, restarts, limits.

#include "tests/jobs/fixture.h"

namespace moonstone::runtime::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using SchedulerTest = JobsTest;

Status thrown(const std::string& message) {
  return Error(ErrorCode::Internal, message, "user_code");
}

TEST_F(SchedulerTest, RunsJobsInTheOrderOfTheirTimes) {
  start();
  add_job("m", kStart + 3 * kSecond, "[3]");
  add_job("q", kStart + kSecond, "[1]");
  add_job("a", kStart + 2 * kSecond, "[2]");
  add_job("m", kStart + kSecond, "[11]");
  EXPECT_EQ(alarms_.next(), kStart + kSecond);
  EXPECT_EQ(scheduler_->next_due(), kStart + kSecond);
  settle();
  EXPECT_THAT(runner_->take_runs(), IsEmpty());
  advance(kSecond - 1);
  EXPECT_THAT(runner_->take_runs(), IsEmpty()) << "never early";
  advance(1);
  EXPECT_THAT(runner_->take_runs(), ElementsAre("q[1]", "m[11]"));
  advance(10 * kSecond);
  EXPECT_THAT(runner_->take_runs(), ElementsAre("a[2]", "m[3]"));
  EXPECT_FALSE(scheduler_->idle()) << "the action runs";
  runner_->end_action();
  settle();
  EXPECT_TRUE(scheduler_->idle());
  EXPECT_FALSE(scheduler_->next_due());
  EXPECT_FALSE(alarms_.next()) << "nothing wakes it for nothing";
}

TEST_F(SchedulerTest, BeginsNothingOnceItIsHeld) {
  start();
  add_job("a", kStart + kSecond, "[1]");
  settle();
  clock_.advance(std::chrono::milliseconds(kSecond));
  EXPECT_FALSE(scheduler_->hold_if_idle()) << "one is due";
  settle();
  EXPECT_FALSE(scheduler_->hold_if_idle()) << "it runs";
  runner_->end_action();
  settle();
  add_job("a", kStart + 3 * kSecond, "[2]");
  settle();
  EXPECT_TRUE(scheduler_->hold_if_idle());
  advance(10 * kSecond);
  EXPECT_THAT(runner_->take_runs(), ElementsAre("a[1]"));
  EXPECT_EQ(scheduler_->next_due(), kStart + 3 * kSecond) << "for whoever opens it again";
}

TEST_F(SchedulerTest, RunsPastTimesAtOnce) {
  start();
  add_job("m", kStart - kDay, "[1]");
  settle();
  EXPECT_THAT(runner_->take_runs(), ElementsAre("m[1]"));
}

TEST_F(SchedulerTest, CompletesAMutationInItsOwnTransaction) {
  runner_->add("add", JobKind::Mutation, [](engine::Transaction* transaction, const JobRun&) {
    return JobsTest::insert_note(*transaction);
  });
  start();
  const std::string id = add_job("add", kStart);
  const std::uint64_t before = database_->version();
  settle();
  EXPECT_EQ(notes(), 1U);
  EXPECT_EQ(database_->version(), before + 1) << "one commit holds the note and the outcome";
  const Job done = job(id);
  EXPECT_EQ(done.status, JobStatus::Completed);
  EXPECT_EQ(done.attempts, 1);
  EXPECT_EQ(done.started, kStart);
  EXPECT_EQ(done.finished, kStart);
}

TEST_F(SchedulerTest, FailsAMutationOnceAndUndoesIt) {
  runner_->add("bad", JobKind::Mutation,
               [](engine::Transaction* transaction, const JobRun&) -> Status {
                 MS_TRY_STATUS(JobsTest::insert_note(*transaction));
                 return thrown("no luck");
               });
  start();
  const std::string id = add_job("bad", kStart);
  settle();
  advance(kDay);
  EXPECT_THAT(runner_->take_runs(), SizeIs(1));
  EXPECT_EQ(notes(), 0U);
  EXPECT_EQ(job(id).status, JobStatus::Failed);
  EXPECT_EQ(job(id).error, "no luck");
  EXPECT_EQ(job(id).attempts, 1);
}

TEST_F(SchedulerTest, MarksActionsAndQueriesBeforeTheyBegin) {
  JobStatus seen = JobStatus::Failed;
  std::string query;
  runner_->add("look", JobKind::Query, [&](engine::Transaction*, const JobRun& run) {
    seen = job(run.id).status;
    return ok();
  });
  start();
  query = add_job("look", kStart);
  const std::string action = add_job("a", kStart);
  settle();
  EXPECT_EQ(seen, JobStatus::Running);
  EXPECT_EQ(job(query).status, JobStatus::Completed);
  EXPECT_EQ(job(action).status, JobStatus::Running);
  EXPECT_EQ(job(action).started, kStart);
  clock_.advance(std::chrono::milliseconds(kSecond));
  runner_->end_action(thrown("boom"));
  settle();
  EXPECT_EQ(job(action).status, JobStatus::Failed);
  EXPECT_EQ(job(action).error, "boom");
  EXPECT_EQ(job(action).finished, kStart + kSecond);
}

TEST_F(SchedulerTest, FailsAJobOfAnUnknownFunction) {
  start();
  const std::string id = add_job("gone", kStart);
  add_job("m", kStart);
  settle();
  EXPECT_EQ(job(id).status, JobStatus::Failed);
  EXPECT_EQ(job(id).error, "Function not found: gone");
  EXPECT_THAT(runner_->take_runs(), ElementsAre("m{}"));
}

TEST_F(SchedulerTest, ComesToTheEndOfALongQueue) {
  // More than one look sees: of functions that are gone, then of actions that wait for a place.
  limits_.actions_max = 1;
  limits_.keep_max = 1000;
  make_scheduler();
  for (int i = 0; i < 200; ++i)
    add_job("gone", kStart);
  for (int i = 0; i < 100; ++i)
    add_job("a", kStart);
  add_job("m", kStart, "[1]");
  start();
  EXPECT_THAT(jobs(JobStatus::Failed), SizeIs(200));
  EXPECT_THAT(runner_->take_runs(), ElementsAre("a{}", "m[1]"));
  for (int i = 0; i < 100; ++i) {
    runner_->end_action();
    settle();
  }
  EXPECT_THAT(runner_->take_runs(), SizeIs(99));
  EXPECT_TRUE(scheduler_->idle());
}

TEST_F(SchedulerTest, SchedulesNothingFromAMutationThatFails) {
  runner_->add("chain", JobKind::Mutation,
               [](engine::Transaction* transaction, const JobRun&) -> Status {
                 MS_TRY_STATUS(schedule(*transaction, {.function = "m"}));
                 return thrown("after all");
               });
  start();
  add_job("chain", kStart);
  settle();
  EXPECT_THAT(runner_->take_runs(), ElementsAre("chain{}"));
  EXPECT_THAT(jobs(), SizeIs(1));
}

TEST_F(SchedulerTest, RunsChainsOfJobs) {
  runner_->add("countdown", JobKind::Mutation,
               [](engine::Transaction* transaction, const JobRun& run) -> Status {
                 const double left = run.args.as_array()[0].to_double();
                 if (left == 0) return {};
                 MS_TRY_STATUS(run_after(*transaction, {.when = 10.0,
                                                        .function = "countdown",
                                                        .args = Array{left - 1},
                                                        .options = {},
                                                        .origin = "countdown"}));
                 return {};
               });
  start();
  add_job("countdown", kStart, "[3]");
  settle();
  for (int i = 0; i < 3; ++i)
    advance(10);
  EXPECT_THAT(runner_->take_runs(),
              ElementsAre("countdown[3]", "countdown[2]", "countdown[1]", "countdown[0]"));
}

TEST_F(SchedulerTest, LeavesCancelledJobsAlone) {
  start();
  const std::string id = add_job("m", kStart + kSecond);
  ASSERT_TRUE(mutate([&](engine::Transaction& transaction) { return cancel(transaction, id); }));
  advance(kMinute);
  EXPECT_THAT(runner_->take_runs(), IsEmpty());
  EXPECT_EQ(job(id).status, JobStatus::Cancelled);
}

TEST_F(SchedulerTest, UndoesAMutationWhoseJobWasCancelledMeanwhile) {
  // The cancellation is queued between the claim and the mutation, as another client's might be.
  runner_->add("late", JobKind::Mutation, [](engine::Transaction* transaction, const JobRun&) {
    return JobsTest::insert_note(*transaction);
  });
  runner_->add("first", JobKind::Mutation);
  start();
  const std::string id = add_job("late", kStart);
  std::string other;
  engine::MutationCall call;
  call.function = "test";
  call.body = [&](engine::Transaction& transaction) -> Result<Json> {
    MS_TRY_STATUS(cancel(transaction, id));
    return Json();
  };
  call.done = [](const Result<engine::MutationOutcome>& outcome) { EXPECT_TRUE(outcome); };
  // kind_of is asked during the claim, on the writer's thread: what it submits comes next.
  bool is_asked = false;
  class Spy final : public JobRunner {
   public:
    Spy(FakeRunner& runner, std::function<void()> on_kind)
        : runner_(runner), on_kind_(std::move(on_kind)) {}
    Result<JobKind> kind_of(const std::string& function) override {
      on_kind_();
      return runner_.kind_of(function);
    }
    void run(JobRun run, std::move_only_function<void(Status)> done) override {
      runner_.run(std::move(run), std::move(done));
    }

   private:
    FakeRunner& runner_;
    std::function<void()> on_kind_;
  };
  Spy spy(*runner_, [&] {
    if (!std::exchange(is_asked, true)) database_->submit(std::move(call));
  });
  scheduler_ = std::make_unique<JobScheduler>(
      *database_, spy,
      SchedulerOptions{.alarms = &alarms_, .clock = &clock_, .logger = nullptr, .limits = limits_});
  start();
  EXPECT_TRUE(is_asked);
  EXPECT_THAT(runner_->take_runs(), ElementsAre("late{}"));
  EXPECT_EQ(notes(), 0U) << "its transaction was undone";
  EXPECT_EQ(job(id).status, JobStatus::Cancelled);
  scheduler_.reset();
}

TEST_F(SchedulerTest, TakesNoNoticeOfAJobThatCancelsItself) {
  runner_->add("self", JobKind::Mutation, [](engine::Transaction* transaction, const JobRun& run) {
    return cancel(*transaction, run.id);
  });
  start();
  const std::string id = add_job("self", kStart);
  settle();
  EXPECT_EQ(job(id).status, JobStatus::Completed);
  EXPECT_THAT(runner_->take_runs(), SizeIs(1));
}

TEST_F(SchedulerTest, RetriesByItsPolicyOnly) {
  int failures = 2;
  runner_->add("flaky", JobKind::Mutation, [&](engine::Transaction*, const JobRun&) {
    return failures-- > 0 ? thrown("not yet") : ok();
  });
  start();
  const RetryPolicy policy{.attempts = 3, .initial_backoff_ms = 1000, .max_backoff_ms = 60'000};
  const std::string id = add_job("flaky", kStart, "{}", policy);
  settle();
  Job stored = job(id);
  EXPECT_EQ(stored.status, JobStatus::Pending);
  EXPECT_EQ(stored.attempts, 1);
  EXPECT_EQ(stored.error, "not yet");
  EXPECT_GE(stored.run_at, kStart + 500);
  EXPECT_LE(stored.run_at, kStart + 1000);
  advance(1000);
  stored = job(id);
  EXPECT_EQ(stored.attempts, 2);
  EXPECT_GE(stored.run_at, clock_.unix_ms() + 1000) << "the pause doubled";
  EXPECT_LE(stored.run_at, clock_.unix_ms() + 2000);
  advance(2000);
  stored = job(id);
  EXPECT_EQ(stored.status, JobStatus::Completed);
  EXPECT_EQ(stored.attempts, 3);
  EXPECT_EQ(stored.error, "") << "the last run went well";
  EXPECT_THAT(runner_->take_runs(), SizeIs(3));
}

TEST_F(SchedulerTest, GivesUpAfterTheLastAttempt) {
  start();
  const std::string id = add_job(
      "a", kStart, "{}", RetryPolicy{.attempts = 2, .initial_backoff_ms = 0, .max_backoff_ms = 0});
  settle();
  runner_->end_action(thrown("one"));
  settle();
  runner_->end_action(thrown("two"));
  settle();
  EXPECT_EQ(runner_->actions_running(), 0U);
  EXPECT_EQ(job(id).status, JobStatus::Failed);
  EXPECT_EQ(job(id).error, "two");
  EXPECT_EQ(job(id).attempts, 2);
}

TEST_F(SchedulerTest, WaitsWhenTheRunnerHasNoRoom) {
  int refusals = 1;
  runner_->add("full", JobKind::Mutation, [&](engine::Transaction*, const JobRun&) -> Status {
    if (refusals-- > 0) return Error(ErrorCode::LimitExceeded, "too many wait", "queue_full");
    return {};
  });
  start();
  const std::string mutation = add_job("full", kStart);
  settle();
  EXPECT_EQ(job(mutation).status, JobStatus::Pending);
  EXPECT_EQ(job(mutation).attempts, 0) << "it has not begun";
  advance(kSecond);
  EXPECT_EQ(job(mutation).status, JobStatus::Completed);
  const std::string action = add_job("a", clock_.unix_ms());
  settle();
  runner_->end_action(Error(ErrorCode::Unavailable, "no worker"));
  settle();
  EXPECT_EQ(job(action).status, JobStatus::Pending);
  EXPECT_EQ(job(action).attempts, 0);
  advance(kSecond);
  EXPECT_EQ(job(action).status, JobStatus::Running);
  runner_->end_action();
  settle();
  EXPECT_EQ(job(action).status, JobStatus::Completed);
  EXPECT_EQ(job(action).attempts, 1);
  const std::string other = add_job("a", clock_.unix_ms());
  settle();
  runner_->end_action(Error(ErrorCode::LimitExceeded, "too many actions run at once", "actions"));
  settle();
  EXPECT_EQ(job(other).status, JobStatus::Pending);
  EXPECT_EQ(job(other).attempts, 0);
}

TEST_F(SchedulerTest, RunsSomeActionsAtOnceAndNoMore) {
  limits_.actions_max = 2;
  make_scheduler();
  start();
  for (int i = 0; i < 4; ++i)
    add_job("a", kStart, "[" + std::to_string(i) + "]");
  add_job("m", kStart);
  settle();
  EXPECT_THAT(runner_->take_runs(), ElementsAre("a[0]", "a[1]", "m{}"))
      << "a mutation does not wait for actions";
  runner_->end_action();
  settle();
  EXPECT_THAT(runner_->take_runs(), ElementsAre("a[2]"));
  runner_->end_action();
  runner_->end_action();
  settle();
  EXPECT_THAT(runner_->take_runs(), ElementsAre("a[3]"));
  runner_->end_action();
  settle();
  EXPECT_THAT(jobs(JobStatus::Completed), SizeIs(5));
}

TEST_F(SchedulerTest, GoesOnAfterARestart) {
  start();
  const std::string later = add_job("m", kStart + kHour);
  const std::string missed = add_job("m", kStart + kMinute);
  close();
  clock_.advance(std::chrono::minutes(10));
  open();
  start();
  EXPECT_EQ(job(missed).status, JobStatus::Completed);
  EXPECT_EQ(job(later).status, JobStatus::Pending);
  EXPECT_EQ(scheduler_->next_due(), kStart + kHour);
  EXPECT_EQ(read([](engine::DocumentReader& reader) { return next_due(reader).value(); }),
            kStart + kHour);
  advance(kHour);
  EXPECT_EQ(job(later).status, JobStatus::Completed);
}

TEST_F(SchedulerTest, FailsWhatACrashInterrupted) {
  start();
  const std::string once = add_job("a", kStart, "[1]");
  const std::string again =
      add_job("a", kStart, "[2]",
              RetryPolicy{.attempts = 2, .initial_backoff_ms = 1000, .max_backoff_ms = 1000});
  settle();
  ASSERT_EQ(runner_->actions_running(), 2U);
  close();
  open();
  start();
  EXPECT_EQ(job(once).status, JobStatus::Failed);
  EXPECT_THAT(job(once).error, HasSubstr("interrupted: the server stopped while the job ran"));
  EXPECT_EQ(job(again).status, JobStatus::Pending) << "its policy allows a second run";
  EXPECT_THAT(runner_->take_runs(), IsEmpty());
  advance(kSecond);
  EXPECT_THAT(runner_->take_runs(), ElementsAre("a[2]"));
}

TEST_F(SchedulerTest, AsksActionsToStopAndTakesNoNoticeOfThemLater) {
  start();
  const std::string id = add_job("a", kStart);
  settle();
  scheduler_->stop();
  EXPECT_TRUE(runner_->is_asked_to_stop());
  add_job("m", kStart);
  settle();
  runner_->end_action();
  scheduler_.reset();
  EXPECT_THAT(runner_->take_runs(), ElementsAre("a{}")) << "nothing starts any more";
  EXPECT_EQ(job(id).status, JobStatus::Running) << "for the next start to judge";
}

TEST_F(SchedulerTest, KeepsFinishedJobsForAWhile) {
  start();
  for (int i = 0; i < 10; ++i)
    add_job("m", kStart);
  settle();
  EXPECT_THAT(jobs(), SizeIs(10));
  clock_.advance(limits_.keep_time + std::chrono::milliseconds(1));
  make_scheduler();
  start();
  EXPECT_THAT(jobs(), IsEmpty()) << "too old";
  for (int i = 0; i < 250; ++i)
    add_job("m", kStart);
  settle();
  EXPECT_THAT(jobs(), SizeIs(limits_.keep_max)) << "too many";
  EXPECT_THAT(jobs(JobStatus::Completed), SizeIs(limits_.keep_max));
}

TEST_F(SchedulerTest, PassesTheAddressOfTheCallerOn) {
  std::string seen;
  runner_->add("where", JobKind::Mutation, [&](engine::Transaction* transaction, const JobRun&) {
    seen = transaction->session().base_url;
    return ok();
  });
  start();
  add_job("where", kStart);
  settle();
  EXPECT_EQ(seen, "https://host/t/acme");
}

TEST_F(SchedulerTest, NeedsTheTables) {
  auto bare = open_bare();
  JobScheduler scheduler(*bare, *runner_,
                         {.alarms = &alarms_, .clock = &clock_, .logger = nullptr, .limits = {}});
  const Status started = scheduler.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().reason(), "system_table");
}

/// The real alarms: one rings when its time has come, and one that is gone never does.
TEST(ThreadAlarms, RingInTheOrderOfTheirTimes) {
  ManualClock clock(kStart);
  ThreadAlarms alarms(clock);
  std::mutex mutex;
  std::condition_variable changed;
  std::string rung;
  const auto ring = [&](char name) {
    return [&, name] {
      const std::lock_guard lock(mutex);
      rung += name;
      changed.notify_all();
    };
  };
  const auto first = alarms.make(ring('a'));
  const auto second = alarms.make(ring('b'));
  auto gone = alarms.make(ring('c'));
  const auto cleared = alarms.make(ring('d'));
  cleared->set(kStart + 1);
  cleared->clear();
  gone->set(kStart + 1);
  gone.reset();
  second->set(kStart + 20);
  first->set(kStart + 50);
  first->set(kStart + 10);
  clock.advance(std::chrono::milliseconds(10));
  first->set(kStart + 10);  // wakes the thread, which sees the clock only then
  std::unique_lock lock(mutex);
  ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(30), [&] { return rung == "a"; }));
  clock.advance(std::chrono::milliseconds(10));
  lock.unlock();
  second->set(kStart + 20);
  lock.lock();
  EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(30), [&] { return rung == "ab"; }));
}

}  // namespace
}  // namespace moonstone::runtime::jobs
