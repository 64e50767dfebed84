// Moonstone. Licence: see LICENSE.
// Sessions without sockets, on a clock that stands still until told: what goes out, and who hears.
#include "client/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moonstone::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

/// A session and its world. Each step ends a turn, as a loop would.
class SessionTest : public ::testing::Test, public SessionHost {
 protected:
  void make(Options options = {}) {
    session_ = std::make_unique<Session>(*this, clock_, random_, std::move(options));
  }
  void open() {
    if (session_ == nullptr) make();
    step([](Session& session) { session.wake(); });
    step([](Session& session) { session.opened(); });
    EXPECT_THAT(sent_, ElementsAre(StartsWith(R"({"type":"hello","client":")")));
    hello_ = std::exchange(sent_, {}).at(0);
  }
  void reopen() {
    advance(seconds(2));  // beyond the first delay
    EXPECT_EQ(attempts_, 2);
    sent_.clear();
    step([](Session& session) { session.opened(); });
    EXPECT_EQ(sent_.at(0), hello_) << "the same client";
    sent_.erase(sent_.begin());
  }
  template <class Step>
  void step(Step run) {
    run(*session_);
    next_ = session_->end_turn();
  }
  void receive(std::string_view text) {
    step([text](Session& session) { session.received(text); });
  }
  void lose(const std::string& why = "cut") {
    step([&why](Session& session) { session.lost(why); });
  }
  /// Lets the time pass, from one deadline to the next.
  void advance(milliseconds by) {
    const auto end = clock_.monotonic() + by;
    while (next_ && *next_ <= end) {
      clock_.advance(
          std::max(milliseconds(0), std::chrono::ceil<milliseconds>(*next_ - clock_.monotonic())));
      step([](Session& session) { session.run_due(); });
    }
    clock_.advance(std::chrono::duration_cast<milliseconds>(end - clock_.monotonic()));
  }
  void subscribe(SubscriberId id, const std::string& function, std::string arguments = "{}") {
    step([&](Session& session) {
      session.subscribe(id, {.function = function, .arguments = std::move(arguments)},
                        [this, id](const Outcome<std::string>& outcome) {
                          heard_.push_back(std::to_string(id) + " " + text_of(outcome));
                        });
    });
  }
  void call(Session::CallKind kind, const std::string& function) {
    step([&](Session& session) {
      session.call(kind, {.function = function,
                          .arguments = "{}",
                          .on_answer = [this, function](const Outcome<std::string>& outcome) {
                            heard_.push_back(function + " " + text_of(outcome));
                          }});
    });
  }
  void query(const std::string& function) { call(Session::CallKind::Query, function); }
  void mutate(const std::string& function) { call(Session::CallKind::Mutation, function); }
  void act(const std::string& function) { call(Session::CallKind::Action, function); }

  static std::string text_of(const Outcome<std::string>& outcome) {
    return outcome ? *outcome : outcome.error().code + ": " + outcome.error().message;
  }
  std::vector<std::string> sent() { return std::exchange(sent_, {}); }
  std::vector<std::string> heard() { return std::exchange(heard_, {}); }

  void open_socket() override { attempts_ += 1; }
  void send(std::string text) override { sent_.push_back(std::move(text)); }
  void close_socket(End /*end*/) override {}
  void state_changed(State state, const std::string& why) override {
    states_.push_back(state);
    why_ = why;
  }
  void identity_changed(const Outcome<Identity>& identity) override {
    heard_.push_back(identity ? (identity->is_authenticated ? "known" : "nobody")
                              : identity.error().code);
  }

  ManualClock clock_{1'000};
  SeededRandom random_{7};
  std::unique_ptr<Session> session_;
  std::optional<Timers::Time> next_;
  int attempts_ = 0;
  std::string hello_;
  std::vector<std::string> sent_;
  std::vector<std::string> heard_;
  std::vector<State> states_;
  std::string why_;
};

// --- subscriptions ------------------------------------------------------------------------------

TEST_F(SessionTest, EqualQueriesShareOneSubscription) {
  open();
  subscribe(2, "m:list");
  subscribe(4, "m:list");
  EXPECT_THAT(sent(), ElementsAre(R"({"type":"query","id":"q1","fn":"m:list","args":{}})"));
  receive(R"({"type":"result","id":"q1","result":[1]})");
  EXPECT_THAT(heard(), ElementsAre("2 [1]", "4 [1]"));
  subscribe(6, "m:list");
  EXPECT_THAT(heard(), ElementsAre("6 [1]")) << "who comes later hears what is there";
  subscribe(8, "m:list", R"({"a":1})");
  EXPECT_THAT(sent(), ElementsAre(R"({"type":"query","id":"q2","fn":"m:list","args":{"a":1}})"));

  step([](Session& session) { session.unsubscribe(2); });
  step([](Session& session) { session.unsubscribe(4); });
  EXPECT_THAT(sent(), IsEmpty());
  step([](Session& session) { session.unsubscribe(6); });
  EXPECT_THAT(sent(), ElementsAre(R"({"type":"unsubscribe","id":"q1"})"));
  receive(R"({"type":"update","id":"q1","result":[2]})");
  EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(SessionTest, OnlyChangesAreTold) {
  open();
  subscribe(2, "m:a");
  subscribe(4, "m:b");
  receive(R"({"type":"result","id":"q1","result":1})");
  receive(R"({"type":"result","id":"q2","result":1})");
  EXPECT_THAT(heard(), ElementsAre("2 1", "4 1"));
  receive(R"({"type":"updates","items":[)"
          R"({"id":"q1","result":2},{"id":"q2","result":1},{"id":"q9","result":5}]})");
  EXPECT_THAT(heard(), ElementsAre("2 2"));
}

TEST_F(SessionTest, SubscriptionsAreSentOncePerConnection) {
  make();
  step([](Session& session) { session.wake(); });
  subscribe(2, "m:a");
  subscribe(4, "m:b");
  EXPECT_THAT(sent(), IsEmpty());
  step([](Session& session) { session.opened(); });
  EXPECT_THAT(sent_, SizeIs(3));
  hello_ = sent().at(0);
  receive(R"({"type":"result","id":"q1","result":1})");
  heard();
  lose();
  reopen();
  EXPECT_THAT(sent(), ElementsAre(HasSubstr(R"("id":"q1")"), HasSubstr(R"("id":"q2")")));
  receive(R"({"type":"result","id":"q1","result":1})");
  EXPECT_THAT(heard(), IsEmpty()) << "nothing has changed";
}

TEST_F(SessionTest, WhatIsLeftBeforeItIsSentIsNotSent) {
  make({.messages_per_second = 1});
  open();
  subscribe(2, "m:a");
  step([](Session& session) { session.unsubscribe(2); });
  advance(seconds(5));
  EXPECT_THAT(sent(), IsEmpty());
}

TEST_F(SessionTest, FailuresAreToldAndAskedAgain) {
  open();
  subscribe(2, "m:a");
  receive(R"({"type":"result","id":"q1","result":1})");
  receive(R"({"type":"error","id":"q1","code":"execution_error","message":"no"})");
  EXPECT_THAT(heard(), ElementsAre("2 1", "2 execution_error: no"));
  sent();
  subscribe(4, "m:a");
  EXPECT_THAT(sent(), SizeIs(1)) << "another one who asks is a reason to ask again";
  receive(R"({"type":"result","id":"q1","result":1})");
  EXPECT_THAT(heard(), ElementsAre("2 1", "4 1")) << "the end of a failure is news";
}

TEST_F(SessionTest, AResetForgetsResults) {
  open();
  subscribe(2, "m:a");
  receive(R"({"type":"result","id":"q1","result":1})");
  sent();
  heard();
  receive(R"({"type":"reset"})");
  EXPECT_THAT(sent(), ElementsAre(HasSubstr(R"("id":"q1")")));
  subscribe(4, "m:a");
  EXPECT_THAT(heard(), IsEmpty());
  receive(R"({"type":"result","id":"q1","result":1})");
  EXPECT_THAT(heard(), ElementsAre("4 1"));
}

TEST_F(SessionTest, RateLimitedMessagesAreSentAgain) {
  open();
  subscribe(2, "m:a");
  mutate("m:set");
  act("m:mail");
  sent();
  receive(R"({"type":"error","id":"q1","code":"rate_limited","message":"slow"})");
  receive(R"({"type":"error","id":1,"code":"rate_limited","message":"slow"})");
  receive(R"({"type":"error","id":"a1","code":"rate_limited","message":"slow"})");
  EXPECT_THAT(heard(), IsEmpty());
  advance(milliseconds(999));
  EXPECT_THAT(sent(), IsEmpty());
  advance(milliseconds(1));
  EXPECT_THAT(sent(), SizeIs(3));
  step([](Session& session) { session.unsubscribe(2); });
  sent();
  receive(R"({"type":"error","id":"q1","code":"rate_limited","message":"slow"})");
  advance(seconds(1));
  EXPECT_THAT(sent(), ElementsAre(R"({"type":"unsubscribe","id":"q1"})"));
}

// --- queries that run once ----------------------------------------------------------------------

TEST_F(SessionTest, AQueryRunsOnce) {
  open();
  query("m:a");
  EXPECT_THAT(sent(), SizeIs(1));
  receive(R"({"type":"result","id":"q1","result":1})");
  EXPECT_THAT(heard(), ElementsAre("m:a 1"));
  EXPECT_THAT(sent(), ElementsAre(R"({"type":"unsubscribe","id":"q1"})"));
  query("m:b");
  receive(R"({"type":"error","id":"q2","code":"forbidden","message":"no"})");
  EXPECT_THAT(heard(), ElementsAre("m:b forbidden: no"));
}

TEST_F(SessionTest, AQueryTakesTheResultThatIsThereIfItIsFresh) {
  open();
  subscribe(2, "m:a");
  receive(R"({"type":"result","id":"q1","result":1})");
  heard();
  query("m:a");
  EXPECT_THAT(heard(), ElementsAre("m:a 1"));
  lose();
  query("m:a");
  EXPECT_THAT(heard(), IsEmpty()) << "it may be out of date";
  reopen();
  receive(R"({"type":"result","id":"q1","result":1})");
  EXPECT_THAT(heard(), ElementsAre("m:a 1"));
}

TEST_F(SessionTest, AQueryTimesOut) {
  open();
  query("m:a");
  advance(seconds(59));
  receive(R"({"type":"pong"})");
  EXPECT_THAT(heard(), IsEmpty());
  advance(seconds(1));
  EXPECT_THAT(heard(), ElementsAre("m:a request_timeout: Request timed out: query m:a"));
}

// --- mutations ----------------------------------------------------------------------------------

TEST_F(SessionTest, MutationsWaitForEachOther) {
  open();
  mutate("m:one");
  mutate("m:two");
  EXPECT_THAT(sent(), ElementsAre(R"({"type":"mutation","id":1,"fn":"m:one","args":{}})"));
  receive(R"({"type":"mutationResult","id":2,"result":5})");
  EXPECT_THAT(heard(), IsEmpty()) << "nobody asked";
  receive(R"({"type":"mutationResult","id":1,"result":5})");
  EXPECT_THAT(heard(), ElementsAre("m:one 5"));
  EXPECT_THAT(sent(), ElementsAre(R"({"type":"mutation","id":2,"fn":"m:two","args":{}})"));
  receive(R"({"type":"mutationResult","id":2})");
  EXPECT_THAT(heard(), ElementsAre("m:two null"));
  mutate("m:three");
  receive(R"({"type":"error","id":3,"code":"execution_error","message":"no"})");
  EXPECT_THAT(heard(), ElementsAre("m:three execution_error: no"));
}

TEST_F(SessionTest, AMutationIsSentAgainOnlyToAServerThatRemembers) {
  open();
  mutate("m:one");
  mutate("m:two");
  sent();
  lose();
  reopen();
  EXPECT_THAT(sent(), IsEmpty());
  receive(R"({"type":"hello","server":"moonstone/0"})");
  EXPECT_THAT(sent(), ElementsAre(R"({"type":"mutation","id":1,"fn":"m:one","args":{}})"));
  receive(R"({"type":"mutationResult","id":1,"result":1})");
  EXPECT_THAT(sent(), ElementsAre(HasSubstr("m:two")));
}

TEST_F(SessionTest, AMutationThatWasNeverSentNeedsNoMemory) {
  make();
  step([](Session& session) { session.wake(); });
  mutate("m:one");
  step([](Session& session) { session.opened(); });
  EXPECT_THAT(sent(), ElementsAre(HasSubstr("hello"), HasSubstr("m:one")));
}

TEST_F(SessionTest, CallsTimeOutFromTheMomentTheyAreSent) {
  make({.heartbeat_interval = milliseconds(0)});
  open();
  mutate("m:one");
  mutate("m:two");
  act("m:mail");
  sent();
  advance(seconds(60));
  EXPECT_THAT(
      heard(),
      ElementsAre(
          "m:one request_timeout: Request timed out: mutation m:one was sent and may have run",
          "m:mail request_timeout: Request timed out: action m:mail was sent and may have run"));
  EXPECT_THAT(sent(), ElementsAre(HasSubstr("m:two")));
  receive(R"({"type":"mutationResult","id":1,"result":1})");
  receive(R"({"type":"actionResult","id":"a1","result":1})");
  EXPECT_THAT(heard(), IsEmpty()) << "late answers are nobody's";
}

TEST_F(SessionTest, AServerWithoutMemoryIsNotWaitedForEver) {
  open();
  mutate("m:one");
  lose();
  reopen();
  for (int i = 0; i < 60; ++i) {
    receive(R"({"type":"pong"})");
    advance(seconds(1));
  }
  EXPECT_THAT(heard(), ElementsAre(StartsWith("m:one request_timeout")));
}

// --- actions ------------------------------------------------------------------------------------

TEST_F(SessionTest, ActionsRunSideBySideAndAreNeverRepeated) {
  open();
  act("m:one");
  act("m:two");
  EXPECT_THAT(sent(), ElementsAre(R"({"type":"action","id":"a1","fn":"m:one","args":{}})",
                                  R"({"type":"action","id":"a2","fn":"m:two","args":{}})"));
  receive(R"({"type":"actionResult","id":"a2","result":{}})");
  EXPECT_THAT(heard(), ElementsAre("m:two {}"));
  lose();
  EXPECT_THAT(
      heard(),
      ElementsAre(
          "m:one connection_lost: Connection lost: action m:one was sent and may have run"));
  act("m:three");
  reopen();
  EXPECT_THAT(sent(), ElementsAre(HasSubstr("m:three")));
}

// --- connection ---------------------------------------------------------------------------------

TEST_F(SessionTest, DelaysGrowAndEnd) {
  make();
  step([](Session& session) { session.wake(); });
  mutate("m:one");
  query("m:a");
  subscribe(2, "m:b");
  for (int attempt = 1; attempt <= 5; ++attempt) {
    EXPECT_EQ(attempts_, attempt);
    lose("refused");
    ASSERT_TRUE(next_);
    const auto delay = *next_ - clock_.monotonic();
    const auto base = milliseconds(1'000) * (1 << (attempt - 1));
    EXPECT_GE(delay, base / 2);
    EXPECT_LE(delay, base * 3 / 2);
    EXPECT_THAT(heard(), IsEmpty());
    advance(std::chrono::ceil<milliseconds>(delay));
  }
  lose("refused");
  EXPECT_THAT(heard(), ElementsAre("m:one connection_lost: Connection lost: refused",
                                   "m:a connection_lost: Connection lost: refused"));
  EXPECT_FALSE(next_);
  EXPECT_EQ(states_.back(), State::Disconnected);
  EXPECT_EQ(why_, "refused");

  mutate("m:two");
  EXPECT_EQ(attempts_, 7) << "a call is a reason to try again";
  step([](Session& session) { session.opened(); });
  EXPECT_THAT(sent(), ElementsAre(HasSubstr("hello"), HasSubstr("m:b"), HasSubstr("m:two")));
}

TEST_F(SessionTest, WakingDoesNotSitOutADelay) {
  open();
  lose();
  subscribe(2, "m:a");
  EXPECT_EQ(attempts_, 1) << "a call leaves the retry at its time";
  step([](Session& session) { session.wake(); });
  EXPECT_EQ(attempts_, 2);
  step([](Session& session) { session.wake(); });
  EXPECT_EQ(attempts_, 2) << "one attempt at a time";
}

TEST_F(SessionTest, AnAttemptEnds) {
  make();
  step([](Session& session) { session.wake(); });
  advance(seconds(20));
  EXPECT_EQ(states_.back(), State::Disconnected);
  EXPECT_EQ(why_, "no connection in time");
}

TEST_F(SessionTest, ASilentServerIsLeft) {
  open();
  advance(seconds(30));
  EXPECT_THAT(sent(), ElementsAre(kPingFrame));
  receive(R"({"type":"pong"})");
  advance(seconds(60));
  EXPECT_EQ(states_.back(), State::Connected);
  advance(seconds(30));
  EXPECT_EQ(states_.back(), State::Disconnected);
  EXPECT_EQ(why_, "the server has gone silent");
}

TEST_F(SessionTest, MessagesArePaced) {
  make({.heartbeat_interval = milliseconds(0), .messages_per_second = 4});
  open();
  for (SubscriberId id = 2; id <= 16; id += 2)
    subscribe(id, "m:" + std::to_string(id));
  EXPECT_THAT(sent(), SizeIs(3)) << "and the hello";
  advance(milliseconds(1199));
  EXPECT_THAT(sent(), IsEmpty());
  advance(milliseconds(1));
  EXPECT_THAT(sent(), SizeIs(4));
  advance(milliseconds(1200));
  EXPECT_THAT(sent(), SizeIs(1));
}

TEST_F(SessionTest, RenewalsAndCallsTakeTurns) {
  make({.heartbeat_interval = milliseconds(0), .messages_per_second = 4});
  step([](Session& session) { session.wake(); });
  for (SubscriberId id = 2; id <= 12; id += 2)
    subscribe(id, "m:s" + std::to_string(id));
  act("m:one");
  act("m:two");
  step([](Session& session) { session.opened(); });
  EXPECT_THAT(sent(), ElementsAre(HasSubstr("hello"), HasSubstr("m:s2"), HasSubstr("m:s4"),
                                  HasSubstr("m:one")));
  advance(milliseconds(1200));
  EXPECT_THAT(sent(), ElementsAre(HasSubstr("m:s6"), HasSubstr("m:s8"), HasSubstr("m:s10"),
                                  HasSubstr("m:two")));
}

TEST_F(SessionTest, ManyRenewalsDoNotHoldUpACall) {
  make({.heartbeat_interval = milliseconds(0), .messages_per_second = 4});
  step([](Session& session) { session.wake(); });
  for (SubscriberId id = 2; id <= 200; id += 2)
    subscribe(id, "m:s" + std::to_string(id));
  act("m:one");
  step([](Session& session) { session.opened(); });
  advance(milliseconds(1200));
  EXPECT_THAT(sent(), ::testing::Contains(HasSubstr("m:one")));
}

TEST_F(SessionTest, WhatIsTooLongForAServerFailsAndHoldsUpNothing) {
  Options options;
  options.sent_bytes_max = 150;
  make(std::move(options));
  open();
  const std::string function = "m:" + std::string(150, 'x');
  const auto is_too_large = HasSubstr("message_too_large: The message has ");
  mutate(function);
  mutate("m:next");
  EXPECT_THAT(heard(), ElementsAre(is_too_large));
  EXPECT_THAT(sent(), ElementsAre(HasSubstr("m:next")));
  query(function);
  act(function);
  subscribe(2, function);
  EXPECT_THAT(heard(), ElementsAre(is_too_large, is_too_large, is_too_large));
  EXPECT_THAT(sent(), ElementsAre(HasSubstr("unsubscribe")))
      << "of the query, as after any failure";
  lose();
  reopen();
  EXPECT_THAT(heard(), ElementsAre(is_too_large)) << "who is still subscribed";
}

TEST_F(SessionTest, TooManyCallsAreRefused) {
  make({.waiting_calls_max = 2});
  open();
  mutate("m:one");
  act("m:two");
  mutate("m:three");
  EXPECT_THAT(heard(), ElementsAre(StartsWith("m:three limit_exceeded")));
  receive(R"({"type":"mutationResult","id":1})");
  mutate("m:four");
  EXPECT_THAT(heard(), ElementsAre("m:one null"));
}

TEST_F(SessionTest, ClosingAnswersEverything) {
  open();
  mutate("m:one");
  mutate("m:two");
  act("m:three");
  query("m:four");
  subscribe(2, "m:list");
  step([](Session& session) { session.close(); });
  EXPECT_THAT(heard(), ElementsAre("m:one client_closed: The client was closed",
                                   "m:two client_closed: The client was closed",
                                   "m:three client_closed: The client was closed",
                                   "m:four client_closed: The client was closed"));
  EXPECT_FALSE(next_);
  sent();
  mutate("m:five");
  EXPECT_THAT(heard(), ElementsAre("m:five client_closed: The client was closed"));
  step([](Session& session) { session.wake(); });
  EXPECT_EQ(attempts_, 1);
  EXPECT_THAT(sent(), IsEmpty());
}

// --- tokens -------------------------------------------------------------------------------------

TEST_F(SessionTest, TokensAreToldWithTheHelloAndLater) {
  make({.token = "first"});
  open();
  EXPECT_THAT(hello_, HasSubstr(R"("token":"first")"));
  receive(R"({"type":"auth","authenticated":true,"expiresInMs":60000})");
  EXPECT_THAT(heard(), ElementsAre("known"));
  step([](Session& session) { session.set_token("second"); });
  EXPECT_THAT(sent(), ElementsAre(R"({"type":"auth","id":"i1","token":"second"})"));
  step([](Session& session) { session.set_token(""); });
  EXPECT_THAT(sent(), ElementsAre(R"({"type":"auth","id":"i2","token":null})"));
  receive(R"({"type":"error","id":"i1","code":"unauthenticated","message":"old"})");
  EXPECT_THAT(heard(), IsEmpty()) << "a newer one is under way";
  receive(R"({"type":"auth","id":"i2","authenticated":false})");
  EXPECT_THAT(heard(), ElementsAre("nobody"));
  step([](Session& session) { session.set_token("third"); });
  receive(R"({"type":"auth","id":"i3","authenticated":true})");
  receive(R"({"type":"error","code":"unauthenticated","message":"it has ended"})");
  EXPECT_THAT(heard(), ElementsAre("known", "unauthenticated"));
}

TEST_F(SessionTest, RefusedTokensAreTold) {
  make({.token = "bad"});
  open();
  receive(R"({"type":"error","code":"unauthenticated","message":"expired"})");
  EXPECT_THAT(heard(), ElementsAre("unauthenticated"));
  receive(R"({"type":"error","code":"execution_error","message":"of nobody"})");
  EXPECT_THAT(heard(), IsEmpty());
  step([](Session& session) { session.set_token("good"); });
  sent();
  receive(R"({"type":"error","id":"i1","code":"rate_limited","message":"slow"})");
  advance(seconds(1));
  EXPECT_THAT(sent(), ElementsAre(R"({"type":"auth","id":"i2","token":"good"})"));
}

TEST_F(SessionTest, MutationsNeverRunForNobodyInstead) {
  make({.token = "old"});
  open();
  mutate("m:one");
  EXPECT_THAT(sent(), IsEmpty()) << "the server has not said who we are";
  receive(R"({"type":"error","code":"unauthenticated","message":"expired"})");
  EXPECT_THAT(heard(), ElementsAre("unauthenticated"));
  step([](Session& session) { session.set_token("new"); });
  EXPECT_THAT(sent(), ElementsAre(HasSubstr(R"("token":"new")")));
  receive(R"({"type":"auth","authenticated":true})");
  EXPECT_THAT(sent(), IsEmpty()) << "that was about the old one";
  receive(R"({"type":"auth","id":"i1","authenticated":true})");
  EXPECT_THAT(sent(), ElementsAre(HasSubstr("m:one")));
  receive(R"({"type":"mutationResult","id":1})");
  EXPECT_THAT(heard(), ElementsAre("known", "m:one null"));

  step([](Session& session) { session.set_token("bad"); });
  receive(R"({"type":"error","id":"i2","code":"unauthenticated","message":"no"})");
  heard();
  mutate("m:two");
  receive(R"({"type":"pong"})");
  advance(seconds(59));
  receive(R"({"type":"pong"})");
  advance(seconds(1));
  EXPECT_THAT(heard(), ElementsAre("m:two request_timeout: Request timed out: mutation m:two was "
                                   "not sent: the server has not taken the token"));
}

TEST_F(SessionTest, ANewIdentityAsksAgainWhatFailed) {
  open();
  subscribe(2, "m:mine");
  receive(R"({"type":"error","id":"q1","code":"unauthenticated","message":"who"})");
  EXPECT_THAT(heard(), ElementsAre("2 unauthenticated: who"));
  sent();
  receive(R"({"type":"auth","authenticated":true})");
  EXPECT_THAT(sent(), ElementsAre(HasSubstr("m:mine")));
}

}  // namespace
}  // namespace moonstone::client
