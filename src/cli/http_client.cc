// Moonstone. Licence: see LICENSE.
#include "cli/http_client.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <system_error>

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace moonstone::cli {
namespace {

using std::chrono::steady_clock;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return out;
}

/// A connected socket with a deadline for everything that happens on it.
class Connection {
 public:
  explicit Connection(steady_clock::time_point deadline) : deadline_(deadline) {}
  ~Connection() {
    if (socket_ >= 0) ::close(socket_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Tries every address of the host, as `localhost` may be ::1 and 127.0.0.1.
  Status connect(const Url& url) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failed = ::getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &found);
    if (failed != 0) return Error(ErrorCode::Unavailable, ::gai_strerror(failed));
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
    Status outcome = Error(ErrorCode::Unavailable, "the host has no address");
    for (const addrinfo* address = addresses.get(); address != nullptr;
         address = address->ai_next) {
      outcome = connect_to(*address);
      if (outcome) return outcome;
    }
    return outcome;
  }

  Status send(std::string_view text) {
    while (!text.empty()) {
      MS_TRY_STATUS(wait(POLLOUT));
      const ssize_t count = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count < 0) return Error(ErrorCode::Unavailable, std::generic_category().message(errno));
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }

  /// Appends what has arrived; false at the end of the stream.
  Result<bool> receive(std::string& into) {
    std::array<char, std::size_t{16} * 1024> buffer{};
    while (true) {
      MS_TRY_STATUS(wait(POLLIN));
      const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count < 0) return Error(ErrorCode::Unavailable, std::generic_category().message(errno));
      into.append(buffer.data(), static_cast<std::size_t>(count));
      return count > 0;
    }
  }

 private:
  Status connect_to(const addrinfo& address) {
    if (socket_ >= 0) ::close(socket_);
    socket_ = ::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                       address.ai_protocol);
    if (socket_ < 0) return Error(ErrorCode::Unavailable, std::generic_category().message(errno));
    if (::connect(socket_, address.ai_addr, address.ai_addrlen) == 0) return {};
    if (errno != EINPROGRESS)
      return Error(ErrorCode::Unavailable, std::generic_category().message(errno));
    MS_TRY_STATUS(wait(POLLOUT));
    int failed = 0;
    socklen_t size = sizeof(failed);
    ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &failed, &size);
    if (failed != 0) return Error(ErrorCode::Unavailable, std::generic_category().message(failed));
    return {};
  }

  Status wait(short events) {
    while (true) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - steady_clock::now());
      if (left.count() <= 0) return Error(ErrorCode::DeadlineExceeded, "no answer in time");
      pollfd waits{.fd = socket_, .events = events, .revents = 0};
      if (::poll(&waits, 1, static_cast<int>(left.count())) > 0) return {};
    }
  }

  int socket_ = -1;
  steady_clock::time_point deadline_;
};

std::string request_text(const Url& url, const HttpPost& request) {
  const bool is_v6 = url.host.find(':') != std::string::npos;
  std::string text = fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}:{}\r\nContent-Type: application/json\r\n"
      "Content-Length: {}\r\nConnection: close\r\n",
      url.path, is_v6 ? "[" + url.host + "]" : url.host, url.port, request.body.size());
  for (const auto& [name, value] : request.headers)
    text += fmt::format("{}: {}\r\n", name, value);
  return text + "\r\n" + request.body;
}

struct Head {
  int status = 0;
  std::optional<std::size_t> length;
  bool is_chunked = false;
};

Error not_http() {
  return {ErrorCode::InvalidArgument, "the answer is not HTTP"};
}

/// The head without its empty line.
Result<Head> parse_head(std::string_view text) {
  Head head;
  if (!text.starts_with("HTTP/1.") || text.size() < 12) return not_http();
  const auto [end, failed] = std::from_chars(text.data() + 9, text.data() + 12, head.status);
  if (failed != std::errc() || end != text.data() + 12) return not_http();
  while (true) {
    const std::size_t line_end = text.find("\r\n");
    if (line_end == std::string_view::npos) return head;
    text.remove_prefix(line_end + 2);
    const std::string_view line = text.substr(0, text.find("\r\n"));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return not_http();
    std::string_view value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    const std::string name = lower(line.substr(0, colon));
    if (name == "content-length") {
      std::size_t length = 0;
      const auto parsed = std::from_chars(value.data(), value.data() + value.size(), length);
      if (parsed.ec != std::errc()) return not_http();
      head.length = length;
    } else if (name == "transfer-encoding") {
      head.is_chunked = lower(value) == "chunked";
    }
  }
}

/// Takes the chunks that are complete out of `raw`; true after the last one.
Result<bool> take_chunks(std::string& raw, std::string& body) {
  while (true) {
    const std::size_t line_end = raw.find("\r\n");
    if (line_end == std::string::npos) return false;
    std::size_t size = 0;
    const auto parsed = std::from_chars(raw.data(), raw.data() + line_end, size, 16);
    if (parsed.ec != std::errc() || size > kResponseBodyBytesMax) return not_http();
    if (size == 0) return true;
    if (raw.size() < line_end + 2 + size + 2) return false;
    body.append(raw, line_end + 2, size);
    raw.erase(0, line_end + 2 + size + 2);
    if (body.size() > kResponseBodyBytesMax) {
      return Error(ErrorCode::LimitExceeded, "the answer is too large");
    }
  }
}

Result<std::string> receive_body(Connection& connection, const Head& head, std::string raw) {
  std::string body;
  while (true) {
    if (head.is_chunked) {
      MS_TRY(const bool is_complete, take_chunks(raw, body));
      if (is_complete) return body;
    } else if (head.length && raw.size() >= *head.length) {
      raw.resize(*head.length);
      return raw;
    }
    if (raw.size() > kResponseBodyBytesMax) {
      return Error(ErrorCode::LimitExceeded, "the answer is too large");
    }
    MS_TRY(const bool goes_on, connection.receive(raw));
    if (goes_on) continue;
    if (!head.is_chunked && !head.length) return raw;
    return Error(ErrorCode::Unavailable, "the connection was cut off");
  }
}

Result<HttpReply> exchange(const Url& url, const HttpPost& request) {
  Connection connection(steady_clock::now() + request.time_max);
  MS_TRY_STATUS(connection.connect(url));
  MS_TRY_STATUS(connection.send(request_text(url, request)));
  std::string raw;
  std::size_t head_end = std::string::npos;
  while ((head_end = raw.find("\r\n\r\n")) == std::string::npos) {
    if (raw.size() > kResponseHeadBytesMax) return not_http();
    MS_TRY(const bool goes_on, connection.receive(raw));
    if (!goes_on && raw.empty()) {
      return Error(ErrorCode::Unavailable, "the connection was closed without an answer");
    }
    if (!goes_on) return not_http();
  }
  MS_TRY(const Head head, parse_head(std::string_view(raw).substr(0, head_end)));
  HttpReply reply{.status = head.status, .body = {}};
  MS_TRY(reply.body, receive_body(connection, head, raw.substr(head_end + 4)));
  return reply;
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && port != 0;
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return Error(ErrorCode::InvalidArgument, fmt::format("{}: {}", text, why));
  };
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with("https://")) {
    return refuse("https is not supported here; use http through a tunnel");
  }
  if (!text.starts_with(kScheme)) return refuse("expected http://host:port");
  std::string_view rest = text.substr(kScheme.size());
  Url url;
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  url.path = rest.substr(slash).empty() ? "/" : std::string(rest.substr(slash));
  std::string_view authority = rest.substr(0, slash);
  const bool has_brackets = authority.starts_with('[');
  const std::size_t host_end =
      has_brackets ? authority.find(']') : std::min(authority.rfind(':'), authority.size());
  if (host_end == std::string_view::npos) return refuse("the address has no closing bracket");
  url.host = authority.substr(has_brackets ? 1 : 0, host_end - (has_brackets ? 1 : 0));
  authority.remove_prefix(std::min(host_end + (has_brackets ? 1 : 0), authority.size()));
  if (!authority.empty()) {
    if (authority.front() != ':' || !is_port(authority.substr(1))) return refuse("bad port");
    url.port = authority.substr(1);
  }
  if (url.host.empty()) return refuse("expected http://host:port");
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7F; };
  if (!std::ranges::all_of(url.path, is_plain)) return refuse("bad path");
  return url;
}

Result<HttpReply> post(const HttpPost& request) {
  MS_TRY(const Url url, parse_url(request.url));
  auto reply = exchange(url, request);
  if (!reply) return std::move(reply).error().with_context(request.url);
  return reply;
}

}  // namespace moonstone::cli
