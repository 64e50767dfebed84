// Moonstone. Licence: see LICENSE.
// What the live engine tells about its queries: causes, costs, sharing, latencies.
#include <future>

#include <gtest/gtest.h>

#include "tests/live/live_fixture.h"
#include "tests/live/state_harness.h"

namespace moonstone::live {
namespace {

using testing::caller_named;
using testing::Collector;
using testing::LiveFixture;
using testing::make_everything;
using testing::RecordingSubscriber;
using testing::rows_equal;
using testing::select_run;
using testing::StateHarness;

class LiveStatisticsTest : public ::testing::Test {
 protected:
  void script(const std::string& key, const std::string& json, std::int64_t value) {
    engine_.script[key] = {.json = json, .footprint = {rows_equal(engine_.items, "a", value)}};
  }
  /// The query of that key; one that does not exist has the number 0.
  QueryInfo info_of(const std::string& key) {
    for (const QueryInfo& info : engine_.state.inspect({})) {
      if (info.key == key) return info;
    }
    return {};
  }

  StateHarness engine_;
  std::shared_ptr<RecordingSubscriber> one_ = StateHarness::make_subscriber();
  std::shared_ptr<RecordingSubscriber> two_ = StateHarness::make_subscriber();
};

TEST_F(LiveStatisticsTest, NamesTheChangeThatWokeAQueryLast) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  EXPECT_EQ(info_of("x").statistics.woken_by.version, 0U);
  script("x", "x2", 1);
  engine_.commit({engine_.insert(7), engine_.insert(1), engine_.insert(1)});
  engine_.settle();
  const WakeCause cause = info_of("x").statistics.woken_by;
  EXPECT_EQ(cause.version, 1U);
  EXPECT_EQ(cause.table, "items");
  EXPECT_EQ(cause.key, "items:2");  // the second of the commit
  engine_.write(7);                 // touches nothing
  EXPECT_EQ(info_of("x").statistics.woken_by.version, 1U);
}

TEST_F(LiveStatisticsTest, EverythingIsACauseWithoutARow) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  engine_.write(1);
  engine_.state.commit(make_everything(++engine_.version));
  engine_.settle();
  const WakeCause cause = info_of("x").statistics.woken_by;
  EXPECT_EQ(cause.version, 2U);
  EXPECT_EQ(cause.table, "");
  EXPECT_EQ(cause.key, "");
}

TEST_F(LiveStatisticsTest, CountsRunsRerunsUnchangedOnesAndCosts) {
  script("x", "x1", 1);
  engine_.script["x"].elapsed = std::chrono::milliseconds(4);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  engine_.script["x"].elapsed = std::chrono::milliseconds(10);
  engine_.write(1);  // unchanged
  script("x", "longer", 1);
  engine_.script["x"].elapsed = std::chrono::milliseconds(1);
  engine_.write(1);
  const QueryInfo info = info_of("x");
  EXPECT_EQ(info.statistics.runs, 3U);
  EXPECT_EQ(info.statistics.reruns, 2U);
  EXPECT_EQ(info.statistics.suppressed, 1U);
  EXPECT_EQ(info.statistics.work_last, std::chrono::milliseconds(1));
  EXPECT_EQ(info.statistics.work_max, std::chrono::milliseconds(10));
  EXPECT_EQ(info.statistics.work_total, std::chrono::milliseconds(15));
  EXPECT_EQ(info.result_bytes, 6U);
  EXPECT_EQ(info.answer_version, 2U);
  EXPECT_EQ(info.state, QueryState::Current);
  ASSERT_NE(info.footprint, nullptr);
  EXPECT_EQ(info.footprint->size(), 1U);
}

TEST_F(LiveStatisticsTest, TellsOfFailuresAndOfTheSlowLane) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  engine_.script["x"].json = Error(ErrorCode::Internal, "fell", "user_code");
  engine_.write(1);
  EXPECT_EQ(info_of("x").statistics.failed, 1U);
  EXPECT_EQ(info_of("x").state, QueryState::Failed);
  engine_.script["x"].json = Error(ErrorCode::DeadlineExceeded, "too long", "time_limit");
  engine_.write(1);  // stopped on the fast lane, and then by a reader
  const QueryInfo info = info_of("x");
  EXPECT_TRUE(info.is_slow);
  EXPECT_EQ(info.statistics.stopped, 1U);
  EXPECT_EQ(info.statistics.failed, 3U);
}

TEST_F(LiveStatisticsTest, TellsWhoSharesAQuery) {
  script("shared", "s", 1);
  engine_.script["own"] = {.json = std::string("o"),
                           .footprint = {rows_equal(engine_.items, "a", 1)},
                           .reads = {.identity = true}};
  for (const char* key : {"shared", "own"}) {
    engine_.subscribe_as(caller_named("ada"), one_, key == std::string("own") ? 1 : 2, key);
    engine_.subscribe_as(caller_named("bob"), two_, key == std::string("own") ? 1 : 2, key);
  }
  engine_.subscribe_as(caller_named("ada"), one_, 3, "shared");
  engine_.settle();
  EXPECT_EQ(info_of("shared").subscriptions, 3U);
  EXPECT_EQ(info_of("shared").subscribers, 2U);
  EXPECT_TRUE(info_of("shared").reads.empty());
  EXPECT_EQ(info_of("own").subscriptions, 1U);
  EXPECT_TRUE(info_of("own").reads.identity);
  EXPECT_EQ(engine_.state.inspect({}).size(), 3U);
  engine_.state.remove(one_);
  engine_.state.remove(two_);
  EXPECT_EQ(info_of("shared").state, QueryState::Idle);
  EXPECT_EQ(info_of("shared").subscriptions, 0U);
}

TEST_F(LiveStatisticsTest, ListsTheCostliestOfThoseThatAreWanted) {
  for (int i = 0; i < 5; ++i) {
    const std::string key = "q" + std::to_string(i);
    script(key, "r", 1);
    engine_.script[key].elapsed = std::chrono::milliseconds(i == 3 ? 10 : i);
    engine_.subscribe(one_, static_cast<std::uint64_t>(i), key);
  }
  engine_.settle();
  const auto keys_of = [](const std::vector<QueryInfo>& infos) {
    std::string keys;
    for (const QueryInfo& info : infos)
      keys += info.key;
    return keys;
  };
  EXPECT_EQ(keys_of(engine_.state.inspect({.queries_max = 2})), "q3q4");
  const auto is_even = [](const QueryInfo& candidate) {
    return (candidate.key.back() - '0') % 2 == 0;
  };
  EXPECT_EQ(keys_of(engine_.state.inspect({.wants = is_even})), "q4q2q0");
  EXPECT_TRUE(engine_.state.inspect({.queries_max = 0}).empty());
}

class LiveInspectionTest : public LiveFixture {
 protected:
  std::vector<QueryInfo> inspect() {
    std::promise<std::vector<QueryInfo>> promise;
    live_->inspect(
        {}, [&promise](std::vector<QueryInfo> infos) { promise.set_value(std::move(infos)); });
    return promise.get_future().get();
  }
};

TEST_F(LiveInspectionTest, TheEngineTellsOfARealDatabase) {
  open();
  const auto one = std::make_shared<Collector>();
  subscribe(one, 1, "group", select_run(in_group(1)));
  ASSERT_TRUE(one->wait_for_count(1));
  insert(2, 1);  // another group: nothing is pushed
  live_->drain();
  EXPECT_EQ(live_->latencies().pushes.count, 0U);
  const std::string id = insert(1, 5);
  live_->drain();
  ASSERT_TRUE(one->wait_for_count(2));
  const auto infos = inspect();
  ASSERT_EQ(infos.size(), 1U);
  EXPECT_EQ(infos[0].key, "group");
  EXPECT_EQ(infos[0].statistics.woken_by.key, id);
  EXPECT_EQ(infos[0].statistics.reruns, 1U);
  EXPECT_EQ(live_->counters().updates, 1U);
  EXPECT_EQ(live_->latencies().answers.count, 1U);
  EXPECT_EQ(live_->latencies().pushes.count, 1U);
}

}  // namespace
}  // namespace moonstone::live
