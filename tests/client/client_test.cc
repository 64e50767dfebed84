// Moonstone. Licence: see LICENSE.
// The public API against the server module over loopback.
#include "moonstone/client.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/server.h"
#include "tests/client/raw_server.h"
#include "tests/client/wire_application.h"

namespace moonstone::client {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using testing::Inbox;
using testing::kPatience;
using testing::WireApplication;
using Answer = std::future<Outcome<std::string>>;

std::string text_of(const Outcome<std::string>& outcome) {
  return outcome ? *outcome : outcome.error().code + ": " + outcome.error().message;
}

std::string text_of(Answer answer) {
  if (answer.wait_for(kPatience) != std::future_status::ready) return "no answer";
  return text_of(answer.get());
}

class ClientTest : public ::testing::Test {
 protected:
  void SetUp() override { serve(0); }

  void serve(std::uint16_t port) {
    server::ServerOptions options;
    options.port = port;
    options.connections_max = 0;
    auto started = server::Server::start(options, application_);
    ASSERT_TRUE(started) << started.error().message();
    server_ = std::move(*started);
  }
  std::string url(std::string_view path = "/ws") {
    return "ws://127.0.0.1:" + std::to_string(server_->port()) + std::string(path);
  }
  /// Quick to come back, so that tests do not wait.
  static Options eager() {
    Options options;
    options.backoff_base = milliseconds(2);
    options.backoff_max = milliseconds(20);
    options.backoff_attempts_max = 1'000'000;
    options.messages_per_second = 0;
    return options;
  }
  std::unique_ptr<Client> connect(Options options = eager()) {
    auto client = Client::connect(*loop_, url(), std::move(options));
    EXPECT_TRUE(client);
    return *std::move(client);
  }

  WireApplication application_;
  std::unique_ptr<server::Server> server_;
  std::unique_ptr<Loop> loop_ = Loop::start();
};

TEST_F(ClientTest, FollowsAQueryAndChangesIt) {
  const auto client = connect();
  Inbox<std::string> heard;
  const auto subscription = client->subscribe(
      "c:get", "", [&](const Outcome<std::string>& json) { heard.put(text_of(json)); });
  ASSERT_TRUE(subscription);
  EXPECT_EQ(heard.take(), "0");
  client->mutation("c:add", "{}",
                   [&](const Outcome<std::string>& json) { heard.put("answer " + text_of(json)); });
  EXPECT_EQ(heard.take(), "1") << "what it changes is told first";
  EXPECT_EQ(heard.take(), "answer 1");
  EXPECT_EQ(text_of(client->query("c:get")), "1");
  EXPECT_EQ(text_of(client->action("c:echo", R"({"b":1, "a":"ü"})")), R"({"b":1,"a":"ü"})");
  EXPECT_EQ(text_of(client->query("c:fail")), "execution_error: it failed");
  EXPECT_EQ(text_of(client->mutation("c:fail")), "execution_error: it failed");
  EXPECT_EQ(client->state(), State::Connected);
}

TEST_F(ClientTest, WrongInputIsNamed) {
  const auto bad = Client::connect(*loop_, "nowhere");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, "invalid_argument");
  Options options;
  options.headers = {{"X-Test", "a\r\nHost: evil"}};
  EXPECT_THAT(Client::connect(*loop_, url(), options).error().message, HasSubstr("X-Test"));
  options.headers = {{"X Test", "a"}};
  EXPECT_FALSE(Client::connect(*loop_, url(), options));
  options.headers.clear();
  options.token = "\xFF";
  EXPECT_FALSE(Client::connect(*loop_, url(), options));

  const auto client = connect();
  for (const char* arguments : {"[]", "{", "1", R"({"a":"\xFF"})"}) {
    EXPECT_THAT(text_of(client->mutation("c:add", arguments)), HasSubstr("invalid_argument"));
    EXPECT_FALSE(client->subscribe("c:get", arguments, [](const auto&) {}));
  }
  EXPECT_THAT(text_of(client->query("")), HasSubstr("invalid_argument"));
  EXPECT_EQ(application_.count(), 0);
}

TEST_F(ClientTest, HeadersAreSent) {
  Options options = eager();
  options.headers = {{"X-Test", "moon"}};
  const auto client = connect(std::move(options));
  EXPECT_EQ(text_of(client->query("c:get")), "0");
  EXPECT_EQ(application_.last_header(), "moon");
}

TEST_F(ClientTest, ComesBackAfterARestart) {
  Inbox<State> states;
  Options options = eager();
  options.on_state = [&](State state, const std::string&) {
    if (state != State::Connecting) states.put(state);
  };
  const auto client = connect(std::move(options));
  Inbox<std::string> heard;
  const auto subscription = client->subscribe(
      "c:get", "", [&](const Outcome<std::string>& json) { heard.put(text_of(json)); });
  EXPECT_EQ(heard.take(), "0");
  EXPECT_EQ(states.take(), State::Connected);

  const std::uint16_t port = server_->port();
  server_->stop(kPatience);
  EXPECT_EQ(states.take(), State::Disconnected);
  Answer waiting = client->mutation("c:add");
  server_.reset();
  serve(port);
  EXPECT_EQ(text_of(std::move(waiting)), "1");
  EXPECT_EQ(heard.take(), "1");
  EXPECT_EQ(application_.clients(), 1U);
}

TEST_F(ClientTest, AMutationWhoseAnswerIsLostIsAppliedOnce) {
  const auto client = connect();
  for (int i = 1; i <= 20; ++i) {
    EXPECT_EQ(text_of(client->mutation("c:cut")), std::to_string(i));
  }
  EXPECT_EQ(application_.count(), 20);
}

TEST_F(ClientTest, AnActionWhoseAnswerIsLostFails) {
  const auto client = connect();
  EXPECT_EQ(text_of(client->action("c:cut")),
            "connection_lost: Connection lost: action c:cut was sent and may have run");
  EXPECT_EQ(text_of(client->action("c:echo")), "{}") << "on the next connection";
}

TEST_F(ClientTest, CallsTimeOut) {
  Options options = eager();
  options.request_timeout = milliseconds(1);
  const auto client = connect(std::move(options));
  EXPECT_THAT(text_of(client->action("c:hold")), HasSubstr("request_timeout"));
}

TEST_F(ClientTest, RefusalsAreExplained) {
  Inbox<std::string> reasons;
  Options options = eager();
  options.backoff_attempts_max = 0;
  options.on_state = [&](State state, const std::string& why) {
    if (state == State::Disconnected) reasons.put(why);
  };
  const auto refused = Client::connect(*loop_, url("/other"), options);
  EXPECT_EQ(reasons.take(), "the server refused the socket: HTTP 403 Forbidden: not here");
  EXPECT_EQ(text_of((*refused)->query("c:get")),
            "connection_lost: Connection lost: the server refused the socket: HTTP 403 Forbidden: "
            "not here");

  const std::string address = url();
  server_.reset();
  const auto alone = Client::connect(*loop_, address, options);
  EXPECT_EQ(text_of((*alone)->mutation("c:add")),
            "connection_lost: Connection lost: Connection refused");
  const auto nameless = Client::connect(*loop_, "ws://host.invalid/ws", options);
  EXPECT_THAT(text_of((*nameless)->mutation("c:add")), HasSubstr("cannot find host.invalid: "));
}

TEST_F(ClientTest, TooLargeMessagesEndTheConnection) {
  Inbox<std::string> reasons;
  Options options = eager();
  options.message_bytes_max = 200;
  options.on_state = [&](State state, const std::string& why) {
    if (state == State::Disconnected) reasons.put(why);
  };
  const auto client = connect(std::move(options));
  EXPECT_EQ(text_of(client->query("c:get")), "0");
  application_.broadcast(std::string(200, ' '));
  application_.broadcast(std::string(201, ' '));
  EXPECT_THAT(reasons.take(), HasSubstr("limit"));
  EXPECT_EQ(text_of(client->query("c:get")), "0") << "and it comes back";
}

TEST_F(ClientTest, ClosingAnswersWhatWaits) {
  auto client = connect();
  Answer held = client->action("c:hold");
  client->close();
  EXPECT_EQ(text_of(std::move(held)), "client_closed: The client was closed");
  EXPECT_EQ(text_of(client->mutation("c:add")), "client_closed: The client was closed");
  EXPECT_FALSE(client->subscribe("c:get", "", [](const auto&) {}));
  client->close();
  client->wake();
  EXPECT_EQ(client->state(), State::Disconnected);

  client = connect();
  Answer second = client->action("c:hold");
  client.reset();
  EXPECT_EQ(second.wait_for(milliseconds(0)), std::future_status::ready) << "when it is destroyed";
}

TEST_F(ClientTest, CallbacksMayDestroyEverything) {
  auto client = connect();
  Inbox<std::string> heard;
  std::unique_ptr<Subscription> subscription;
  std::promise<void> is_set;
  auto subscribed = client->subscribe(
      "c:get", "", [&, ready = is_set.get_future().share()](const Outcome<std::string>& json) {
        ready.wait();
        subscription.reset();
        heard.put(text_of(json));
      });
  subscription = *std::move(subscribed);
  is_set.set_value();
  EXPECT_EQ(heard.take(), "0");
  EXPECT_EQ(text_of(client->mutation("c:add")), "1");
  EXPECT_TRUE(heard.empty()) << "the subscription has ended";

  std::promise<void> is_asked;
  client->action("c:hold", "", [&](const auto& json) { heard.put("held " + text_of(json)); });
  client->query("c:get", "", [&](const auto& json) {
    is_asked.get_future().wait();
    client.reset();
    heard.put(text_of(json));
  });
  is_asked.set_value();
  EXPECT_EQ(heard.take(), "1");
  EXPECT_EQ(heard.take(), "held client_closed: The client was closed");
}

TEST_F(ClientTest, ASubscriptionMayOutliveEverything) {
  auto client = connect();
  Inbox<std::string> heard;
  auto subscription = client->subscribe(
      "c:get", "", [&](const Outcome<std::string>& json) { heard.put(text_of(json)); });
  EXPECT_EQ(heard.take(), "0");
  client.reset();
  loop_.reset();
  subscription->reset();
}

TEST_F(ClientTest, ManyThreadsMayUseOneClient) {
  const auto client = connect();
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) {
          const auto subscription = client->subscribe("c:get", "", [](const auto&) {});
          if (!text_of(client->mutation("c:add")).contains(':')) ++good;
        }
      });
    }
  }
  EXPECT_EQ(good, 200);
  EXPECT_EQ(application_.count(), 200);
}

TEST_F(ClientTest, AThousandClientsShareOneThread) {
  constexpr int kClients = 1'000;
  struct Member {
    std::unique_ptr<Client> client;
    std::unique_ptr<Subscription> subscription;
  };
  std::vector<Member> members;
  std::atomic<int> at_end = 0;
  std::promise<void> all_at_end;
  const std::string last = std::to_string(kClients + 1);
  for (int i = 0; i < kClients; ++i) {
    Member& member = members.emplace_back(connect(), nullptr);
    member.subscription =
        *member.client->subscribe("c:get", "", [&](const Outcome<std::string>& json) {
          if (json == last && ++at_end == kClients) all_at_end.set_value();
        });
  }
  std::vector<Answer> answers;
  for (const Member& member : members)
    answers.push_back(member.client->mutation("c:quiet"));
  for (Answer& answer : answers) {
    EXPECT_THAT(text_of(std::move(answer)), ::testing::Not(HasSubstr(":")));
  }
  EXPECT_EQ(server_->counters().sockets, kClients);
  // Each has its subscription at the server once a later message of its own is answered.
  EXPECT_EQ(text_of(members.front().client->mutation("c:add")), last);
  ASSERT_EQ(all_at_end.get_future().wait_for(kPatience), std::future_status::ready);
}

TEST_F(ClientTest, SeveralLoopThreadsServeClientsInTurns) {
  const auto loop = Loop::start(3);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 9; ++i)
    clients.push_back(*Client::connect(*loop, url(), eager()));
  for (const auto& client : clients)
    EXPECT_EQ(text_of(client->action("c:echo")), "{}");
}

}  // namespace
}  // namespace moonstone::client
