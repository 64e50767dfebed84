// Moonstone. Licence: see LICENSE.
#include "tests/server/raw_client.h"

#include <charconv>
#include <chrono>
#include <utility>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace moonstone::server::testing {
namespace {

constexpr std::chrono::seconds kPatience{60};

class EchoSession final : public protocol::SocketSession {
 public:
  EchoSession(TestApplication& application, protocol::SocketSinkPtr sink)
      : application_(application), sink_(std::move(sink)) {}

  void on_text(std::string_view text) override {
    if (text == "close") return sink_->close(protocol::CloseCode::InternalError, "as asked");
    sink_->send(frame_of(std::string(text)));
  }
  void on_writable() override { application_.writable.raise(); }
  void on_closed() override { application_.closed.raise(); }

 private:
  TestApplication& application_;
  protocol::SocketSinkPtr sink_;
};

std::size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "Content-Length: ";
  const std::size_t at = head.find(kName);
  if (at == std::string_view::npos) return 0;
  std::size_t length = 0;
  const char* begin = head.data() + at + kName.size();
  std::from_chars(begin, head.data() + head.size(), length);
  return length;
}

}  // namespace

int RawFrame::close_code() const {
  if (payload.size() < 2) return 0;
  return static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]);
}

RawClient::RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ADD_FAILURE() << "cannot connect to port " << port;
  }
}

RawClient::RawClient(RawClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}

RawClient::~RawClient() {
  if (fd_ >= 0) ::close(fd_);
}

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server has closed; what it said stands in the answer
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void RawClient::shutdown_send() {
  ::shutdown(fd_, SHUT_WR);
}

void RawClient::reset() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(std::exchange(fd_, -1));
}

bool RawClient::fill() {
  char chunk[64 * 1024];
  const ssize_t got = ::recv(fd_, chunk, sizeof chunk, 0);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) ADD_FAILURE() << "nothing arrived";
  if (got <= 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(got));
  return true;
}

bool RawClient::need(std::size_t bytes) {
  while (buffer_.size() < bytes) {
    if (!fill()) return false;
  }
  return true;
}

RawResponse RawClient::response(std::string_view method) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return {};
  }
  RawResponse out;
  out.head = buffer_.substr(0, end + 4);
  buffer_.erase(0, end + 4);
  std::from_chars(out.head.data() + 9, out.head.data() + 12, out.status);
  const std::size_t length = method == "HEAD" ? 0 : content_length(out.head);
  if (need(length)) {
    out.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
  }
  return out;
}

std::string RawClient::rest() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

int RawClient::upgrade(std::string_view path, std::string_view extra_headers) {
  send("GET " + std::string(path) +
       " HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
       std::string(extra_headers) + "\r\n");
  return response().status;
}

std::string masked_frame(int first_byte, std::string_view payload) {
  constexpr std::string_view kMask = "\x11\x22\x33\x44";
  std::string out(1, static_cast<char>(first_byte));
  const std::size_t size = payload.size();
  if (size < 126) {
    out.push_back(static_cast<char>(0x80U | size));
  } else {
    const std::size_t width = size < 65536 ? 2 : 8;
    out.push_back(static_cast<char>(width == 2 ? 0xFE : 0xFF));
    for (std::size_t i = width; i-- > 0;)
      out.push_back(static_cast<char>((size >> (8 * i)) & 255U));
  }
  out.append(kMask);
  for (std::size_t i = 0; i < size; ++i) {
    out.push_back(static_cast<char>(payload[i] ^ kMask[i % kMask.size()]));
  }
  return out;
}

void RawClient::send_frame(int first_byte, std::string_view payload) {
  send(masked_frame(first_byte, payload));
}

std::optional<RawFrame> RawClient::frame() {
  if (!need(2)) return std::nullopt;
  RawFrame out{.opcode = buffer_[0] & 15, .payload = {}};
  std::size_t size = static_cast<unsigned char>(buffer_[1]) & 127U;
  std::size_t at = 2;
  if (size >= 126) {
    const std::size_t width = size == 126 ? 2 : 8;
    if (!need(at + width)) return std::nullopt;
    size = 0;
    for (std::size_t i = 0; i < width; ++i) {
      size = size * 256 + static_cast<unsigned char>(buffer_[at + i]);
    }
    at += width;
  }
  if (!need(at + size)) return std::nullopt;
  out.payload = buffer_.substr(at, size);
  buffer_.erase(0, at + size);
  return out;
}

int RawClient::read_close_code() {
  while (const auto next = frame()) {
    if (next->opcode == 8) return next->close_code();
  }
  return 0;
}

void Signal::raise() {
  const std::scoped_lock lock(mutex_);
  ++raised_;
  changed_.notify_all();
}

bool Signal::wait(int count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [this, count] { return raised_ >= count; });
}

void TestApplication::handle(protocol::HttpRequest request, protocol::Respond respond) {
  protocol::HttpResponse response;
  if (request.path == "/hold") {
    const std::scoped_lock lock(mutex_);
    held_.push_back(std::move(respond));
    changed_.notify_all();
    return;
  }
  if (request.path == "/drop") return;
  if (request.path.starts_with("/echo")) {
    response.headers = {{"Content-Type", "text/plain"}, {"Content-Length", "7"}};
    response.body = request.method + " " + request.path + " ?" + request.query + " " + request.body;
  } else if (request.path == "/big") {
    response.body = std::string(std::size_t{1024} * 1024, 'b');
  } else if (request.path == "/split") {
    response.headers = {{"X-User", "a\r\nSet-Cookie: stolen=1"}};
  } else {
    response.status = 404;
    response.body = "Not found";
  }
  respond(std::move(response));
}

void TestApplication::accept(protocol::HttpRequest request,
                             protocol::SocketSinkPtr sink,
                             Decide decide) {
  if (request.path == "/ws/hold") {
    const std::scoped_lock lock(mutex_);
    decisions_.emplace_back([this, sink = std::move(sink), decide = std::move(decide)]() mutable {
      decide(std::make_unique<EchoSession>(*this, std::move(sink)));
    });
    return changed_.notify_all();
  }
  if (request.path != "/ws") {
    return decide(protocol::HttpResponse{.status = 403, .headers = {}, .body = "Forbidden"});
  }
  {
    const std::scoped_lock lock(mutex_);
    sinks_.push_back(sink);
    changed_.notify_all();
  }
  opened.raise();
  decide(std::make_unique<EchoSession>(*this, std::move(sink)));
}

protocol::Respond TestApplication::take_held() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [this] { return !held_.empty(); })) return {};
  protocol::Respond respond = std::move(held_.front());
  held_.erase(held_.begin());
  return respond;
}

std::move_only_function<void()> TestApplication::take_decision() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [this] { return !decisions_.empty(); })) return [] {};
  auto decide = std::move(decisions_.front());
  decisions_.erase(decisions_.begin());
  return decide;
}

protocol::SocketSinkPtr TestApplication::take_sink() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [this] { return !sinks_.empty(); })) return {};
  protocol::SocketSinkPtr sink = std::move(sinks_.front());
  sinks_.erase(sinks_.begin());
  return sink;
}

protocol::Frame frame_of(std::string text) {
  return {std::make_shared<const std::string>(std::move(text))};
}

}  // namespace moonstone::server::testing
