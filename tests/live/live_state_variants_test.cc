// Moonstone. Licence: see LICENSE.
// LiveState with queries that look at their caller: who shares what, and how often runs happen.
#include <gtest/gtest.h>

#include "live/internal/live_state.h"
#include "tests/live/state_harness.h"

namespace moonstone::live {
namespace {

using testing::caller_named;
using testing::RecordingSubscriber;
using testing::rows_equal;
using testing::StateHarness;
using Lines = std::vector<std::string>;
using RecorderPtr = std::shared_ptr<RecordingSubscriber>;

constexpr SessionReads kIdentity{.identity = true, .base_url = false};
constexpr SessionReads kBaseUrl{.identity = false, .base_url = true};
constexpr SessionReads kBoth{.identity = true, .base_url = true};

class LiveStateVariantsTest : public ::testing::Test {
 protected:
  /// Runs of "q" answer `json` with the traces of what they read, and depend on a == 1.
  void script(const std::string& json, SessionReads reads) {
    engine_.script["q"] = {
        .json = json, .footprint = {rows_equal(engine_.items, "a", 1)}, .reads = reads};
  }
  void script_error(SessionReads reads) {
    script("", reads);
    engine_.script["q"].json = Error(ErrorCode::InvalidArgument, "refused");
  }
  RecorderPtr join(const CallerPtr& caller) {
    RecorderPtr subscriber = StateHarness::make_subscriber();
    engine_.subscribe_as(caller, subscriber, 1, "q");
    return subscriber;
  }
  std::vector<RecorderPtr> join_many(int count) {
    std::vector<RecorderPtr> subscribers;
    for (int i = 0; i < count; ++i)
      subscribers.push_back(join(caller_named("u" + std::to_string(i))));
    return subscribers;
  }
  void deploy(const std::string& code = "") {
    engine_.state.replace_runs([&](const std::string& key) -> std::optional<RunFunction> {
      return engine_.define(key, code).run;
    });
    engine_.settle();
  }
  std::size_t settle_and_count_runs() {
    engine_.settle();
    return engine_.take_runs().size();
  }
  LiveQueries::Counters counters() const { return engine_.state.counters(); }

  StateHarness engine_;
  CallerPtr alice_ = caller_named("alice", "http://a");
  CallerPtr bob_ = caller_named("bob", "http://b");
};

TEST_F(LiveStateVariantsTest, AThousandUsersShareOneRunThatReadsNothingOfThem) {
  script("v1", {});
  const auto users = join_many(1000);
  EXPECT_EQ(settle_and_count_runs(), 1U);
  script("v2", {});
  engine_.write(1);
  EXPECT_EQ(engine_.take_runs().size(), 1U);
  for (const RecorderPtr& user : users)
    EXPECT_EQ(user->take(), (Lines{"first 1 v1", "update@1 1=v2"}));
  EXPECT_EQ(counters().queries, 1U);
}

TEST_F(LiveStateVariantsTest, AThousandIdentitiesAreRunExactlyOnceEach) {
  script("v1", kIdentity);
  const auto users = join_many(1000);
  EXPECT_EQ(settle_and_count_runs(), 1000U);
  const auto again = join_many(1000);  // the same people once more
  EXPECT_EQ(settle_and_count_runs(), 0U);
  script("v2", kIdentity);
  engine_.write(1);
  EXPECT_EQ(engine_.take_runs().size(), 1000U);
  for (std::size_t i = 0; i < users.size(); ++i) {
    const std::string own = "#u" + std::to_string(i);
    const Lines expected{"first 1 v1" + own, "update@1 1=v2" + own};
    EXPECT_EQ(users[i]->take(), expected);
    EXPECT_EQ(again[i]->take(), expected);
  }
  EXPECT_EQ(counters().queries, 1000U);
}

TEST_F(LiveStateVariantsTest, ALateQueryThatIsDividedAndFailsTellsTheLastResult) {
  script("open", {});
  engine_.script["q"].elapsed = std::chrono::milliseconds(500);
  const RecorderPtr a = join(alice_);
  const RecorderPtr b = join(bob_);
  engine_.settle();
  a->take();
  b->take();
  script_error(kIdentity);
  engine_.commit({engine_.insert(1)});
  const auto reply_to = [this](const RecorderPtr& listener) {
    engine_.state.when_delivered(
        listener, engine_.version, [&listener = *listener](std::span<const SubscriptionId> late) {
          listener.heard.push_back("reply, late: " + std::to_string(late.size()));
        });
  };
  reply_to(a);
  reply_to(b);
  engine_.settle();
  const Lines expected{"reply, late: 1", "update@0 1=open"};
  EXPECT_EQ(a->take(), expected);
  EXPECT_EQ(b->take(), expected);
  // The debt is settled once, and what it came to is news.
  script("closed", kIdentity);
  engine_.write(1);
  EXPECT_EQ(a->take(), Lines{"update@2 1=closed#alice"});
  EXPECT_EQ(b->take(), Lines{"update@2 1=closed#bob"});
}

TEST_F(LiveStateVariantsTest, ALateQueryThatFailsForAnotherCallerTellsNothingOfTheFormerOne) {
  script("secret", kIdentity);
  engine_.script["q"].elapsed = std::chrono::milliseconds(500);
  const RecorderPtr a = join(alice_);
  engine_.settle();
  a->take();
  engine_.commit({engine_.insert(1)});
  engine_.state.when_delivered(a, engine_.version, [](std::span<const SubscriptionId> /*late*/) {});
  engine_.round();
  script_error(kIdentity);
  engine_.state.change_caller(a, bob_);
  engine_.settle();
  EXPECT_EQ(a->take(), Lines{});
}

TEST_F(LiveStateVariantsTest, ARerunThatBeginsToReadSplitsInTheSameBatch) {
  script("open", {});
  const RecorderPtr a = join(alice_);
  const RecorderPtr b = join(bob_);
  EXPECT_EQ(settle_and_count_runs(), 1U);
  a->take();
  b->take();
  script("closed", kIdentity);
  bool is_answered = false;
  engine_.commit({engine_.insert(1)});
  engine_.state.when_delivered(b, engine_.version, [&](std::span<const SubscriptionId> /*late*/) {
    is_answered = true;
    EXPECT_EQ(b->take(), Lines{"update@1 1=closed#bob"}) << "before whoever waits is told";
  });
  engine_.settle();
  EXPECT_TRUE(is_answered);
  EXPECT_EQ(engine_.take_runs(), (Lines{"fast q#alice", "fast q#bob"}));
  EXPECT_EQ(a->take(), Lines{"update@1 1=closed#alice"});
}

TEST_F(LiveStateVariantsTest, WhoeverComesLaterIsApartAtOnce) {
  script("v1", kIdentity);
  const RecorderPtr a = join(alice_);
  EXPECT_EQ(settle_and_count_runs(), 1U);
  const RecorderPtr b = join(bob_);
  engine_.settle();
  EXPECT_EQ(engine_.take_runs(), Lines{"reader q#bob"});
  EXPECT_EQ(b->take(), Lines{"first 1 v1#bob"});
}

TEST_F(LiveStateVariantsTest, ApartStaysApartUntilNewCodeReadsLess) {
  script("v1", kIdentity);
  const auto users = join_many(10);
  EXPECT_EQ(settle_and_count_runs(), 10U);
  script("v2", {});
  engine_.write(1);
  EXPECT_EQ(engine_.take_runs().size(), 10U);
  deploy();
  EXPECT_EQ(engine_.take_runs().size(), 1U);
  EXPECT_EQ(counters().queries, 1U);
  script("v3", {});
  engine_.write(1);
  EXPECT_EQ(engine_.take_runs().size(), 1U);
  for (const RecorderPtr& user : users)
    EXPECT_EQ(user->take().back(), "update@2 1=v3");
}

TEST_F(LiveStateVariantsTest, ADeployOfCodeThatStillReadsRunsOncePerIdentityAndIsSilentIfEqual) {
  script("v1", kIdentity);
  const auto users = join_many(10);
  engine_.settle();
  for (const RecorderPtr& user : users)
    user->take();
  engine_.take_runs();
  deploy();
  EXPECT_EQ(engine_.take_runs().size(), 10U);
  for (const RecorderPtr& user : users)
    EXPECT_EQ(user->take(), Lines{});
  deploy("new");
  EXPECT_EQ(users[3]->take(), Lines{"update@0 1=v1new#u3"});
}

TEST_F(LiveStateVariantsTest, ADeployWhoseFirstSharedRunFailsKeepsTheAnswersAndWakesUp) {
  script("v1", kIdentity);
  const RecorderPtr a = join(alice_);
  const RecorderPtr b = join(bob_);
  engine_.settle();
  script_error({});
  deploy();
  EXPECT_EQ(a->take(), Lines{"first 1 v1#alice"});
  EXPECT_EQ(counters().subscriptions, 2U);
  script("v2", kIdentity);
  engine_.write(1);
  EXPECT_EQ(a->take(), Lines{"update@1 1=v2#alice"});
  EXPECT_EQ(b->take(), (Lines{"first 1 v1#bob", "update@1 1=v2#bob"}));
}

TEST_F(LiveStateVariantsTest, AnErrorThatReadTheIdentityIsOfItsCallerOnly) {
  script_error(kIdentity);
  const RecorderPtr a = join(alice_);
  const RecorderPtr b = join(bob_);
  EXPECT_EQ(settle_and_count_runs(), 2U);
  ASSERT_EQ(a->texts.size(), 1U);
  EXPECT_EQ(*a->texts[0], "refused#alice");
  EXPECT_EQ(*b->texts[0], "refused#bob");
  EXPECT_EQ(counters().subscriptions, 0U);
  EXPECT_EQ(counters().queries, 0U);
}

TEST_F(LiveStateVariantsTest, AddressesDivideOnlyWhatReadsThem) {
  script("v", kBaseUrl);
  const RecorderPtr a = join(alice_);
  const RecorderPtr a2 = join(caller_named("carol", "http://a"));
  const RecorderPtr b = join(bob_);
  EXPECT_EQ(settle_and_count_runs(), 2U);
  EXPECT_EQ(a2->take(), Lines{"first 1 v@http://a"});
  EXPECT_EQ(b->take(), Lines{"first 1 v@http://b"});
  // One group begins to read the identity, too; the other group's answer is as good as before.
  script("w", kBoth);
  engine_.write(1);
  EXPECT_EQ(a2->take(), Lines{"update@1 1=w#carol@http://a"});
  EXPECT_EQ(a->take().back(), "update@1 1=w#alice@http://a");
  EXPECT_EQ(counters().queries, 3U);
}

TEST_F(LiveStateVariantsTest, OneAnswerForOnceIsNeverSomebodyElses) {
  script("v", kIdentity);
  Lines answers;
  for (const CallerPtr& caller : {alice_, bob_, alice_}) {
    engine_.state.run_once(engine_.define("q", "", caller),
                           [&](const Result<SharedText>& json) { answers.push_back(**json); });
  }
  EXPECT_EQ(settle_and_count_runs(), 2U);
  EXPECT_EQ(answers, (Lines{"v#alice", "v#alice", "v#bob"}));
}

TEST_F(LiveStateVariantsTest, AnotherCallerRunsOnlyWhatReadsIt) {
  script("v", kIdentity);
  engine_.script["shared"] = {.json = "s", .footprint = {rows_equal(engine_.items, "a", 2)}};
  const RecorderPtr a = join(alice_);
  engine_.subscribe_as(alice_, a, 2, "shared");
  engine_.settle();
  a->take();
  engine_.take_runs();
  engine_.state.change_caller(a, bob_);
  engine_.settle();
  EXPECT_EQ(engine_.take_runs(), Lines{"reader q#bob"});
  EXPECT_EQ(a->take(), Lines{"update@0 1=v#bob"});
  // Back again: the first answer is still good.
  engine_.state.change_caller(a, alice_);
  EXPECT_EQ(settle_and_count_runs(), 0U);
  EXPECT_EQ(a->take(), Lines{"update@0 1=v#alice"});
  // The same claims in another token change nothing.
  engine_.state.change_caller(a, caller_named("alice", "http://elsewhere"));
  EXPECT_EQ(settle_and_count_runs(), 0U);
  EXPECT_EQ(a->take(), Lines{});
}

TEST_F(LiveStateVariantsTest, ARunForTheFormerCallerIsNotShownAfterTheChange) {
  script("v", kIdentity);
  const RecorderPtr a = join(alice_);
  engine_.round();
  FinishedRun for_alice = engine_.perform(engine_.take_reader_job());
  engine_.state.change_caller(a, bob_);
  engine_.state.finish(std::move(for_alice));
  engine_.settle();
  EXPECT_EQ(a->take(), Lines{"first 1 v#bob"});
}

TEST_F(LiveStateVariantsTest, AnErrorForTheFormerCallerIsToldBeforeTheChange) {
  script_error(kIdentity);
  const RecorderPtr a = join(alice_);
  const RecorderPtr b = join(bob_);
  engine_.round();
  engine_.state.finish(engine_.perform(engine_.take_reader_job()));
  engine_.state.deliver_refusals(a);
  ASSERT_EQ(a->take(), Lines{"error 1 invalid_argument"});
  EXPECT_EQ(*a->texts[0], "refused#alice");
  EXPECT_EQ(b->take(), Lines{});
  engine_.state.change_caller(a, bob_);
  engine_.settle();
  EXPECT_EQ(a->take(), Lines{}) << "told twice";
  EXPECT_EQ(b->take(), Lines{"error 1 invalid_argument"});
}

TEST_F(LiveStateVariantsTest, ARunThatOutlivesItsSubscriberServesTheOthers) {
  script("v", kIdentity);
  const RecorderPtr a = join(alice_);
  const RecorderPtr b = join(bob_);
  engine_.round();
  FinishedRun for_alice = engine_.perform(engine_.take_reader_job());
  engine_.state.remove(a);
  engine_.state.finish(std::move(for_alice));
  engine_.settle();
  EXPECT_EQ(a->take(), Lines{});
  EXPECT_EQ(b->take(), Lines{"first 1 v#bob"});
  EXPECT_EQ(counters().queries, 1U);
}

TEST_F(LiveStateVariantsTest, ASplitReachesWhoeverWasNotReadyLater) {
  script("open", {});
  const RecorderPtr a = join(alice_);
  const RecorderPtr b = join(bob_);
  engine_.settle();
  b->take();
  b->is_ready = false;
  script("closed", kIdentity);
  engine_.write(1);
  EXPECT_EQ(b->take(), Lines{});
  b->is_ready = true;
  engine_.state.resume(b);
  engine_.settle();
  EXPECT_EQ(b->take(), Lines{"update@1 1=closed#bob"});
}

TEST(CallerTest, NobodyIsNotSomebodyAndClaimsCountWithoutTheirOrder) {
  EXPECT_NE(anonymous_caller()->identity_key(), caller_named("-")->identity_key());
  engine::Session null_session;
  null_session.identity = nullptr;
  EXPECT_EQ(make_caller(null_session)->identity_key(), anonymous_caller()->identity_key());
  engine::Session one;
  one.identity = Object{{"subject", "x"}, {"role", "y"}};
  engine::Session two;
  two.identity = Object{{"role", "y"}, {"subject", "x"}};
  EXPECT_EQ(make_caller(one)->identity_key(), make_caller(two)->identity_key());
}

}  // namespace
}  // namespace moonstone::live
