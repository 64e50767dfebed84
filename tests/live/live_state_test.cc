// Moonstone. Licence: see LICENSE.
#include "live/internal/live_state.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/live/state_harness.h"

namespace moonstone::live {
namespace {

using testing::make_everything;
using testing::NoSession;
using testing::Outcome;
using testing::RecordingSubscriber;
using testing::rows_equal;
using testing::StateHarness;
using Lines = std::vector<std::string>;

LiveOptions small_options() {
  LiveOptions options;
  options.fast_run_max = std::chrono::milliseconds(20);
  options.run_max = std::chrono::milliseconds(1000);
  options.idle_queries_max = 2;
  return options;
}

class LiveStateTest : public ::testing::Test {
 protected:
  /// Runs of `key` answer `json` and depend on a == value.
  void script(const std::string& key, const std::string& json, std::int64_t value) {
    engine_.script[key] = {.json = json, .footprint = {rows_equal(engine_.items, "a", value)}};
  }
  void script_error(const std::string& key, const Error& error, std::int64_t value) {
    engine_.script[key] = {.json = error, .footprint = {rows_equal(engine_.items, "a", value)}};
  }
  void script_slow(const std::string& key, const std::string& json, std::int64_t value) {
    script(key, json, value);
    engine_.script[key].elapsed = std::chrono::milliseconds(50);
  }
  /// Lets `listener` hear the text, with the subscriptions that are late, in its turn.
  void reply_when_delivered(const SubscriberPtr& subscriber,
                            Version version,
                            RecordingSubscriber& listener,
                            const std::string& text) {
    engine_.state.when_delivered(subscriber, version,
                                 [&listener, text](std::span<const SubscriptionId> late) {
                                   std::string line = text;
                                   for (const SubscriptionId id : late)
                                     line += " late " + std::to_string(id.value);
                                   listener.heard.push_back(std::move(line));
                                 });
  }
  LiveQueries::Counters counters() const { return engine_.state.counters(); }

  StateHarness engine_{small_options()};
  std::shared_ptr<RecordingSubscriber> one_ = StateHarness::make_subscriber();
  std::shared_ptr<RecordingSubscriber> two_ = StateHarness::make_subscriber();
};

const Error kUserError(ErrorCode::InvalidArgument, "thrown by the handler", "user_code");

TEST_F(LiveStateTest, FirstRunOnAReaderThenOnlyTouchedQueriesOnTheFastLane) {
  script("x", "x1", 1);
  script("y", "y1", 2);
  engine_.subscribe(one_, 1, "x");
  engine_.subscribe(one_, 2, "y");
  engine_.settle();
  EXPECT_EQ(engine_.take_runs(), (Lines{"reader x", "reader y"}));
  EXPECT_EQ(one_->take(), (Lines{"first 1 x1", "first 2 y1"}));
  script("x", "x2", 1);
  engine_.write(1);
  EXPECT_EQ(engine_.take_runs(), Lines{"fast x"});
  EXPECT_EQ(one_->take(), Lines{"update@1 1=x2"});
  engine_.write(3);
  EXPECT_EQ(engine_.take_runs(), Lines{});
  EXPECT_EQ(one_->take(), Lines{});
}

TEST_F(LiveStateTest, OneBatchPerSubscriberInTheOrderOfSubscribing) {
  for (const char* key : {"x", "y", "z"})
    script(key, "1", 1);
  engine_.subscribe(one_, 30, "z");
  engine_.subscribe(two_, 1, "x");
  engine_.subscribe(one_, 10, "x");
  engine_.subscribe(one_, 20, "y");
  engine_.settle();
  one_->take();
  two_->take();
  for (const char* key : {"x", "y", "z"})
    script(key, "2", 1);
  engine_.write(1);
  EXPECT_EQ(one_->take(), Lines{"update@1 30=2 10=2 20=2"});
  EXPECT_EQ(two_->take(), Lines{"update@1 1=2"});
}

TEST_F(LiveStateTest, SubscribersOfOneKeyShareOneRunAndTheSameBytes) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.subscribe(two_, 1, "x");
  engine_.settle();
  engine_.subscribe(two_, 2, "x");
  engine_.settle();
  EXPECT_EQ(engine_.take_runs(), Lines{"reader x"});
  EXPECT_EQ(two_->take(), (Lines{"first 1 x1", "first 2 x1"}));
  script("x", "x2", 1);
  engine_.write(1);
  EXPECT_EQ(engine_.take_runs(), Lines{"fast x"});
  EXPECT_EQ(one_->texts.back().get(), two_->texts.back().get());
  EXPECT_EQ(counters().queries, 1U);
  EXPECT_EQ(counters().subscriptions, 3U);
}

TEST_F(LiveStateTest, AnUnchangedResultIsNotDelivered) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  one_->take();
  engine_.write(1);
  EXPECT_EQ(engine_.take_runs(), (Lines{"reader x", "fast x"}));
  EXPECT_EQ(one_->take(), Lines{});
  EXPECT_EQ(counters().suppressed, 1U);
  EXPECT_EQ(counters().reruns, 1U);
  EXPECT_EQ(counters().runs, 2U);
}

TEST_F(LiveStateTest, ACommitBetweenSnapshotAndRegistrationIsNotLost) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.round();
  const FinishedRun run = engine_.perform(engine_.take_reader_job());
  engine_.commit({engine_.insert(1)});
  script("x", "x2", 1);
  engine_.state.finish(run);
  engine_.settle();
  // Delivered once, in its newest state.
  EXPECT_EQ(one_->take(), Lines{"first 1 x2"});
  EXPECT_EQ(engine_.take_runs(), (Lines{"reader x", "fast x"}));
}

TEST_F(LiveStateTest, ACommitThatTheSnapshotContainsCausesNoRun) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.round();
  ++engine_.version;  // visible to the run, announced afterwards
  engine_.state.finish(engine_.perform(engine_.take_reader_job()));
  engine_.state.commit(testing::make_commit(engine_.version, {engine_.insert(1)}));
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{"first 1 x1"});
  EXPECT_EQ(engine_.take_runs(), Lines{"reader x"});
}

TEST_F(LiveStateTest, ASlowQueryMovesToTheReadersAndDeliversOnItsOwn) {
  script("slow", "s1", 1);
  script("quick", "q1", 1);
  engine_.subscribe(one_, 1, "slow");
  engine_.subscribe(one_, 2, "quick");
  engine_.settle();
  one_->take();
  engine_.take_runs();
  script_error("slow", Error(ErrorCode::DeadlineExceeded, "too slow"), 1);
  script("quick", "q2", 1);
  engine_.commit({engine_.insert(1)});
  engine_.round();
  EXPECT_EQ(one_->take(), Lines{"update@1 2=q2"});
  EXPECT_EQ(counters().moved_slow, 1U);
  script_slow("slow", "s2", 1);
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{"update@1 1=s2"});
  EXPECT_EQ(engine_.take_runs(), (Lines{"fast slow", "fast quick", "reader slow"}));
}

TEST_F(LiveStateTest, ASlowResultThatIsTouchedMeanwhileIsDeliveredAndRunsAgain) {
  script_slow("slow", "s1", 1);
  script("quick", "q1", 1);
  engine_.subscribe(one_, 1, "slow");
  engine_.subscribe(one_, 2, "quick");
  engine_.settle();
  one_->take();
  script_slow("slow", "s2", 1);
  engine_.commit({engine_.insert(1)});
  engine_.round();
  const FinishedRun run = engine_.perform(engine_.take_reader_job());
  script_slow("slow", "s3", 1);
  script("quick", "q3", 1);
  engine_.commit({engine_.insert(1)});
  engine_.round();
  EXPECT_TRUE(engine_.reader_jobs.empty()) << "a query runs once at a time";
  engine_.state.finish(run);
  engine_.settle();
  EXPECT_EQ(one_->take(), (Lines{"update@2 2=q3", "update@1 1=s2", "update@2 1=s3"}));
}

TEST_F(LiveStateTest, QuickRunsBringAQueryBackToTheFastLane) {
  script_slow("x", "0", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  for (int run = 1; run <= kQuickRunsToReturn; ++run) {
    script("x", std::to_string(run), 1);
    engine_.write(1);
  }
  engine_.take_runs();
  engine_.write(1);
  EXPECT_EQ(engine_.take_runs(), Lines{"fast x"});
}

TEST_F(LiveStateTest, ASubscriberThatIsNotReadySkipsVersionsAndConverges) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  one_->take();
  engine_.take_runs();
  one_->is_ready = false;
  for (const char* json : {"x2", "x3", "x4"}) {
    script("x", json, 1);
    engine_.write(1);
  }
  EXPECT_EQ(engine_.take_runs(), Lines{}) << "nobody could take the results";
  one_->is_ready = true;
  engine_.state.resume(one_);
  engine_.settle();
  EXPECT_EQ(engine_.take_runs(), Lines{"fast x"});
  EXPECT_EQ(one_->take(), Lines{"update@3 1=x4"});
}

TEST_F(LiveStateTest, OneThatIsNotReadyDoesNotHoldBackTheOthers) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.subscribe(two_, 1, "x");
  engine_.settle();
  one_->take();
  two_->take();
  one_->is_ready = false;
  script("x", "x2", 1);
  engine_.write(1);
  EXPECT_EQ(two_->take(), Lines{"update@1 1=x2"});
  EXPECT_EQ(one_->take(), Lines{});
  one_->is_ready = true;
  engine_.take_runs();
  engine_.state.resume(one_);
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{"update@1 1=x2"});
  EXPECT_EQ(engine_.take_runs(), Lines{}) << "the answer is there";
}

TEST_F(LiveStateTest, WhatReturnsToItsOldStateWhileSkippedIsNotDelivered) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.subscribe(two_, 1, "x");
  engine_.settle();
  one_->take();
  one_->is_ready = false;
  script("x", "x2", 1);
  engine_.write(1);
  script("x", "x1", 1);
  engine_.write(1);
  one_->is_ready = true;
  engine_.state.resume(one_);
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{});
}

TEST_F(LiveStateTest, ASlowQueryOfAnUnreadySubscriberRunsAtResume) {
  script_slow("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  one_->take();
  one_->is_ready = false;
  script_slow("x", "x2", 1);
  engine_.write(1);
  EXPECT_EQ(engine_.take_runs(), Lines{"reader x"});
  one_->is_ready = true;
  engine_.state.resume(one_);
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{"update@1 1=x2"});
}

TEST_F(LiveStateTest, AFailingFirstRunCreatesNoSubscription) {
  script_error("x", kUserError, 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{"error 1 invalid_argument"});
  EXPECT_EQ(counters().subscriptions, 0U);
  EXPECT_EQ(counters().queries, 0U);
  engine_.take_runs();
  engine_.write(1);
  EXPECT_EQ(engine_.take_runs(), Lines{});
}

TEST_F(LiveStateTest, AFailingReRunIsSilentAndBothFootprintsStay) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  one_->take();
  script_error("x", kUserError, 2);
  engine_.write(1);
  EXPECT_EQ(one_->take(), Lines{});
  engine_.take_runs();
  engine_.write(1);
  EXPECT_EQ(engine_.take_runs(), Lines{"fast x"}) << "the footprint of the answer";
  script("x", "x2", 1);
  engine_.write(2);
  EXPECT_EQ(engine_.take_runs(), Lines{"fast x"}) << "the footprint of the failed run";
  EXPECT_EQ(one_->take(), Lines{"update@3 1=x2"});
  engine_.write(2);
  EXPECT_EQ(engine_.take_runs(), Lines{}) << "the failed run's footprint is gone";
}

TEST_F(LiveStateTest, SomebodyNewOnAFailedQueryGetsTheErrorTheOthersStay) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  script_error("x", kUserError, 1);
  engine_.write(1);
  engine_.subscribe(two_, 7, "x");
  engine_.settle();
  EXPECT_EQ(two_->take(), Lines{"error 7 invalid_argument"});
  EXPECT_EQ(counters().subscriptions, 1U);
  one_->take();
  script("x", "x2", 1);
  engine_.write(1);
  EXPECT_EQ(one_->take(), Lines{"update@2 1=x2"});
}

TEST_F(LiveStateTest, AnAnswerToSomebodyNewContainsWhatWasCommittedBefore) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  one_->is_ready = false;
  engine_.write(1);
  engine_.write(1);
  script("x", "x2", 1);
  engine_.subscribe(two_, 1, "x");
  engine_.settle();
  EXPECT_EQ(two_->take(), Lines{"first 1 x2"});
}

TEST_F(LiveStateTest, AReplacedIdHearsOnlyOfItsNewQuery) {
  script("x", "x1", 1);
  script("y", "y1", 2);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  engine_.subscribe(one_, 1, "y");
  engine_.settle();
  EXPECT_EQ(one_->take(), (Lines{"first 1 x1", "first 1 y1"}));
  script("x", "x2", 1);
  script("y", "y2", 2);
  engine_.write(1);
  engine_.write(2);
  EXPECT_EQ(one_->take(), Lines{"update@2 1=y2"});
  EXPECT_EQ(counters().subscriptions, 1U);
}

TEST_F(LiveStateTest, SubscribingAgainUnderTheSameIdAnswersAgain) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  EXPECT_EQ(one_->take(), (Lines{"first 1 x1", "first 1 x1"}));
  EXPECT_EQ(engine_.take_runs(), Lines{"reader x"});
}

TEST_F(LiveStateTest, WhoLeftIsNotCalled) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.subscribe(two_, 1, "x");
  engine_.subscribe(two_, 2, "x");
  engine_.round();
  engine_.state.unsubscribe(one_, {1});
  engine_.state.remove(two_);
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{});
  EXPECT_EQ(two_->take(), Lines{});
  EXPECT_EQ(counters().subscriptions, 0U);
  engine_.write(1);
  EXPECT_EQ(engine_.take_runs(), Lines{"reader x"}) << "an idle query does not run again";
}

TEST_F(LiveStateTest, ARefusalIsNotDeliveredToWhoLeft) {
  script_error("x", kUserError, 1);
  engine_.subscribe(one_, 1, "x");
  engine_.round();
  engine_.state.finish(engine_.perform(engine_.take_reader_job()));
  engine_.state.remove(one_);
  engine_.round();
  EXPECT_EQ(one_->take(), Lines{});
}

TEST_F(LiveStateTest, IdleAnswersAreSharedUntilTouched) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  engine_.state.unsubscribe(one_, {1});
  engine_.subscribe(two_, 1, "x");
  engine_.settle();
  EXPECT_EQ(engine_.take_runs(), Lines{"reader x"});
  EXPECT_EQ(two_->take(), Lines{"first 1 x1"});
  engine_.state.unsubscribe(two_, {1});
  engine_.write(1);
  EXPECT_EQ(counters().queries, 0U);
  engine_.subscribe(two_, 1, "x");
  engine_.settle();
  EXPECT_EQ(engine_.take_runs(), Lines{"reader x"});
}

TEST_F(LiveStateTest, TheLeastRecentlyUsedIdleQueryGoesFirst) {
  for (const char* key : {"x", "y", "z"}) {
    script(key, "1", 1);
    engine_.subscribe(one_, 1, key);
    engine_.settle();
    engine_.state.unsubscribe(one_, {1});
  }
  EXPECT_EQ(counters().queries, 2U);
  engine_.take_runs();
  engine_.subscribe(one_, 1, "y");
  engine_.subscribe(one_, 2, "x");
  engine_.settle();
  EXPECT_EQ(engine_.take_runs(), Lines{"reader x"});
}

TEST_F(LiveStateTest, RunOnceSharesAnswersAndKeepsNoFailures) {
  std::vector<std::string> answers;
  const auto note = [&answers](const Result<SharedText>& json) {
    answers.push_back(json ? **json : std::string(to_string(json.error().code())));
  };
  script("x", "x1", 1);
  engine_.state.run_once(engine_.define("x"), note);
  engine_.state.run_once(engine_.define("x"), note);
  engine_.settle();
  engine_.state.run_once(engine_.define("x"), note);
  engine_.settle();
  EXPECT_EQ(answers, (Lines{"x1", "x1", "x1"}));
  EXPECT_EQ(engine_.take_runs(), Lines{"reader x"});
  script_error("y", kUserError, 1);
  engine_.state.run_once(engine_.define("y"), note);
  engine_.settle();
  engine_.state.run_once(engine_.define("y"), note);
  engine_.settle();
  EXPECT_EQ(engine_.take_runs(), (Lines{"reader y", "reader y"}));
  EXPECT_EQ(answers.back(), "invalid_argument");
  EXPECT_EQ(answers.size(), 5U);
}

TEST_F(LiveStateTest, RunOnceThatJoinsARunSeesWhatWasCommittedBefore) {
  std::vector<std::string> answers;
  const auto note = [&answers](const Result<SharedText>& json) { answers.push_back(**json); };
  script_slow("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.round();
  const FinishedRun run = engine_.perform(engine_.take_reader_job());
  engine_.commit({engine_.insert(1)});
  engine_.state.run_once(engine_.define("x"), note);
  script_slow("x", "x2", 1);
  engine_.state.finish(run);
  engine_.round();
  EXPECT_EQ(answers, Lines{});
  EXPECT_EQ(one_->take(), Lines{"first 1 x1"});
  engine_.settle();
  EXPECT_EQ(answers, Lines{"x2"});
  EXPECT_EQ(one_->take(), Lines{"update@1 1=x2"});
}

TEST_F(LiveStateTest, DeliveredIsSaidAfterTheUpdatesOfThatVersion) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  one_->take();
  script("x", "x2", 1);
  engine_.commit({engine_.insert(1)});
  reply_when_delivered(one_, 1, *one_, "reply 1");
  reply_when_delivered(two_, 2, *one_, "reply 2");
  engine_.round();
  EXPECT_EQ(one_->take(), (Lines{"update@1 1=x2", "reply 1"}));
  engine_.commit({engine_.insert(5)});
  engine_.round();
  EXPECT_EQ(one_->take(), Lines{"reply 2"});
}

TEST_F(LiveStateTest, WhatIsLateIsNamedAndToldEvenIfItIsTheSame) {
  script_slow("slow", "s1", 1);
  script("quick", "q1", 1);
  engine_.subscribe(one_, 1, "slow");
  engine_.subscribe(one_, 2, "quick");
  engine_.settle();
  one_->take();
  script("quick", "q2", 1);
  engine_.commit({engine_.insert(1)});
  reply_when_delivered(one_, 1, *one_, "reply");
  engine_.round();
  EXPECT_EQ(one_->take(), (Lines{"update@1 2=q2", "reply late 1"}));
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{"update@1 1=s1"});
  // A debt is settled once, and without one the same result stays untold.
  engine_.write(1);
  EXPECT_EQ(one_->take(), Lines{});
}

TEST_F(LiveStateTest, ALateResultThatIsOlderThanTheReplySettlesNothing) {
  script_slow("slow", "s1", 1);
  engine_.subscribe(one_, 1, "slow");
  engine_.settle();
  one_->take();
  script_slow("slow", "s2", 1);
  engine_.commit({engine_.insert(1)});
  engine_.round();
  const FinishedRun run = engine_.perform(engine_.take_reader_job());
  engine_.commit({engine_.insert(1)});
  reply_when_delivered(one_, 2, *one_, "reply");
  engine_.round();
  EXPECT_EQ(one_->take(), Lines{"reply late 1"});
  engine_.state.finish(run);
  engine_.round();
  EXPECT_EQ(one_->take(), Lines{"update@1 1=s2 (late)"});
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{"update@2 1=s2"}) << "the same, but of the version that was owed";
}

TEST_F(LiveStateTest, AFirstResultThatIsLateContainsWhatWasAnswered) {
  script_slow("slow", "s1", 1);
  engine_.subscribe(one_, 1, "slow");
  engine_.round();
  const FinishedRun run = engine_.perform(engine_.take_reader_job());
  script_slow("slow", "s2", 1);
  engine_.commit({engine_.insert(1)});
  reply_when_delivered(one_, 1, *one_, "reply");
  engine_.round();
  EXPECT_EQ(one_->take(), Lines{"reply late 1"});
  engine_.state.finish(run);
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{"first 1 s2"});
}

TEST_F(LiveStateTest, ALateQueryThatFailsTellsItsLastResult) {
  script_slow("slow", "s1", 1);
  engine_.subscribe(one_, 1, "slow");
  engine_.settle();
  one_->take();
  script_error("slow", kUserError, 1);
  engine_.commit({engine_.insert(1)});
  reply_when_delivered(one_, 1, *one_, "reply");
  engine_.round();
  EXPECT_EQ(one_->take(), Lines{"reply late 1"});
  engine_.settle();
  EXPECT_EQ(one_->take().size(), 1U);
}

TEST_F(LiveStateTest, WhatABusySubscriberSkipsIsLate) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  one_->take();
  one_->is_ready = false;
  script("x", "x2", 1);
  engine_.commit({engine_.insert(1)});
  engine_.round();
  reply_when_delivered(one_, 1, *one_, "reply");
  engine_.round();
  EXPECT_EQ(one_->take(), Lines{"reply late 1"});
  one_->is_ready = true;
  engine_.state.resume(one_);
  engine_.settle();
  EXPECT_EQ(one_->take(), Lines{"update@1 1=x2"});
}

TEST_F(LiveStateTest, NobodyWaitsForAnothersPartOfTheBatch) {
  for (const char* key : {"x", "y", "z"})
    script(key, "1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.subscribe(one_, 2, "y");
  engine_.subscribe(two_, 3, "z");
  engine_.settle();
  one_->take();
  two_->take();
  for (const char* key : {"x", "y", "z"})
    script(key, "2", 1);
  engine_.commit({engine_.insert(1)});
  engine_.state.begin_batch();
  engine_.state.finish(engine_.perform(engine_.state.next_fast_job().value()));
  engine_.state.deliver_completed();
  EXPECT_EQ(one_->take(), Lines{}) << "a batch comes in one piece";
  // Somebody waits for the other subscriber: its query goes ahead.
  reply_when_delivered(two_, 1, *two_, "reply");
  engine_.state.deliver_completed();
  EXPECT_EQ(two_->take(), Lines{});
  engine_.state.finish(engine_.perform(engine_.state.next_fast_job().value()));
  engine_.state.deliver_completed();
  EXPECT_EQ(two_->take(), (Lines{"update@1 3=2", "reply"}));
  EXPECT_EQ(one_->take(), Lines{});
  engine_.state.finish(engine_.perform(engine_.state.next_fast_job().value()));
  engine_.state.deliver_completed();
  EXPECT_EQ(one_->take(), Lines{"update@1 1=2 2=2"});
  EXPECT_FALSE(engine_.state.next_fast_job().has_value());
}

TEST_F(LiveStateTest, AReplyWaitsForTheWholePartAlsoAfterABatchThatChangedNothing) {
  for (const char* key : {"x", "y"}) {
    script(key, "1", 1);
    engine_.subscribe(one_, key[0] == 'x' ? 1 : 2, key);
  }
  engine_.settle();
  engine_.write(1);  // both run, and nothing is new
  one_->take();
  for (const char* key : {"x", "y"})
    script(key, "2", 1);
  engine_.commit({engine_.insert(1)});
  engine_.state.begin_batch();
  reply_when_delivered(one_, engine_.version, *one_, "reply");
  engine_.state.finish(engine_.perform(engine_.state.next_fast_job().value()));
  engine_.state.deliver_completed();
  EXPECT_EQ(one_->take(), Lines{}) << "a batch comes in one piece";
  engine_.state.finish(engine_.perform(engine_.state.next_fast_job().value()));
  engine_.state.deliver_completed();
  EXPECT_EQ(one_->take(), (Lines{"update@2 1=2 2=2", "reply"}));
}

TEST_F(LiveStateTest, WhoeverAReplyWaitsForIsCalledBeforeTheCrowd) {
  constexpr std::size_t kCrowd = 3 * kDeliveriesAtOnce;
  script("x", "x1", 1);
  std::vector<std::shared_ptr<testing::RecordingSubscriber>> crowd;
  for (std::size_t i = 0; i < kCrowd; ++i) {
    crowd.push_back(StateHarness::make_subscriber());
    engine_.subscribe(crowd.back(), 1, "x");
  }
  engine_.subscribe(one_, 1, "x");
  engine_.subscribe(two_, 1, "x");
  engine_.settle();
  const auto called = [&crowd] {
    const auto has_heard = [](const auto& other) { return other->heard.size() == 2; };
    return static_cast<std::size_t>(std::ranges::count_if(crowd, has_heard));
  };
  script("x", "x2", 1);
  engine_.commit({engine_.insert(1)});
  one_->take();
  two_->take();
  reply_when_delivered(one_, 1, *one_, "known from the start");
  engine_.state.begin_batch();
  engine_.state.finish(engine_.perform(engine_.state.next_fast_job().value()));
  EXPECT_TRUE(engine_.state.deliver_completed()) << "not everybody at once";
  EXPECT_EQ(one_->take(), (Lines{"update@1 1=x2", "known from the start"}));
  EXPECT_EQ(called(), kDeliveriesAtOnce);
  EXPECT_EQ(two_->take(), Lines{});
  reply_when_delivered(two_, 1, *two_, "known later");
  EXPECT_TRUE(engine_.state.deliver_completed());
  EXPECT_EQ(two_->take(), (Lines{"update@1 1=x2", "known later"}));
  EXPECT_EQ(called(), 2 * kDeliveriesAtOnce);
  while (engine_.state.deliver_completed()) {
  }
  EXPECT_EQ(called(), kCrowd);
  engine_.round();
  EXPECT_EQ(called(), kCrowd) << "nobody is called twice";
  EXPECT_EQ(one_->take(), Lines{});
}

TEST_F(LiveStateTest, CommitsThatGatherAreOneRun) {
  script("x", "x1", 1);
  engine_.subscribe(one_, 1, "x");
  engine_.settle();
  one_->take();
  engine_.take_runs();
  script("x", "x4", 1);
  for (int i = 0; i < 3; ++i)
    engine_.commit({engine_.insert(1)});
  engine_.settle();
  EXPECT_EQ(engine_.take_runs(), Lines{"fast x"});
  EXPECT_EQ(one_->take(), Lines{"update@3 1=x4"});
}

}  // namespace
}  // namespace moonstone::live
