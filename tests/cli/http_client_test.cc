// Moonstone. Licence: see LICENSE.
#include "cli/http_client.h"

#include <array>
#include <string>
#include <string_view>
#include <thread>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace moonstone::cli {
namespace {

using testing::HasSubstr;

/// A server that takes one connection, reads one request, says what it was told, and closes.
class ScriptedServer {
 public:
  /// `answer` is sent in pieces of that size.
  explicit ScriptedServer(std::string answer, std::size_t piece = 1'000'000)
      : answer_(std::move(answer)), piece_(piece) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const general = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, general, sizeof(address)), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::getsockname(listener_, general, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ~ScriptedServer() {
    // Wakes the accept of a test that never connected.
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::string url(std::string_view path = "") const {
    return fmt::format("http://127.0.0.1:{}{}", port_, path);
  }
  /// What arrived; only after the exchange is over.
  std::string request() {
    if (thread_.joinable()) thread_.join();
    thread_ = std::jthread([] {});
    return request_;
  }

 private:
  void serve() {
    const int connection = ::accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    std::array<char, 4096> buffer{};
    while (request_.find("body!") == std::string::npos) {
      const ssize_t count = ::recv(connection, buffer.data(), buffer.size(), 0);
      if (count <= 0) break;
      request_.append(buffer.data(), static_cast<std::size_t>(count));
    }
    for (std::size_t at = 0; at < answer_.size(); at += piece_) {
      const std::string_view piece = std::string_view(answer_).substr(at, piece_);
      if (::send(connection, piece.data(), piece.size(), MSG_NOSIGNAL) < 0) break;
    }
    ::close(connection);
  }

  std::string answer_;
  std::size_t piece_;
  int listener_ = -1;
  int port_ = 0;
  std::string request_;
  std::jthread thread_;
};

Result<HttpReply> post_to(const std::string& url) {
  return post({.url = url, .headers = {{"Authorization", "Bearer k"}}, .body = "body!"});
}

std::string error_of(const std::string& answer) {
  const ScriptedServer server(answer);
  const auto reply = post_to(server.url());
  EXPECT_FALSE(reply);
  return reply ? "" : reply.error().message();
}

TEST(HttpClient, SendsACompleteRequest) {
  ScriptedServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  const auto reply = post_to(server.url("/a?b"));
  ASSERT_TRUE(reply) << reply.error().message();
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "ok");
  const std::string request = server.request();
  EXPECT_THAT(request, testing::StartsWith("POST /a?b HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_THAT(request, HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nAuthorization: Bearer k\r\n\r\nbody!"));
}

TEST(HttpClient, ReadsAnswersByteByByte) {
  const ScriptedServer server("HTTP/1.1 404 Not Found\r\ncontent-length:5\r\n\r\nhello", 1);
  const auto reply = post_to(server.url());
  ASSERT_TRUE(reply) << reply.error().message();
  EXPECT_EQ(reply->status, 404);
  EXPECT_EQ(reply->body, "hello");
}

TEST(HttpClient, ReadsChunks) {
  for (const std::size_t piece : {1U, 7U, 1000U}) {
    const ScriptedServer server(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nB;x=y\r\n wide "
        "world\r\n0\r\n\r\n",
        piece);
    const auto reply = post_to(server.url());
    ASSERT_TRUE(reply) << reply.error().message();
    EXPECT_EQ(reply->body, "hello wide world");
  }
}

TEST(HttpClient, ReadsToTheEndWithoutALength) {
  const ScriptedServer server("HTTP/1.0 200 OK\r\n\r\nall of it");
  EXPECT_EQ(post_to(server.url())->body, "all of it");
}

TEST(HttpClient, HandsABodyOnPieceByPiece) {
  for (const char* const head : {"Content-Length: 11", "Transfer-Encoding: chunked"}) {
    const bool is_chunked = std::string_view(head).starts_with("T");
    const ScriptedServer server(
        fmt::format("HTTP/1.1 200 OK\r\n{}\r\n\r\n{}", head,
                    is_chunked ? "6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n" : "hello world"),
        3);
    std::string got;
    const auto reply = call({.method = "POST",
                             .url = server.url(),
                             .body = "body!",
                             .on_body = [&](std::string_view piece) {
                               got += piece;
                               return ok();
                             }});
    ASSERT_TRUE(reply) << reply.error().message();
    EXPECT_EQ(got, "hello world");
    EXPECT_EQ(reply->body, "");
  }
}

TEST(HttpClient, KeepsTheBodyOfAFailure) {
  const ScriptedServer server("HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno");
  const auto reply = call(
      {.method = "POST", .url = server.url(), .body = "body!", .on_body = [](std::string_view) {
         return ok();
       }});
  ASSERT_TRUE(reply) << reply.error().message();
  EXPECT_EQ(reply->body, "no");
}

TEST(HttpClient, TlsIsRefusedByWhatDoesNotSpeakIt) {
  const ScriptedServer server("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\nbody!");
  const std::string url = "https" + server.url().substr(4);
  const auto reply = call({.url = url, .time_max = std::chrono::seconds(5)});
  ASSERT_FALSE(reply);
  EXPECT_THAT(reply.error().message(), testing::StartsWith(url));
}

TEST(HttpClient, RefusesBrokenAnswers) {
  EXPECT_THAT(error_of("SSH-2.0-OpenSSH\r\n\r\n"), HasSubstr("not HTTP"));
  EXPECT_THAT(error_of("HTTP/1.1 2x0 OK\r\n\r\n"), HasSubstr("not HTTP"));
  EXPECT_THAT(error_of("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), HasSubstr("not HTTP"));
  EXPECT_THAT(error_of("HTTP/1.1 200"), HasSubstr("not HTTP"));
  EXPECT_THAT(error_of(""), HasSubstr("without an answer"));
  EXPECT_THAT(error_of("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"), HasSubstr("cut off"));
  EXPECT_THAT(error_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
              HasSubstr("not HTTP"));
  EXPECT_THAT(error_of("HTTP/1.1 200 OK\r\n" + std::string(kResponseHeadBytesMax, 'a')),
              HasSubstr("not HTTP"));
  EXPECT_THAT(error_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                       std::string(kResponseHeadBytesMax + 1, 'f')),
              HasSubstr("not HTTP"));
}

TEST(HttpClient, ErrorsNameTheUrl) {
  const auto refused = post_to("http://127.0.0.1:1/x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::Unavailable);
  EXPECT_THAT(refused.error().message(), HasSubstr("http://127.0.0.1:1/x: Connection refused"));
}

TEST(HttpClient, GivesUpInTime) {
  const ScriptedServer server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
  const auto reply =
      post({.url = server.url(), .body = "no end mark", .time_max = std::chrono::seconds(0)});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code(), ErrorCode::DeadlineExceeded);
}

TEST(Urls, AreTakenApart) {
  const auto plain = parse_url("http://example.com");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "example.com");
  EXPECT_EQ(plain->port, "80");
  EXPECT_EQ(plain->path, "/");
  const auto full = parse_url("http://[::1]:8788/base/x");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->host, "::1");
  EXPECT_EQ(full->port, "8788");
  EXPECT_EQ(full->path, "/base/x");
  EXPECT_EQ(full->authority(), "[::1]:8788");
  EXPECT_EQ(full->security, Url::Security::Plain);
  const auto secure = parse_url("https://example.com/t/a");
  ASSERT_TRUE(secure);
  EXPECT_EQ(secure->security, Url::Security::Tls);
  EXPECT_EQ(secure->authority(), "example.com:443");
}

TEST(Urls, AreRefusedWithTheReason) {
  EXPECT_THAT(parse_url("ftp://a").error().message(), HasSubstr("expected http://host:port"));
  for (const char* const url : {"", "a:80", "http://", "http://:80", "http://a:", "http://a:99999",
                                "http://a:8x", "http://[::1", "http://a/b c"}) {
    EXPECT_FALSE(parse_url(url)) << url;
  }
}

}  // namespace
}  // namespace moonstone::cli
