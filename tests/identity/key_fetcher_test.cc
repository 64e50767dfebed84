// Moonstone. Licence: see LICENSE.
// Fetching over real sockets on loopback.
#include "identity/key_fetcher.h"

#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "identity/key_set.h"

namespace moonstone::identity {
namespace {

/// Takes connections, answers each request with the same text, and closes.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::string answer) : answer_(std::move(answer)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const general = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, general, sizeof(address)), 0);
    EXPECT_EQ(::listen(listener_, 4), 0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::getsockname(listener_, general, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/keys";
  }

 private:
  void serve() {
    while (true) {
      const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return;
      std::string request;
      char piece[1024];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t count = ::read(connection, piece, sizeof(piece));
        if (count <= 0) break;
        request.append(piece, static_cast<std::size_t>(count));
      }
      std::string_view rest = answer_;
      while (!rest.empty()) {
        const ssize_t count = ::send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (count <= 0) break;
        rest.remove_prefix(static_cast<std::size_t>(count));
      }
      ::close(connection);
    }
  }

  std::string answer_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

std::string answer_of(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

class KeyFetcherTest : public ::testing::Test {
 protected:
  // The machine's proxy has no way to our loopback.
  // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
  KeyFetcherTest() { ::setenv("no_proxy", "127.0.0.1", 1); }

  std::string fetch(const std::string& url) {
    const auto text = fetcher_->fetch(url, {});
    return text ? *text : "error " + std::string(to_string(text.error().code()));
  }
  KeyFetcherPtr fetcher_ = make_url_fetcher();
};

TEST_F(KeyFetcherTest, BringsTheBodyOfAGoodAnswer) {
  const ScriptedServer server(answer_of("200 OK", "{\"keys\":[]}"));
  EXPECT_EQ(fetch(server.url()), "{\"keys\":[]}");
  EXPECT_EQ(fetch(server.url()), "{\"keys\":[]}");
}

TEST_F(KeyFetcherTest, OtherAnswersAreErrorsAndRedirectsAreNotFollowed) {
  const ScriptedServer target(answer_of("200 OK", "moved"));
  const ScriptedServer redirect("HTTP/1.1 302 Found\r\nLocation: " + target.url() +
                                "\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(fetch(redirect.url()), "error unavailable");
  const ScriptedServer missing(answer_of("404 Not Found", "no"));
  EXPECT_EQ(fetch(missing.url()), "error unavailable");
  const ScriptedServer cut("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
  EXPECT_EQ(fetch(cut.url()), "error unavailable");
  EXPECT_EQ(fetch("http://127.0.0.1:1/"), "error unavailable");
  EXPECT_EQ(fetch("file:///etc/hostname"), "error unavailable");
}

TEST_F(KeyFetcherTest, AnAnswerWithoutEndIsCutOff) {
  const ScriptedServer server("HTTP/1.1 200 OK\r\n\r\n" + std::string(kKeySetBytesMax + 1, 'x'));
  EXPECT_EQ(fetch(server.url()), "error limit_exceeded");
}

TEST_F(KeyFetcherTest, FilesAreReadWhole) {
  const auto files = make_file_fetcher();
  const auto text = files->fetch(std::string(MS_SOURCE_DIR) + "/LICENSE", {});
  ASSERT_TRUE(text);
  EXPECT_FALSE(text->empty());
  EXPECT_FALSE(files->fetch(std::string(MS_SOURCE_DIR) + "/no such file", {}));
}

}  // namespace
}  // namespace moonstone::identity
