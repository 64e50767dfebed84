// Moonstone. Licence: see LICENSE.
// What ctx.scheduler takes, and the limits.

#include <cmath>
#include <limits>

#include "tests/jobs/fixture.h"

namespace moonstone::runtime::jobs {
namespace {

using ::testing::HasSubstr;

class ScheduleTest : public JobsTest {
 protected:
  using Function = Result<std::string> (*)(engine::Transaction&,
                                           const SchedulerCall&,
                                           const JobLimits&);
  /// The id, or the message of the error.
  std::string call(Function function, const SchedulerCall& call) {
    std::string outcome;
    const Status done = mutate([&](engine::Transaction& transaction) -> Status {
      auto id = function(transaction, call, limits_);
      outcome = id ? *id : id.error().message();
      return id ? ok() : Status(id.error());
    });
    return outcome;
  }
  static SchedulerCall call_of(Value when) {
    return {.when = std::move(when),
            .function = "notes:add",
            .args = {},
            .options = {},
            .origin = "notes:later"};
  }
};

TEST_F(ScheduleTest, StoresWhatItGets) {
  SchedulerCall given = call_of(1500.25);
  given.function = Object{{"_name", "notes:add"}, {"_type", "mutation"}};
  given.args = Object{{"text", "a\nb"}, {"n", 1.0}, {"none", Value()}};
  given.options = Object{{"retry", Object{{"attempts", 3.0}}}};
  const Job stored = job(call(run_after, given));
  EXPECT_EQ(stored.function, "notes:add");
  EXPECT_EQ(stored.args_json, R"({"text":"a\nb","n":1})");
  EXPECT_EQ(stored.run_at, kStart + 1501) << "never before its time";
  EXPECT_EQ(stored.status, JobStatus::Pending);
  EXPECT_EQ(stored.origin, "notes:later");
  EXPECT_EQ(stored.base_url, "https://host/t/acme");
  EXPECT_EQ(stored.retry, (RetryPolicy{.attempts = 3}));
  EXPECT_EQ(stored.attempts, 0);
}

TEST_F(ScheduleTest, TakesEveryFiniteTime) {
  EXPECT_EQ(job(call(run_after, call_of(-5.0))).run_at, kStart);
  EXPECT_EQ(job(call(run_after, call_of(0))).run_at, kStart);
  EXPECT_EQ(job(call(run_at, call_of(kStart - 1000.0))).run_at, kStart - 1000) << "at once";
  EXPECT_EQ(job(call(run_at, call_of(-1e300))).run_at, 0);
  EXPECT_EQ(job(call(run_at, call_of(static_cast<double>(kStart) + 0.5))).run_at, kStart + 1);
}

TEST_F(ScheduleTest, RefusesOtherTimes) {
  EXPECT_EQ(call(run_after, call_of(std::nan(""))),
            "scheduler.runAfter: the delay in milliseconds must be a finite number, got NaN");
  EXPECT_EQ(call(run_after, call_of("5")),
            "scheduler.runAfter: the delay in milliseconds must be a finite number, got string");
  EXPECT_EQ(call(run_at, call_of(Value())),
            "scheduler.runAt: the time in milliseconds since 1970 must be a finite number, got "
            "undefined");
  EXPECT_EQ(call(run_at, call_of(-std::numeric_limits<double>::infinity())),
            "scheduler.runAt: the time in milliseconds since 1970 must be a finite number, got "
            "Infinity");
  for (const double far : {1e300, static_cast<double>(limits_.delay_max_ms) + 1}) {
    EXPECT_EQ(call(run_after, call_of(far)),
              "scheduler.runAfter: the job lies more than 3653 days ahead; times and delays are "
              "milliseconds");
  }
  EXPECT_TRUE(jobs().empty());
}

TEST_F(ScheduleTest, RefusesWhatIsNoFunction) {
  for (const Value& function : {Value(), Value(""), Value(5.0), Value(Object{{"_name", 1.0}})}) {
    SchedulerCall given = call_of(0);
    given.function = function;
    EXPECT_EQ(call(run_after, given),
              "scheduler.runAfter: expected a function name such as \"tasks:list\" or a reference "
              "to one");
  }
}

struct Options {
  const char* json;
  const char* message;
};

constexpr Options kBadOptions[] = {
    {"5", "the options must be an object, got number"},
    {"5.5", "the options must be an object, got number"},
    {R"({"retries":3})", "the options have no \"retries\"; known: retry"},
    {R"({"retry":3})", "the option \"retry\" must be an object such as { attempts: 3 }"},
    {R"({"retry":{}})",
     "retry.attempts is missing: how often to run at most, the first time "
     "included"},
    {R"({"retry":{"attempts":0}})", "retry.attempts must be a whole number from 1 to 100"},
    {R"({"retry":{"attempts":101}})", "retry.attempts must be a whole number from 1 to 100"},
    {R"({"retry":{"attempts":1.5}})", "retry.attempts must be a whole number from 1 to 100"},
    {R"({"retry":{"attempts":"3"}})", "retry.attempts must be a finite number, got string"},
    {R"({"retry":{"attempts":3,"initialBackoffMs":-1}})",
     "retry.initialBackoffMs must be a whole number from 0 to 86400000"},
    {R"({"retry":{"attempts":3,"initialBackoffMs":500,"maxBackoffMs":499}})",
     "retry.maxBackoffMs must be a whole number from 500 to 86400000"},
    {R"({"retry":{"attempts":3,"jitter":1}})",
     "the options of \"retry\" have no \"jitter\"; known: attempts, initialBackoffMs, "
     "maxBackoffMs"},
};

TEST_F(ScheduleTest, NamesTheOptionThatItRefuses) {
  for (const Options& options : kBadOptions) {
    SchedulerCall given = call_of(0);
    given.options = parse_json(options.json).value();
    EXPECT_EQ(call(run_after, given), std::string("scheduler.runAfter: ") + options.message);
  }
}

TEST_F(ScheduleTest, BoundsArgumentsAndNumbers) {
  limits_.args_bytes_max = 20;
  limits_.per_mutation_max = 3;
  limits_.pending_max = 5;
  SchedulerCall given = call_of(0);
  given.args = Object{{"text", std::string(20, 'x')}};
  EXPECT_THAT(call(run_after, given),
              HasSubstr("may have at most 20 bytes as JSON, these have 31; store them in a "));
  const auto schedule_some = [&](int count) {
    return mutate([&, count](engine::Transaction& transaction) -> Status {
      for (int i = 0; i < count; ++i)
        MS_TRY_STATUS(run_after(transaction, call_of(0), limits_));
      return {};
    });
  };
  const Status too_many = schedule_some(4);
  ASSERT_FALSE(too_many);
  EXPECT_EQ(too_many.error().reason(), "jobs_per_mutation");
  EXPECT_TRUE(jobs().empty()) << "nothing of it is scheduled";
  EXPECT_TRUE(schedule_some(3));
  EXPECT_TRUE(schedule_some(3)) << "the count at the first job decides";
  const Status full = schedule_some(1);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().reason(), "jobs_pending");
  EXPECT_THAT(full.error().message(), HasSubstr("6 jobs wait to run"));
}

TEST_F(ScheduleTest, CancelsPendingJobsOnly) {
  const std::string id = add_job("m", kStart + kHour);
  const auto cancel_one = [this](const std::string& which) {
    return mutate([&](engine::Transaction& transaction) { return cancel(transaction, which); });
  };
  EXPECT_TRUE(cancel_one(id));
  EXPECT_EQ(job(id).status, JobStatus::Cancelled);
  EXPECT_EQ(job(id).finished, kStart);
  clock_.advance(std::chrono::milliseconds(5));
  for (const std::string& other : {id, std::string("_jobs:nope"), std::string("nope"),
                                   std::string(), std::string("notes:1")}) {
    EXPECT_TRUE(cancel_one(other)) << other;
  }
  EXPECT_EQ(job(id).finished, kStart) << "the second time changed nothing";
}

TEST_F(ScheduleTest, NeedsTheTables) {
  auto bare = open_bare();
  engine::MutationCall mutation;
  mutation.function = "test";
  mutation.body = [this](engine::Transaction& transaction) -> Result<Json> {
    MS_TRY_STATUS(run_after(transaction, call_of(0), limits_));
    return Json();
  };
  const auto refused = bare->run(std::move(mutation));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "system_table");
}

TEST(Backoff, DoublesUpToItsMaximumAndLiesInTheUpperHalf) {
  const RetryPolicy policy{.attempts = 9, .initial_backoff_ms = 100, .max_backoff_ms = 1000};
  const std::int64_t whole[] = {100, 200, 400, 800, 1000, 1000};
  for (std::int64_t attempts = 1; attempts <= 6; ++attempts) {
    const std::int64_t pause = whole[attempts - 1];
    EXPECT_EQ(backoff_ms(policy, attempts, 0), pause / 2);
    for (std::uint64_t random = 0; random < 5000; random += 7) {
      EXPECT_GE(backoff_ms(policy, attempts, random), pause / 2);
      EXPECT_LE(backoff_ms(policy, attempts, random), pause);
    }
  }
  EXPECT_EQ(backoff_ms({.attempts = 2, .initial_backoff_ms = 0, .max_backoff_ms = 0}, 50, 9), 0);
}

TEST(ErrorText, IsCutAtACharacter) {
  std::string text(kErrorBytesMax - 5, 'x');
  text += "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4";
  const std::string cut = shortened(text);
  EXPECT_LE(cut.size(), kErrorBytesMax);
  EXPECT_EQ(cut.substr(cut.size() - 5), "x ...");
  EXPECT_EQ(shortened(std::string("a\0b", 3)), "a b");
}

}  // namespace
}  // namespace moonstone::runtime::jobs
