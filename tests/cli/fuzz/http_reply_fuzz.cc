// Moonstone. Licence: see LICENSE.
// Any bytes as what a server answers to the command line: as an HTTP response or, if the first byte
// is odd, as what it sends on a WebSocket. An answer or an error; never more than was sent.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/http_client.h"
#include "cli/web_socket.h"

namespace cli = moonstone::cli;

namespace {

/// Takes one connection after the other, waits for a request, says what it is told and closes.
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const general = reinterpret_cast<sockaddr*>(&address);
    MS_CHECK(::bind(fd_, general, size) == 0 && ::listen(fd_, 8) == 0 &&
                 ::getsockname(fd_, general, &size) == 0,
             "the listener must start");
    port_ = ntohs(address.sin_port);
  }

  [[nodiscard]] std::string url() const { return fmt::format("http://127.0.0.1:{}/", port_); }

  void answer_one(std::string_view bytes) const {
    const int connection = ::accept(fd_, nullptr, nullptr);
    MS_CHECK(connection >= 0, "somebody connects");
    std::string request;
    std::array<char, 4096> buffer{};
    while (!request.contains("\r\n\r\n")) {
      const ssize_t count = ::recv(connection, buffer.data(), buffer.size(), 0);
      if (count <= 0) break;
      request.append(buffer.data(), static_cast<std::size_t>(count));
    }
    static_cast<void>(::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL));
    ::close(connection);
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

void read_response(const Listener& listener, std::size_t sent) {
  const auto reply =
      cli::call({.method = "GET", .url = listener.url(), .time_max = std::chrono::seconds(10)});
  MS_CHECK(!reply || reply->body.size() <= sent, "a body comes from the wire");
}

void read_socket(const Listener& listener, std::size_t sent) {
  cli::WebSocket socket;
  const auto url = cli::parse_url(listener.url());
  if (!socket.open(*url, {})) return;
  for (std::size_t messages = 0;; ++messages) {
    MS_CHECK(messages <= sent, "a message comes from the wire");
    const auto message = socket.receive();
    if (!message || !*message) return;
    MS_CHECK((*message)->size() <= sent, "a message comes from the wire");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Listener listener;
  if (size == 0) return 0;
  const bool is_socket = (data[0] & 1U) != 0;
  std::string answer = is_socket ? "HTTP/1.1 101 Switching Protocols\r\n\r\n" : "";
  answer.append(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::jthread server([&answer] { listener.answer_one(answer); });
  is_socket ? read_socket(listener, size) : read_response(listener, size);
  return 0;
}
