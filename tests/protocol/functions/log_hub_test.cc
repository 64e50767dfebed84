// Moonstone. Licence: see LICENSE.
// The kept log: filters, bounds, followers that are slow, leave or are told to end.
#include "protocol/functions/log_hub.h"

#include <algorithm>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/functions/function_runs.h"

namespace moonstone::protocol::functions {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LogHubTest : public ::testing::Test {
 protected:
  void say(LogLevel level, std::string_view function, std::string text) {
    hub_.log(level, "functions", "console",
             {{"function", function}, {"text", std::move(text)}, {"tenant", "default"}});
  }
  static std::size_t lines_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
  }
  /// What one read gives, if it is there at once.
  static std::optional<std::string> read(const BodyReaderPtr& body) {
    auto piece = std::make_shared<std::optional<std::string>>();
    body->read([piece](Result<std::string> got) { *piece = got.value_or("(failed)"); });
    return *piece;
  }

  ManualClock clock_{1'000};
  LogHub hub_{null_logger(), clock_};
};

TEST_F(LogHubTest, KeepsTheNewestThatFit) {
  say(LogLevel::Info, "a:x", "one");
  clock_.set(2'000);
  say(LogLevel::Warn, "a:y", "two");
  say(LogLevel::Info, "b:x", "three");
  EXPECT_EQ(lines_of(hub_.recent({}, 100)), 3U);
  EXPECT_THAT(hub_.recent({}, 1), HasSubstr("three"));
  EXPECT_EQ(lines_of(hub_.recent({.least = LogLevel::Warn}, 100)), 1U);
  EXPECT_EQ(lines_of(hub_.recent({.since_unix_ms = 2'000}, 100)), 2U);
  EXPECT_EQ(lines_of(hub_.recent({.function = "a:"}, 100)), 2U);
  EXPECT_EQ(lines_of(hub_.recent({.function = "a:y"}, 100)), 1U);
  EXPECT_EQ(lines_of(hub_.recent({.tenant = "other"}, 100)), 0U);
  EXPECT_THAT(hub_.recent({.function = "a:x"}, 100),
              HasSubstr(R"({"ts":1000,"level":"info","module":"functions","event":"console",)"));
}

TEST_F(LogHubTest, MasksSecretsAndCutsLongLines) {
  hub_.log(LogLevel::Info, "m", "e", {{"token", "abc"}, {"url", "/?api_key=abc"}});
  EXPECT_THAT(hub_.recent({}, 1), Not(HasSubstr("abc")));
  say(LogLevel::Info, "a:x", std::string(1'000'000, 'x') + "end");
  EXPECT_LT(hub_.recent({}, 1).size(), 10'000U);
}

TEST_F(LogHubTest, ALineThatEscapesMakeLongDoesNotStandInTheWay) {
  const BodyReaderPtr body = hub_.follow({}, 0, {});
  const std::string controls(8'000, '\x01');
  hub_.log(LogLevel::Warn, "functions", "failed", {{"error", controls}, {"stack", controls}});
  say(LogLevel::Info, "a:x", "behind it");
  EXPECT_EQ(lines_of(hub_.recent({}, 100)), 2U);
  EXPECT_THAT(read(body).value_or("nothing"), HasSubstr("failed"));
  EXPECT_THAT(read(body).value_or("nothing"), HasSubstr("behind it"));
}

TEST_F(LogHubTest, IsBounded) {
  for (std::size_t i = 0; i < kLogLinesMax + 10; ++i)
    say(LogLevel::Info, "a:x", std::to_string(i));
  const std::string all = hub_.recent({}, 1'000'000);
  EXPECT_EQ(lines_of(all), kLogLinesMax);
  EXPECT_THAT(all, Not(HasSubstr(R"("text":"9")")));
}

TEST_F(LogHubTest, FollowersGetWhatIsKeptAndWhatComes) {
  say(LogLevel::Info, "a:x", "old");
  const BodyReaderPtr body = hub_.follow({.function = "a:x"}, 10, {});
  EXPECT_THAT(*read(body), HasSubstr("old"));
  auto piece = std::make_shared<std::string>();
  body->read([piece](Result<std::string> got) { *piece = got.value_or("(failed)"); });
  say(LogLevel::Info, "b:x", "not this");
  EXPECT_EQ(*piece, "");
  say(LogLevel::Info, "a:x", "new");
  EXPECT_THAT(*piece, HasSubstr("new"));
}

TEST_F(LogHubTest, WhoReadsSlowlyIsToldWhatItMissed) {
  const BodyReaderPtr body = hub_.follow({}, 0, {});
  for (std::size_t i = 0; i < kLogLinesMax + 7; ++i)
    say(LogLevel::Info, "a:x", "line");
  EXPECT_THAT(*read(body),
              ::testing::StartsWith(R"({"event":"lines_missed","module":"log","count":7})"));
}

TEST_F(LogHubTest, FollowersEnd) {
  std::stop_source gone;
  const BodyReaderPtr left = hub_.follow({}, 0, gone.get_token());
  const BodyReaderPtr stays = hub_.follow({}, 0, {});
  auto ended = std::make_shared<int>(0);
  for (const BodyReaderPtr& body : {left, stays})
    body->read([ended](Result<std::string> got) { *ended += got && got->empty() ? 1 : 100; });
  gone.request_stop();
  EXPECT_EQ(*ended, 1);
  hub_.end();
  EXPECT_EQ(*ended, 2);
  EXPECT_EQ(read(left), "");
}

TEST_F(LogHubTest, FollowersAreBounded) {
  std::vector<BodyReaderPtr> all;
  for (std::size_t i = 0; i < kLogFollowersMax; ++i)
    all.push_back(hub_.follow({}, 0, {}));
  EXPECT_EQ(hub_.follow({}, 0, {}), nullptr);
  all.pop_back();
  EXPECT_NE(hub_.follow({}, 0, {}), nullptr);
}

TEST_F(LogHubTest, ManyThreads) {
  std::jthread following([this] {
    for (int i = 0; i < 200; ++i) {
      std::stop_source gone;
      const BodyReaderPtr body = hub_.follow({}, 5, gone.get_token());
      body->read([](const Result<std::string>& /*piece*/) {});
      body->read([](const Result<std::string>& /*piece*/) {});
      gone.request_stop();
    }
  });
  for (int i = 0; i < 2'000; ++i)
    say(LogLevel::Info, "a:x", "line");
  following.join();
  EXPECT_EQ(lines_of(hub_.recent({}, 100)), 100U);
}

TEST(FunctionRunsTest, CountsAndKeepsTheLatest) {
  FunctionRuns runs;
  for (int i = 0; i < 1'000; ++i) {
    runs.record({.function = "a:x",
                 .kind = runtime::FunctionKind::Query,
                 .tenant = i % 2 == 0 ? "default" : "other",
                 .unix_ms = i,
                 .duration = std::chrono::milliseconds(3),
                 .work = std::chrono::milliseconds(2),
                 .documents = 5,
                 .error = i % 10 == 0 ? "failed" : ""});
  }
  const auto summary = runs.summaries().at("a:x");
  EXPECT_EQ(summary.succeeded.count, 900U);
  EXPECT_EQ(summary.failed.count, 100U);
  EXPECT_DOUBLE_EQ(summary.work_seconds, 2);
  EXPECT_EQ(summary.documents, 5'000U);
  EXPECT_EQ(summary.last_error, "failed");
  EXPECT_EQ(summary.last_error_unix_ms, 990);
  EXPECT_EQ(runs.recent("default", "", 1'000'000).size(), kRecentRunsMax / 2);
  EXPECT_EQ(runs.recent("default", "a:x", 3).front().unix_ms, 998);
  EXPECT_TRUE(runs.recent("default", "b:x", 3).empty());
  MetricSnapshot snapshot;
  runs.read(snapshot);
  EXPECT_EQ(snapshot.front().samples.size(), 2U);
}

TEST(FunctionRunsTest, CountsNoMoreFunctionsThanItHasRoomFor) {
  FunctionRuns runs;
  for (std::size_t i = 0; i < kCountedFunctionsMax + 10; ++i) {
    const std::string name = "module:function" + std::to_string(i);
    runs.record({.function = name, .tenant = "default"});
    runs.record({.function = name, .tenant = "default"});
  }
  const auto summaries = runs.summaries();
  EXPECT_EQ(summaries.size(), kCountedFunctionsMax);
  for (const auto& [name, summary] : summaries)
    EXPECT_EQ(summary.succeeded.count, 2U) << name;
  const std::string last = "module:function" + std::to_string(kCountedFunctionsMax + 9);
  EXPECT_EQ(runs.recent("default", last, 10).size(), 2U);
}

TEST(FunctionRunsTest, ManyThreadsCountEachRunOnce) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kFunctions = 50;
  constexpr std::size_t kRounds = 200;
  FunctionRuns runs;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&runs] {
        for (std::size_t round = 0; round < kRounds; ++round) {
          for (std::size_t k = 0; k < kFunctions; ++k) {
            const std::string name = "a:" + std::to_string(k);
            runs.record({.function = name, .tenant = "default", .documents = 1});
          }
        }
      });
    }
  }
  const auto summaries = runs.summaries();
  ASSERT_EQ(summaries.size(), kFunctions);
  for (const auto& [name, summary] : summaries) {
    EXPECT_EQ(summary.succeeded.count, kThreads * kRounds) << name;
    EXPECT_EQ(summary.documents, kThreads * kRounds) << name;
  }
}

}  // namespace
}  // namespace moonstone::protocol::functions
