// Moonstone. Licence: see LICENSE.
// Cron jobs: when they fire, and what a deploy does to them.

#include "runtime/jobs/crons.h"

#include "tests/jobs/fixture.h"

namespace moonstone::runtime::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CronsTest : public JobsTest {
 protected:
  static CronDefinition every(const std::string& name,
                              std::int64_t interval_ms,
                              const std::string& function = "m",
                              const std::string& args = "{}") {
    return {.name = name,
            .function = function,
            .args_json = args,
            .schedule = {.interval_ms = interval_ms, .expression = {}}};
  }
  static CronDefinition by(const std::string& name,
                           const std::string& expression,
                           const std::string& function = "m") {
    return {.name = name,
            .function = function,
            .args_json = "{}",
            .schedule = {.interval_ms = 0, .expression = expression}};
  }
  /// Returns whether anything differed.
  bool deploy(std::vector<CronDefinition> definitions) {
    const auto done = scheduler_->replace_crons(std::move(definitions));
    EXPECT_TRUE(done) << done.error().message();
    settle();
    return done && *done;
  }
};

TEST_F(CronsTest, FireAgainAndAgain) {
  deploy({every("tick", kMinute), by("hourly", "15 * * * *", "q")});
  start();
  EXPECT_EQ(scheduler_->next_due(), kStart + kMinute);
  advance(kMinute - 1);
  EXPECT_THAT(runner_->take_runs(), IsEmpty());
  advance(1);
  EXPECT_THAT(runner_->take_runs(), ElementsAre("m{}"));
  const CronJob tick = crons().back();
  EXPECT_EQ(tick.definition.name, "tick");
  EXPECT_EQ(tick.last_run, kStart + kMinute);
  EXPECT_EQ(tick.next_run, kStart + 2 * kMinute);
  EXPECT_EQ(tick.last_status, "completed");
  EXPECT_EQ(job(tick.last_job).origin, "cron tick");
  advance(kMinute);
  EXPECT_THAT(runner_->take_runs(), ElementsAre("m{}"));
  // 13:30 plus two minutes; the next 15th minute is 14:15.
  EXPECT_EQ(crons().front().next_run, kStart + 45 * kMinute);
}

TEST_F(CronsTest, MissedRunsAreOne) {
  deploy({every("tick", kSecond)});
  start();
  close();
  clock_.advance(std::chrono::hours(3));
  open();
  start();
  EXPECT_THAT(runner_->take_runs(), ElementsAre("m{}"));
  EXPECT_EQ(crons().front().next_run, kStart + 3 * kHour + kSecond);
}

TEST_F(CronsTest, NeverRunTwiceAtOnce) {
  deploy({every("slow", kSecond, "a")});
  start();
  advance(kSecond);
  EXPECT_EQ(runner_->actions_running(), 1U);
  advance(10 * kSecond);
  EXPECT_EQ(runner_->actions_running(), 1U);
  EXPECT_FALSE(scheduler_->next_due()) << "it waits for its own run";
  runner_->end_action(Error(ErrorCode::Internal, "boom", "user_code"));
  settle();
  EXPECT_EQ(runner_->actions_running(), 1U) << "what it missed is one run";
  EXPECT_THAT(jobs(JobStatus::Failed), SizeIs(1));
  runner_->end_action();
  settle();
  EXPECT_EQ(runner_->actions_running(), 0U);
  EXPECT_EQ(crons().front().last_status, "completed");
  EXPECT_EQ(scheduler_->next_due(), kStart + 12 * kSecond);
}

TEST_F(CronsTest, AFailureIsNotedAndTheNextRunComes) {
  deploy({every("bad", kSecond, "gone")});
  start();
  advance(kSecond);
  EXPECT_EQ(crons().front().last_status, "failed");
  EXPECT_EQ(crons().front().last_error, "Function not found: gone");
  advance(kSecond);
  EXPECT_THAT(jobs(JobStatus::Failed), SizeIs(2));
}

TEST_F(CronsTest, AnInterruptedRunMakesRoomForTheNext) {
  deploy({every("slow", kSecond, "a")});
  start();
  advance(kSecond);
  ASSERT_EQ(runner_->actions_running(), 1U);
  close();
  open();
  start();
  EXPECT_EQ(crons().front().last_status, "failed");
  advance(kSecond);
  EXPECT_EQ(runner_->actions_running(), 1U);
}

TEST_F(CronsTest, ADeployChangesWhatDiffers) {
  deploy({every("same", kHour), every("function", kHour), every("schedule", kHour),
          every("gone", kHour)});
  start();
  advance(kMinute);
  const std::uint64_t version = database_->version();
  EXPECT_FALSE(deploy({every("same", kHour), every("function", kHour), every("schedule", kHour),
                       every("gone", kHour)}));
  EXPECT_EQ(database_->version(), version) << "an equal list writes nothing";
  EXPECT_TRUE(deploy({every("same", kHour), every("function", kHour, "q", "[1]"),
                      every("schedule", 2 * kHour), by("new", "0 * * * *")}));
  const std::vector<CronJob> found = crons();  // by name
  ASSERT_THAT(found, SizeIs(4));
  EXPECT_EQ(found[0].definition.name, "function");
  EXPECT_EQ(found[0].definition.function, "q");
  EXPECT_EQ(found[0].definition.args_json, "[1]");
  EXPECT_EQ(found[0].next_run, kStart + kHour) << "its schedule is what it was";
  EXPECT_EQ(found[1].definition.name, "new");
  EXPECT_EQ(found[1].next_run, kStart + 30 * kMinute);
  EXPECT_EQ(found[2].definition.name, "same");
  EXPECT_EQ(found[2].next_run, kStart + kHour);
  EXPECT_EQ(found[3].definition.name, "schedule");
  EXPECT_EQ(found[3].next_run, kStart + kMinute + 2 * kHour);
  EXPECT_TRUE(deploy({}));
  EXPECT_THAT(crons(), IsEmpty()) << "the last one goes, too";
  advance(kDay);
  EXPECT_THAT(runner_->take_runs(), IsEmpty());
}

TEST_F(CronsTest, ADeployReachesARunThatWaits) {
  limits_.actions_max = 1;
  make_scheduler();
  deploy({every("one", kSecond, "a", "[1]"), every("two", kSecond, "a", "[2]"),
          every("three", kSecond, "a", "[3]")});
  start();
  advance(kSecond);
  EXPECT_THAT(runner_->take_runs(), SizeIs(1)) << "two wait for a place";
  const std::vector<Job> waiting = jobs(JobStatus::Pending);
  ASSERT_THAT(waiting, SizeIs(2));
  std::vector<CronDefinition> kept;
  for (const CronJob& cron : crons()) {
    if (cron.definition.name == waiting[0].cron) continue;
    kept.push_back(cron.definition);
    kept.back().args_json = R"(["new"])";
  }
  deploy(kept);
  EXPECT_EQ(job(waiting[0].id).status, JobStatus::Cancelled);
  EXPECT_EQ(job(waiting[1].id).args_json, R"(["new"])");
}

TEST_F(CronsTest, DoNotFireWhileADeployIsUnderWay) {
  deploy({every("tick", kSecond, "m", "[1]")});
  start();
  scheduler_->hold_crons();
  advance(10 * kSecond);
  EXPECT_THAT(runner_->take_runs(), IsEmpty());
  add_job("m", clock_.unix_ms(), "[0]");
  settle();
  EXPECT_THAT(runner_->take_runs(), ElementsAre("m[0]")) << "jobs run as ever";
  deploy({every("tick", kSecond, "m", "[2]")});
  EXPECT_THAT(runner_->take_runs(), ElementsAre("m[2]"));
}

TEST_F(CronsTest, ABadListIsRefusedWhole) {
  deploy({every("tick", kHour)});
  const auto refused = [this](const CronDefinition& definition) {
    const auto done = scheduler_->replace_crons({every("other", kHour), definition});
    return done ? std::string() : done.error().message();
  };
  EXPECT_EQ(refused(by("x", "0 0 30 2 *")),
            "Cron \"x\": Could not find next cron time within 366 days");
  EXPECT_EQ(refused(by("x", "0 0 30")),
            "Cron \"x\": Invalid cron expression \"0 0 30\": expected 5 fields (minute hour "
            "dayOfMonth month dayOfWeek)");
  EXPECT_EQ(refused(every("x", 99)), "Cron \"x\": interval must be at least 100 ms");
  EXPECT_EQ(refused(every("x", limits_.delay_max_ms + 1)),
            "Cron \"x\": interval must be at most 315619200000 ms (ten years)");
  EXPECT_EQ(refused(every("", kHour)), "A cron job needs a name that is not empty");
  EXPECT_EQ(refused(every("x", kHour, "")), "Cron \"x\": it names no function to call");
  EXPECT_EQ(refused(every("x", kHour, "m", std::string(limits_.args_bytes_max + 1, ' '))),
            "Cron \"x\": its arguments have 262145 bytes as JSON; at most 262144 are allowed");
  ASSERT_THAT(crons(), SizeIs(1));
  EXPECT_EQ(crons().front().definition.name, "tick");
  const auto many =
      scheduler_->replace_crons(std::vector<CronDefinition>(kCronsMax + 1, every("tick", kHour)));
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().code(), ErrorCode::LimitExceeded);
}

TEST_F(CronsTest, TellWhenTheyAreDueToTheCatalogue) {
  deploy({every("tick", kHour), every("tock", 2 * kHour)});
  const auto due = [this] {
    return read([](engine::DocumentReader& reader) { return next_due(reader).value(); });
  };
  EXPECT_EQ(due(), kStart + kHour);
  add_job("m", kStart + kMinute);
  EXPECT_EQ(due(), kStart + kMinute);
  deploy({});
  EXPECT_EQ(due(), kStart + kMinute);
}

}  // namespace
}  // namespace moonstone::runtime::jobs
