// Moonstone. Licence: see LICENSE.
// HTTP/1.1 over a real socket: framing, limits, timeouts, hostile input.
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/server.h"
#include "tests/server/raw_client.h"

namespace moonstone::server {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::RawClient;
using testing::RawResponse;
using testing::TestApplication;

constexpr std::chrono::milliseconds kGrace{20'000};

ServerOptions any_port() {
  ServerOptions options;
  options.port = 0;
  return options;
}

class HttpTest : public ::testing::Test {
 protected:
  void serve(const ServerOptions& options = any_port()) {
    auto started = Server::start(options, application_);
    ASSERT_TRUE(started) << started.error().message();
    server_ = std::move(*started);
  }
  RawClient client() { return RawClient(server_->port()); }
  /// The answer to one request on a connection of its own.
  RawResponse ask(std::string_view bytes) {
    RawClient one = client();
    one.send(bytes);
    return one.response();
  }
  RawResponse get(std::string_view target) {
    return ask("GET " + std::string(target) + " HTTP/1.1\r\nHost: t\r\n\r\n");
  }
  RawResponse post(std::string_view headers, std::string_view body) {
    return ask("POST /echo HTTP/1.1\r\nHost: t\r\n" + std::string(headers) + "\r\n" +
               std::string(body));
  }

  TestApplication application_;
  std::unique_ptr<Server> server_;
};

TEST_F(HttpTest, AnswersAndKeepsTheConnection) {
  serve();
  RawClient one = client();
  for (int i = 0; i < 3; ++i) {
    one.send("GET /echo?a=1&b HTTP/1.1\r\nHost: t\r\n\r\n");
    const RawResponse response = one.response();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "GET /echo ?a=1&b ");
    EXPECT_THAT(response.head, HasSubstr("Content-Length: 17\r\n"));
    EXPECT_THAT(response.head, Not(HasSubstr("Content-Length: 7\r\n")));
    EXPECT_THAT(response.head, HasSubstr("Date: "));
    EXPECT_THAT(response.head, Not(HasSubstr("Connection:")));
  }
  EXPECT_EQ(server_->counters().requests, 3U);
  EXPECT_EQ(server_->counters().connections, 1U);
}

TEST_F(HttpTest, ConnectionHeaderDecides) {
  serve();
  RawClient closing = client();
  closing.send("GET /echo HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(closing.response().head, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(closing.is_at_end());

  RawClient old = client();
  old.send("GET /echo HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.response().status, 200);
  EXPECT_TRUE(old.is_at_end());

  RawClient old_keeping = client();
  for (int i = 0; i < 2; ++i) {
    old_keeping.send("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_THAT(old_keeping.response().head, HasSubstr("Connection: keep-alive\r\n"));
  }
}

TEST_F(HttpTest, ByteByByte) {
  serve();
  RawClient one = client();
  for (const char c :
       std::string("\r\nPOST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n")) {
    one.send(std::string(1, c));
  }
  EXPECT_EQ(one.response().body, "POST /echo ? abcde");
  one.send("GET /echo HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(one.response().status, 200);
}

TEST_F(HttpTest, PipelinedRequestsAreAnsweredInOrder) {
  serve();
  RawClient one = client();
  std::string bytes;
  for (int i = 0; i < 50; ++i) {
    bytes +=
        "POST /echo/" + std::to_string(i) + " HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nhi";
  }
  one.send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n" + bytes);
  auto respond = application_.take_held();
  ASSERT_TRUE(respond);
  respond({.status = 202, .headers = {}, .body = "first"});
  EXPECT_EQ(one.response().body, "first");
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(one.response().body, "POST /echo/" + std::to_string(i) + " ? hi");
  }
}

TEST_F(HttpTest, HeadHasNoBody) {
  serve();
  RawClient one = client();
  one.send("HEAD /echo HTTP/1.1\r\nHost: t\r\n\r\nGET /echo HTTP/1.1\r\nHost: t\r\n\r\n");
  const RawResponse head = one.response("HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_THAT(head.head, HasSubstr("Content-Length: 13\r\n"));
  EXPECT_EQ(one.response().body, "GET /echo ? ");
}

TEST_F(HttpTest, Targets) {
  serve();
  EXPECT_EQ(get("/echo/%61%2Fb%20c").body, "GET /echo/a/b c ? ");
  EXPECT_EQ(get("/x/../echo/./y").body, "GET /echo/y ? ");
  EXPECT_EQ(get("/echo/%2e%2e/echo").body, "GET /echo ? ");
  EXPECT_EQ(get("/echo?x=%2e%2e/..").body, "GET /echo ?x=%2e%2e/.. ");
  EXPECT_EQ(get("http://other.example:80/echo?q").body, "GET /echo ?q ");
  EXPECT_EQ(get("HTTP://other.example").status, 404);
  for (const char* bad : {"/..", "/a/../../b", "/%2e%2e/etc", "/..%2f..", "/a%00b", "/%zz", "/%4",
                          "/%ff", "/%c0%af", "/a#b", "echo", "http://", "*", "//../.."}) {
    EXPECT_EQ(get(bad).status, 400) << bad;
  }
}

TEST_F(HttpTest, FramingThatCouldSmuggleIsRefused) {
  serve();
  EXPECT_EQ(post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n").status, 400);
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n").status, 400);
  EXPECT_EQ(post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc").status, 400);
  EXPECT_EQ(post("Content-Length: 3, 3\r\n", "abc").status, 400);
  EXPECT_EQ(post("Content-Length: -3\r\n", "abc").status, 400);
  EXPECT_EQ(post("Content-Length: +3\r\n", "abc").status, 400);
  EXPECT_EQ(post("Content-Length: 0x3\r\n", "abc").status, 400);
  EXPECT_EQ(post("Content-Length: 99999999999999999999999\r\n", "abc").status, 400);
  EXPECT_EQ(post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n").status, 501);
  EXPECT_EQ(post("Transfer-Encoding: identity\r\n", "").status, 501);
  EXPECT_EQ(post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n").status, 400);
  EXPECT_EQ(post("X: a\r\n folded\r\n", "").status, 400);
  EXPECT_EQ(post("X: a\rb\r\n", "").status, 400);
  EXPECT_EQ(post("X: a\nY: b\r\n", "").status, 400);
  EXPECT_EQ(post(std::string_view("X: a\0b\r\n", 8), "").status, 400);
  EXPECT_EQ(post("Host: twice\r\n", "").status, 400);
  EXPECT_EQ(ask("GET /echo HTTP/1.1\r\n\r\n").status, 400);
  EXPECT_EQ(ask("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").status, 400);
}

TEST_F(HttpTest, MalformedInputIsAnsweredAndClosed) {
  serve();
  for (const char* bad :
       {"GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/2.0\r\nHost: t\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: t\r\n\r\n", "get / HTTP/1.1\r\nHost: t\r\n\r\n",
        "GeT / HTTP/1.1\r\nHost: t\r\n\r\n", "\x16\x03\x01\x02\x00\x01",
        "GET / HTTP/1.1\r\nHost: t\r\nnocolon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: t\r\n: empty\r\n\r\n", "GET / HTTP/1.1\nHost: t\n\r\n\r\n"}) {
    RawClient one = client();
    one.send(bad);
    const RawResponse response = one.response();
    EXPECT_EQ(response.status, 400) << bad;
    EXPECT_THAT(response.head, HasSubstr("Connection: close\r\n")) << bad;
    EXPECT_THAT(response.body, Not(IsEmpty()));
    EXPECT_TRUE(one.is_at_end());
  }
  EXPECT_EQ(server_->counters().requests, 0U);
  EXPECT_EQ(server_->counters().refused, 10U);
}

TEST_F(HttpTest, ChunksThatLieAreRefused) {
  serve();
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\n", "zz\r\nabc\r\n").status, 400);
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\n", "3\r\nabcde\r\n").status, 400);
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\na").status, 400);
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\n", "3;" + std::string(100'000, 'x')).status, 400);
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\n", "0\r\nT: " + std::string(100'000, 'x')).status,
            400);
}

TEST_F(HttpTest, HeadersAreBounded) {
  ServerOptions options = any_port();
  options.header_bytes_max = 1000;
  serve(options);
  const std::string line = "GET /echo HTTP/1.1\r\nHost: t\r\nX: ";
  const std::size_t fits = 1000 - line.size() - 4;
  EXPECT_EQ(ask(line + std::string(fits, 'x') + "\r\n\r\n").status, 200);
  EXPECT_EQ(ask(line + std::string(fits + 1, 'x') + "\r\n\r\n").status, 431);
  EXPECT_EQ(ask(line + std::string(1'000'000, 'x') + "\r\n\r\n").status, 431);
  EXPECT_EQ(ask("GET /" + std::string(1'000'000, 'x')).status, 431);
}

TEST_F(HttpTest, TenThousandHeaders) {
  ServerOptions options = any_port();
  options.header_bytes_max = std::size_t{1024} * 1024;
  serve(options);
  std::string head = "GET /echo HTTP/1.1\r\nHost: t\r\n";
  for (int i = 0; i < 10'000; ++i)
    head += "X" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(ask(head + "\r\n").status, 431);
}

TEST_F(HttpTest, BodiesAreBounded) {
  ServerOptions options = any_port();
  options.body_bytes_max = 1000;
  serve(options);
  EXPECT_EQ(post("Content-Length: 1000\r\n", std::string(1000, 'x')).status, 200);
  EXPECT_EQ(post("Content-Length: 1001\r\n", std::string(1001, 'x')).status, 413);
  EXPECT_EQ(post("Content-Length: 900000000000\r\n", std::string(300'000, 'x')).status, 413);
  const std::string chunk = "1f4\r\n" + std::string(500, 'x') + "\r\n";
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\n", chunk + chunk + "0\r\n\r\n").status, 200);
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\n", chunk + chunk + "1\r\nx\r\n0\r\n\r\n").status,
            413);
}

TEST_F(HttpTest, SlowHeadIsAnsweredWith408) {
  ServerOptions options = any_port();
  options.header_timeout = std::chrono::seconds(1);
  serve(options);
  RawClient silent = client();
  RawClient slow = client();
  slow.send("GET /echo HTTP/1.1\r\nHo");
  EXPECT_EQ(slow.response().status, 408);
  EXPECT_TRUE(slow.is_at_end());
  EXPECT_TRUE(silent.is_at_end()) << "a connection that says nothing is closed without an answer";
}

TEST_F(HttpTest, SlowBodyIsAnsweredWith408) {
  ServerOptions options = any_port();
  options.body_timeout = std::chrono::seconds(1);
  serve(options);
  EXPECT_EQ(post("Content-Length: 10\r\n", "abc").status, 408);
}

TEST_F(HttpTest, IdleConnectionIsClosed) {
  ServerOptions options = any_port();
  options.idle_timeout = std::chrono::seconds(1);
  serve(options);
  RawClient one = client();
  one.send("GET /echo HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(one.response().status, 200);
  EXPECT_TRUE(one.is_at_end());
}

TEST_F(HttpTest, ExpectContinue) {
  serve();
  RawClient one = client();
  one.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(one.response().status, 100);
  one.send("ok");
  EXPECT_EQ(one.response().body, "POST /echo ? ok");
  EXPECT_EQ(post("Content-Length: 2\r\nExpect: miracles\r\n", "ok").status, 417);
  EXPECT_EQ(post("Content-Length: 99000000\r\nExpect: 100-continue\r\n", "").status, 413);
}

TEST_F(HttpTest, AnAnswerThatNeverComesIs500) {
  serve();
  EXPECT_EQ(get("/drop").status, 500);
  const RawResponse split = get("/split");
  EXPECT_EQ(split.status, 500);
  EXPECT_THAT(split.head, Not(HasSubstr("stolen")));
}

TEST_F(HttpTest, LargeResponseArrivesWhole) {
  serve();
  EXPECT_EQ(get("/big").body, std::string(std::size_t{1024} * 1024, 'b'));
}

TEST_F(HttpTest, AnswerAfterTheClientLeft) {
  serve();
  protocol::Respond late;
  {
    RawClient one = client();
    one.send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
    late = application_.take_held();
    one.reset();
  }
  ASSERT_TRUE(late);
  late({.status = 200, .headers = {}, .body = std::string(std::size_t{4} * 1024 * 1024, 'x')});
  EXPECT_EQ(get("/echo").status, 200);
}

TEST_F(HttpTest, StopFinishesRunningRequests) {
  serve();
  RawClient idle = client();
  idle.send("GET /echo HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(idle.response().status, 200);
  RawClient busy = client();
  busy.send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  auto respond = application_.take_held();
  ASSERT_TRUE(respond);
  std::thread stopping([this] { server_->stop(kGrace); });
  EXPECT_TRUE(idle.is_at_end());
  respond({.status = 200, .headers = {}, .body = "done"});
  const RawResponse response = busy.response();
  EXPECT_EQ(response.body, "done");
  EXPECT_THAT(response.head, HasSubstr("Connection: close\r\n"));
  stopping.join();
  EXPECT_EQ(server_->counters().connections, 0U);
}

TEST_F(HttpTest, StopWithoutGraceAbandonsRequests) {
  serve();
  RawClient busy = client();
  busy.send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  auto late = application_.take_held();
  ASSERT_TRUE(late);
  server_->stop(std::chrono::milliseconds(0));
  EXPECT_TRUE(busy.is_at_end());
  server_.reset();
  late({});  // has nowhere to go, and says nothing
}

TEST_F(HttpTest, ConnectionsAreBounded) {
  ServerOptions options = any_port();
  options.http_connections_max = 2;
  serve(options);
  RawClient first = client();
  RawClient second = client();
  for (RawClient* one : {&first, &second}) {
    one->send("GET /echo HTTP/1.1\r\nHost: t\r\n\r\n");
    EXPECT_EQ(one->response().status, 200);
  }
  RawClient third = client();
  const RawResponse refused = third.response();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.body, "Too many connections");
}

TEST_F(HttpTest, SeveralThreadsServe) {
  ServerOptions options = any_port();
  options.threads = 3;
  serve(options);
  std::vector<RawClient> clients;
  for (int i = 0; i < 30; ++i)
    clients.push_back(client());
  for (RawClient& one : clients)
    one.send("GET /big HTTP/1.1\r\nHost: t\r\n\r\n");
  for (RawClient& one : clients)
    EXPECT_EQ(one.response().body.size(), std::size_t{1024} * 1024);
}

TEST_F(HttpTest, RunsOutOfDescriptorsAndGoesOn) {
  serve();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{.rlim_cur = 128, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  std::vector<int> taken;
  for (int fd = ::dup(0); fd >= 0; fd = ::dup(0))
    taken.push_back(fd);
  ASSERT_GE(taken.size(), 2U);
  ::close(taken.back());
  taken.pop_back();
  RawClient one = client();  // has the last descriptor: the server has none to accept it with
  one.send("GET /echo HTTP/1.1\r\nHost: t\r\n\r\n");
  for (const int fd : taken)
    ::close(fd);
  EXPECT_EQ(one.response().status, 200);
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(HttpTest, ReconnectFloodLeavesNoDescriptorOpen) {
  serve();
  const auto open_descriptors = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  const auto before = open_descriptors();
  for (int i = 0; i < 10'000; ++i) {
    RawClient one = client();
    one.reset();
  }
  // Accepted in order: when this one is answered, all others were seen.
  EXPECT_EQ(get("/echo").status, 200);
  server_->stop(kGrace);
  EXPECT_EQ(server_->counters().connections, 0U);
  EXPECT_LE(open_descriptors(), before);
}

TEST(ServerStart, TakenAddressNamesTheWayOut) {
  TestApplication application;
  auto first = Server::start(any_port(), application);
  ASSERT_TRUE(first);
  ServerOptions options = any_port();
  options.port = (*first)->port();
  const auto second = Server::start(options, application);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::Unavailable);
  EXPECT_THAT(second.error().message(), HasSubstr("127.0.0.1:" + std::to_string(options.port)));
  EXPECT_THAT(second.error().message(), HasSubstr("--port"));
  options.host = "192.0.2.1";
  EXPECT_THAT(Server::start(options, application).error().message(), HasSubstr("--host"));
}

}  // namespace
}  // namespace moonstone::server
