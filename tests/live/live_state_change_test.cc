// Moonstone. Licence: see LICENSE.
// LiveState when code, schema or everything changes, and at its limits.
#include <gtest/gtest.h>

#include "live/internal/live_state.h"
#include "tests/live/state_harness.h"

namespace moonstone::live {
namespace {

using testing::make_everything;
using testing::RecordingSubscriber;
using testing::rows_equal;
using testing::StateHarness;
using Lines = std::vector<std::string>;

class LiveStateChangeTest : public ::testing::Test {
 protected:
  void script(const std::string& key, const std::string& json, std::int64_t value) {
    engine_.script[key] = {.json = json, .footprint = {rows_equal(engine_.items, "a", value)}};
  }
  void script_stale(const std::string& key) {
    engine_.script[key] = {.json = Error(ErrorCode::FailedPrecondition, "other schema", kStaleCode),
                           .footprint = {}};
  }
  void replace(const std::string& affected, const std::string& code) {
    engine_.state.replace_runs([&](const std::string& key) -> std::optional<RunFunction> {
      if (key != affected) return std::nullopt;
      return engine_.define(key, code).run;
    });
  }
  void publish_everything() {
    engine_.state.commit(make_everything(engine_.version, engine_.schema_version));
  }
  LiveQueries::Counters counters() const { return engine_.state.counters(); }

  StateHarness engine_;
  std::shared_ptr<RecordingSubscriber> one_ = StateHarness::make_subscriber();
  std::shared_ptr<RecordingSubscriber> two_ = StateHarness::make_subscriber();
};

TEST_F(LiveStateChangeTest, EverythingRunsAllQueriesOnce) {
  script("x", "x1", 1);
  script("y", "y1", 2);
  engine_.subscribe(one_, 1, "x");
  engine_.subscribe(one_, 2, "y");
  engine_.settle();
  one_->take();
  engine_.take_runs();
  script("y", "y2", 2);
  publish_everything();
  engine_.settle();
  EXPECT_EQ(engine_.take_runs(), (Lines{"fast x", "fast y"}));
  EXPECT_EQ(one_->take(), Lines{"update@0 2=y2"});
}

TEST_F(LiveStateChangeTest, ARerunThatTheStoreFailedIsTriedAgain) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  one_->take();
  engine_.script["x"].json = Error(ErrorCode::Unavailable, "the disk refused", "io_error");
  engine_.write(1);
  EXPECT_EQ(one_->take(), Lines{});
  script("x", "x2", 1);
  ASSERT_TRUE(engine_.state.next_tick());
  engine_.now = *engine_.state.next_tick();
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{"update@1 1=x2"}) << "without another commit";
}

TEST_F(LiveStateChangeTest, AFirstRunThatTheStoreFailedIsAnsweredWithThat) {
  script("x", "x1", 1);
  engine_.script["x"].json = Error(ErrorCode::Unavailable, "the disk refused", "io_error");
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{"error 1 unavailable"});
  EXPECT_EQ(counters().queries, 0U);
}

TEST_F(LiveStateChangeTest, ReplacedRunsRunAgainAndTheOthersDoNot) {
  script("x", "x1", 1);
  script("y", "y1", 2);
  engine_.subscribe(one_, 1, "x");
  engine_.subscribe(one_, 2, "y");
  engine_.settle();
  one_->take();
  engine_.take_runs();
  replace("x", "+new");
  engine_.settle();
  EXPECT_EQ(engine_.take_runs(), Lines{"fast x+new"});
  EXPECT_EQ(one_->take(), Lines{"update@0 1=x1+new"});
  EXPECT_EQ(counters().reruns, 0U) << "no commit caused it";
}

TEST_F(LiveStateChangeTest, TheOutcomeOfReplacedCodeIsNeverShown) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.round();
  const FinishedRun old = engine_.perform(engine_.take_reader_job());
  replace("x", "+new");
  engine_.state.finish(old);
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{"first 1 x1+new"});
}

TEST_F(LiveStateChangeTest, IdleAnswersOfReplacedCodeAreDropped) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  engine_.state.unsubscribe(one_, {1});
  EXPECT_EQ(counters().queries, 1U);
  replace("x", "+new");
  EXPECT_EQ(counters().queries, 0U);
}

TEST_F(LiveStateChangeTest, CodeThatDoesNotFitYetRunsOnceTheSchemaIsThere) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  one_->take();
  engine_.take_runs();
  script_stale("x");
  replace("x", "+new");
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{});
  EXPECT_EQ(engine_.take_runs(), Lines{"fast x+new"}) << "it waits, it does not spin";
  script("x", "x2", 1);
  ++engine_.schema_version;
  publish_everything();
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{"update@0 1=x2+new"});
}

TEST_F(LiveStateChangeTest, CodeThatIsOutdatedRunsOnceItsReplacementIsThere) {
  script_stale("x");
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{});
  script("x", "x2", 1);
  replace("x", "+new");
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{"first 1 x2+new"});
}

TEST_F(LiveStateChangeTest, WhoeverWaitsForCodeThatNeverComesGetsAnError) {
  script_stale("x");
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  ASSERT_TRUE(engine_.state.next_tick().has_value());
  engine_.now = *engine_.state.next_tick() - std::chrono::nanoseconds(1);
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{});
  engine_.now = *engine_.state.next_tick();
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{"error 1 unavailable"});
  EXPECT_EQ(counters().queries, 0U);
  EXPECT_FALSE(engine_.state.next_tick().has_value());
}

TEST_F(LiveStateChangeTest, WithoutASnapshotNewOnesAreRefusedAndOldOnesRetry) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  one_->take();
  engine_.commit({engine_.insert(1)});
  engine_.subscribe(two_, 1, "x");
  engine_.state.begin_batch();
  while (const auto job = engine_.state.next_fast_job()) {
    FinishedRun run;
    run.job = *job;
    run.result.json = Error(ErrorCode::Unavailable, "disk", "io");
    run.result.footprint = testing::footprint_of({});
    run.at = engine_.now;
    engine_.state.finish(run);
  }
  engine_.settle();
  EXPECT_EQ(two_->take(), Lines{"error 1 unavailable"});
  EXPECT_EQ(one_->take(), Lines{});
  script("x", "x2", 1);
  engine_.now = engine_.state.next_tick().value();
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{"update@1 1=x2"});
}

TEST_F(LiveStateChangeTest, ClearForgetsSilentlyAndAnswersWhoAskedOnce) {
  script("x", "x1", 1);
  std::vector<std::string> answers;
  engine_.subscribe(one_, 1, "x");
  engine_.round();
  engine_.subscribe(two_, 1, "y");
  engine_.state.run_once(engine_.define("z"), [&](const Result<SharedText>& json) {
    answers.emplace_back(json.error().reason());
  });
  engine_.state.clear();
  engine_.settle();
  EXPECT_EQ(answers, Lines{"cleared"});
  EXPECT_EQ(one_->take(), Lines{});
  EXPECT_EQ(two_->take(), Lines{});
  EXPECT_EQ(counters().queries, 0U);
  EXPECT_EQ(counters().subscriptions, 0U);
  EXPECT_TRUE(engine_.state.is_settled());
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{"first 1 x1"});
}

TEST_F(LiveStateChangeTest, ManyResetsAtTheSameVersionTerminate) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.round();
  const FinishedRun run = engine_.perform(engine_.take_reader_job());
  publish_everything();
  publish_everything();
  engine_.state.finish(run);
  engine_.settle();
  EXPECT_EQ(engine_.take_runs(), (Lines{"reader x", "fast x"}));
  EXPECT_EQ(one_->take(), Lines{"first 1 x1"});
}

TEST_F(LiveStateChangeTest, FirstRunsBeyondTheLimitAreRefused) {
  for (std::size_t i = 0; i < kReaderRunsMax; ++i) {
    engine_.subscribe(one_, i, "q" + std::to_string(i));
  }
  engine_.round();
  EXPECT_EQ(one_->take(), Lines{});
  engine_.subscribe(two_, 1, "q0");
  engine_.subscribe(two_, 2, "one more");
  engine_.round();
  EXPECT_EQ(two_->take(), Lines{"error 2 limit_exceeded"});
  EXPECT_EQ(engine_.reader_jobs.size(), kReaderRunsMax);
}

TEST_F(LiveStateChangeTest, GiveUpAnswersWhoAskedOnce) {
  std::vector<std::string> answers;
  engine_.state.run_once(engine_.define("x"), [&](const Result<SharedText>& json) {
    answers.emplace_back(json.error().reason());
  });
  engine_.round();
  engine_.state.give_up();
  EXPECT_EQ(answers, Lines{"shutting_down"});
}

}  // namespace
}  // namespace moonstone::live
