// Moonstone. Licence: see LICENSE.
// Plays every conversation, and tests by hand what a text file cannot say.
#include "tests/protocol/functions/conversation.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "base/json.h"
#include "engine/client_ledger.h"
#include "protocol/functions/function_application.h"
#include "tests/store/vfs/fault_vfs.h"

namespace moonstone::protocol::functions {
namespace {

using AllowDataLoss = store::Writer::AllowDataLoss;

constexpr std::string_view kFolder = MS_SOURCE_DIR "/tests/protocol/functions/conversations";

class ConversationTest : public ::testing::Test {
 protected:
  ConversationTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "moonstone-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    TenantsOptions options;
    options.each.folder = folder_;
    // A loaded machine must not decide which lane a query takes.
    options.each.live.fast_run_max = std::chrono::seconds(5);
    options.each.live.run_max = std::chrono::seconds(10);
    tenants_ = Tenants::open(std::move(options)).value();
    const auto deployed = tenants_->deploy(load_test_bundle("chat"), AllowDataLoss::No);
    EXPECT_TRUE(deployed) << deployed.error().message();
    host_ = &tenants_->root()->host();
  }
  ~ConversationTest() override {
    tenants_->stop();
    std::filesystem::remove_all(folder_);
  }

  std::filesystem::path folder_;
  std::unique_ptr<Tenants> tenants_;
  FunctionHost* host_ = nullptr;
};

class EveryConversationTest : public ConversationTest,
                              public ::testing::WithParamInterface<std::string> {};

TEST_P(EveryConversationTest, GoesAsWritten) {
  Conversation conversation(*host_);
  conversation.play(std::string(kFolder) + "/" + GetParam() + ".conv");
}

std::vector<std::string> conversation_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Files,
                         EveryConversationTest,
                         ::testing::ValuesIn(conversation_names()),
                         [](const auto& parameter) { return parameter.param; });

TEST_F(ConversationTest, RefusesMessagesBeyondTheRate) {
  auto sink = std::make_shared<RecordingSink>();
  FunctionSession session(*host_, sink, {.messages_per_second = 2});
  session.on_text(R"({"type":"unsubscribe","id":1})");
  session.on_text(R"({"type":"unsubscribe","id":2})");
  session.on_text(R"({"type":"ping"})");
  session.on_text(R"({"type":"query","id":3,"fn":"messages:count"})");
  EXPECT_EQ(sink->next(), R"({"type":"pong"})");
  const auto refused = parse_json(*sink->next()).value();
  EXPECT_EQ(*refused.as_object().find("code"), Value("rate_limited"));
  EXPECT_EQ(*refused.as_object().find("id"), Value(3));
  session.on_closed();
}

TEST_F(ConversationTest, RefusesAMutationThatLeftTheWindowOfReplies) {
  auto sink = std::make_shared<RecordingSink>();
  FunctionSession session(*host_, sink, {.messages_per_second = 0});
  session.on_text(R"({"type":"hello","client":"c-1"})");
  EXPECT_TRUE(sink->next());
  const auto send = [&](std::size_t number) {
    session.on_text(R"({"type":"mutation","id":")" + std::to_string(number) +
                    R"(","fn":"messages:send","args":{"channel":"general","body":"x"}})");
    return sink->next().value_or("nothing");
  };
  for (std::size_t number = 1; number <= engine::kLedgerRepliesMax + 1; ++number) {
    ASSERT_TRUE(send(number).starts_with(R"({"type":"mutationResult")"));
  }
  EXPECT_NE(send(1).find("was processed before"), std::string::npos);
  session.on_closed();
}

TEST_F(ConversationTest, WhatIsAskedForDuringAResetLeavesNothingBehind) {
  auto sink = std::make_shared<RecordingSink>();
  FunctionSession session(*host_, sink, {});
  host_->live().clear();
  session.on_text(R"({"type":"query","id":1,"fn":"messages:count"})");
  EXPECT_EQ(sink->next(), R"({"type":"result","id":1,"result":0})");
  session.send_reset();
  EXPECT_EQ(sink->next(), R"({"type":"reset"})");
  host_->live().drain();
  EXPECT_EQ(host_->live().counters().subscriptions, 0U);
  session.on_closed();
}

TEST_F(ConversationTest, BoundsTheSubscriptionsOfAConnection) {
  auto sink = std::make_shared<RecordingSink>();
  FunctionSession session(*host_, sink, {.subscriptions_max = 1});
  session.on_text(R"({"type":"query","id":1,"fn":"messages:count"})");
  EXPECT_EQ(sink->next(), R"({"type":"result","id":1,"result":0})");
  session.on_text(R"({"type":"query","id":2,"fn":"messages:count"})");
  const auto refused = sink->next();
  ASSERT_TRUE(refused);
  EXPECT_NE(refused->find("at most 1 subscriptions"), std::string::npos) << *refused;
  session.on_closed();
}

TEST_F(ConversationTest, BoundsWhatTheSubscriptionsOfAConnectionHold) {
  const auto frame = [](int id, std::size_t channel_bytes) {
    return R"({"type":"query","id":)" + std::to_string(id) +
           R"(,"fn":"messages:list","args":{"channel":")" + std::string(channel_bytes, 'c') +
           R"("}})";
  };
  auto sink = std::make_shared<RecordingSink>();
  const std::size_t limit = frame(1, 1000).size() + std::string("[]").size();
  FunctionSession session(*host_, sink, {.subscription_bytes_max = limit});
  const auto ask = [&](const std::string& text) {
    session.on_text(text);
    return sink->next().value_or("nothing");
  };
  EXPECT_EQ(ask(frame(1, 1000)), R"({"type":"result","id":1,"result":[]})");
  EXPECT_NE(ask(frame(2, 1)).find("may hold at most"), std::string::npos);
  EXPECT_EQ(ask(frame(1, 10)), R"({"type":"result","id":1,"result":[]})") << "in place of itself";
  EXPECT_EQ(ask(frame(2, 1)), R"({"type":"result","id":2,"result":[]})") << "there is room again";
  session.on_text(R"({"type":"unsubscribe","id":1})");
  session.on_text(R"({"type":"unsubscribe","id":2})");
  EXPECT_EQ(ask(frame(3, 1000)), R"({"type":"result","id":3,"result":[]})");
  session.on_closed();
}

/// One HTTP request and the beginning of its expected answer.
struct Scenario {
  std::string method;
  std::string path;
  std::string body;
  int status;
  std::string answer;
};

class HttpTest : public ConversationTest {
 protected:
  static HttpResponse ask(FunctionApplication& application, HttpRequest request) {
    std::mutex mutex;
    std::condition_variable answered;
    std::optional<HttpResponse> response;
    application.handle(std::move(request), [&](HttpResponse given) {
      const std::lock_guard lock(mutex);
      response = std::move(given);
      answered.notify_all();
    });
    std::unique_lock lock(mutex);
    EXPECT_TRUE(
        answered.wait_for(lock, std::chrono::seconds(10), [&] { return response.has_value(); }));
    return response.value_or(HttpResponse{.status = 0, .headers = {}, .body = {}});
  }
};

TEST_F(HttpTest, AnswersAsDocumented) {
  const Scenario scenarios[] = {
      {"GET", "/health", "", 200, "OK"},
      {"GET", "/query", "", 404, "Not found"},
      {"POST", "/query", R"({"fn":"messages:count"})", 200, R"({"result":0})"},
      {"POST", "/query", R"({"fn":"messages:nothing"})", 200, "{}"},
      {"POST", "/query", "{}", 400,
       R"({"error":"Missing required field: fn","code":"bad_request"})"},
      {"POST", "/query", R"({"fn":7})", 400,
       R"({"error":"Missing required field: fn","code":"bad_request"})"},
      {"POST", "/query", R"({"fn":"a:b"})", 404,
       R"({"error":"Function not found: a:b","code":"not_found"})"},
      {"POST", "/query", R"({"fn":"messages:secret"})", 403,
       R"({"error":"Function \"messages:secret\" is internal","code":"forbidden"})"},
      {"POST", "/query", R"({"fn":"messages:send"})", 400,
       R"({"error":"\"messages:send\" is not a query","code":"bad_request"})"},
      {"POST", "/query", R"({"fn":"messages:list"})", 500,
       R"({"error":"Missing required field: channel","code":"execution_error"})"},
      {"POST", "/query", "{", 500, R"({"error":")"},
      {"POST", "/__admin/run", R"({"fn":"messages:count"})", 403,
       R"({"error":"administration is off)"},
      {"POST", "/__dev/reset", "", 404, "Not found"},
      {"GET", "/_dashboard", "", 404, "Not found"},
      {"GET", "/nowhere", "", 404, "Not found"},
  };
  FunctionApplication application(*tenants_, {});
  for (const Scenario& scenario : scenarios) {
    HttpRequest request;
    request.method = scenario.method;
    request.path = scenario.path;
    request.body = scenario.body;
    const HttpResponse response = ask(application, std::move(request));
    EXPECT_EQ(response.status, scenario.status) << scenario.path << " " << scenario.body;
    EXPECT_TRUE(response.body.starts_with(scenario.answer)) << response.body;
  }
}

TEST_F(HttpTest, AdministratesWithTheKeyOnly) {
  FunctionApplication application(*tenants_, {.administration = {.key = "s3cret"}});
  const auto run = [&](std::string function, std::vector<Header> headers) {
    HttpRequest request;
    request.method = "POST";
    request.path = "/__admin/run";
    request.headers = std::move(headers);
    request.body = R"({"fn":")" + function + R"("})";
    return ask(application, std::move(request));
  };
  const Header key{.name = "authorization", .value = "Bearer s3cret"};
  EXPECT_EQ(run("messages:secret", {}).status, 401);
  EXPECT_EQ(run("messages:secret", {{.name = "Authorization", .value = "Bearer s3creT"}}).status,
            401);
  EXPECT_EQ(run("messages:secret", {key}).body, R"({"success":true,"result":42})");
  EXPECT_EQ(
      run("messages:secret", {key, {.name = "Origin", .value = "https://evil.example"}}).status,
      403);
  EXPECT_EQ(run("a:b", {key}).body,
            R"({"success":false,"error":"Function not found: a:b","code":"not_found"})");
  EXPECT_EQ(run("messages:fail", {key}).body,
            R"({"success":false,"error":"no, thank you","code":"execution_error"})");
}

/// Made before the fixture that opens the databases, and gone after it.
struct FailingDisk {
  FailingDisk() { disk.make_default(); }
  test::FaultVfs disk;
};

class FailingDiskTest : private FailingDisk, public HttpTest {
 protected:
  using FailingDisk::disk;

  static int health_of(FunctionApplication& application) {
    HttpRequest request;
    request.method = "GET";
    request.path = "/health";
    return ask(application, std::move(request)).status;
  }
};

TEST_F(FailingDiskTest, SaysSoInHealthAndAnswersQueries) {
  FunctionApplication application(*tenants_, {});
  auto sink = std::make_shared<RecordingSink>();
  FunctionSession session(*host_, sink, {});
  const auto send = [&] {
    session.on_text(
        R"({"type":"mutation","id":1,"fn":"messages:send","args":{"channel":"a","body":"b"}})");
    return sink->next().value_or("nothing");
  };
  EXPECT_EQ(health_of(application), 200);
  disk.arm({.operation = test::Fault::Operation::Sync, .duration = test::Fault::Duration::Lasting});
  const std::string refused = send();
  EXPECT_TRUE(refused.starts_with(R"({"type":"error","id":1,"code":"execution_error")")) << refused;
  EXPECT_NE(refused.find("the disk of the database failed"), std::string::npos) << refused;
  EXPECT_EQ(health_of(application), 503);
  session.on_text(R"({"type":"query","id":2,"fn":"messages:count"})");
  const std::string answer = sink->next().value_or("nothing");
  EXPECT_TRUE(answer.starts_with(R"({"type":"result","id":2)")) << answer;
  disk.disarm();
  while (tenants_->root()->database().failure())
    std::this_thread::yield();
  EXPECT_EQ(health_of(application), 200);
  session.on_closed();
}

TEST_F(HttpTest, PagesOfOtherOriginsReadNothingOfTheAdministration) {
  FunctionApplication application(
      *tenants_, {.administration = {.mode = Mode::Development, .key = {}, .names = {}}});
  const auto status_from = [&](std::string_view site) {
    HttpRequest request;
    request.method = "GET";
    request.path = "/__admin/schema";
    request.from_loopback = true;
    request.headers = {{"Host", "localhost"}, {"Sec-Fetch-Site", std::string(site)}};
    return ask(application, std::move(request)).status;
  };
  EXPECT_EQ(status_from("same-origin"), 200);
  EXPECT_EQ(status_from("none"), 200) << "somebody typed it";
  EXPECT_EQ(status_from("cross-site"), 403) << "an image or a script, which name no origin";
  EXPECT_EQ(status_from("same-site"), 403) << "another port of this machine";
}

TEST_F(HttpTest, InDevelopmentOnlyNamesOfThisMachineAdministrate) {
  FunctionApplication application(
      *tenants_,
      {.administration = {.mode = Mode::Development, .key = {}, .names = {"own.example"}}});
  const auto status_for = [&](std::string_view host, std::string_view origin = "") {
    HttpRequest request;
    request.method = "POST";
    request.path = "/__admin/run";
    request.from_loopback = true;
    request.headers = {{"Host", std::string(host)}};
    if (!origin.empty()) request.headers.push_back({"Origin", std::string(origin)});
    request.body = R"({"fn":"messages:secret"})";
    return ask(application, std::move(request)).status;
  };
  for (const std::string_view own :
       {"localhost:8788", "LOCALHOST", "acme.localhost:1", "127.0.0.1:8788", "10.0.0.7", "[::1]:80",
        "[::1]", "own.example", "acme.Own.example:443", "localhost.", ""}) {
    EXPECT_EQ(status_for(own), 200) << own;
  }
  for (const std::string_view foreign :
       {"evil.example:8788", "localhost.evil.example", "notlocalhost", "127.0.0.1.evil.example",
        "not-own.example", "own.example.evil", "evil"}) {
    EXPECT_EQ(status_for(foreign), 403) << foreign;
  }
  EXPECT_EQ(status_for("evil.example:8788", "http://evil.example:8788"), 403)
      << "a page whose name was made to point here";
}

}  // namespace
}  // namespace moonstone::protocol::functions
