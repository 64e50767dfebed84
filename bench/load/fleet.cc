// Moonstone. Licence: see LICENSE.
#include "bench/load/fleet.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <random>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace moonstone::bench {

namespace {

/// Connections that are being made at once, well below the backlog of a listening socket.
constexpr std::size_t kConnectingMax = 256;
constexpr std::size_t kBufferBytes = 256UL * 1024;
constexpr std::size_t kEventsMax = 128;
constexpr std::chrono::seconds kPatience{60};

std::string text_of_errno() {
  return std::error_code(errno, std::generic_category()).message();
}

struct Url {
  std::string host;
  std::string port;
  std::string path;
};

/// Parts are empty where the text does not have them.
Url parse_url(std::string_view text) {
  constexpr std::string_view kScheme = "ws://";
  if (!text.starts_with(kScheme)) return {};
  text.remove_prefix(kScheme.size());
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::string_view authority = text.substr(0, slash);
  const std::size_t colon = std::min(authority.rfind(':'), authority.size());
  return {.host = std::string(authority.substr(0, colon)),
          .port = std::string(authority.substr(std::min(colon + 1, authority.size()))),
          .path = std::string(slash == text.size() ? "/" : text.substr(slash))};
}

/// The bytes of an address; empty: there is none.
std::string resolve(const Url& url) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (url.host.empty() || url.port.empty() ||
      getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &found) != 0) {
    return {};
  }
  std::string address(found->ai_addrlen, '\0');
  std::memcpy(address.data(), found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return address;
}

const sockaddr* as_sockaddr(const std::string& address) {
  return reinterpret_cast<const sockaddr*>(address.data());
}

/// A UUID whose parts are the fleet's name and the socket's number.
std::string client_id(std::uint64_t fleet, std::size_t socket) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%08x-%04x-4%03x-8000-%012zx",
                static_cast<unsigned>(fleet >> 32U), static_cast<unsigned>(fleet >> 16U & 0xFFFFU),
                static_cast<unsigned>(fleet & 0xFFFU), socket);
  return text.data();
}

/// Numbers as text without an allocation.
class Digits {
 public:
  explicit Digits(std::uint64_t number)
      : end_(std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr) {}
  [[nodiscard]] std::string_view view() const { return {text_.data(), end_}; }

 private:
  std::array<char, 24> text_{};
  const char* end_;
};

}  // namespace

Fleet::Fleet(Run& run) : run_(run), epoll_(epoll_create1(EPOLL_CLOEXEC)), buffer_(kBufferBytes) {
  std::random_device random;
  name_ = std::uint64_t{random()} << 32U | random();
  const Url url = parse_url(run.options.url);
  address_ = resolve(url);
  if (epoll_ < 0) run.meter.failed("cannot wait for sockets: " + text_of_errno());
  if (address_.empty()) {
    run.meter.failed("there is no address " + run.options.url + "; it is like ws://host:port/ws");
  }
  upgrade_ = "GET " + url.path + " HTTP/1.1\r\nHost: " + url.host + ":" + url.port +
             "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bW9vbnN0b25lIGxvYWQhIQ==\r\n\r\n";
}

Fleet::~Fleet() {
  for (Socket& socket : sockets_)
    close(socket);
  if (epoll_ >= 0) ::close(epoll_);
}

// --- connections --------------------------------------------------------------------------------

std::size_t Fleet::add() {
  sockets_.emplace_back();
  begin_connect(sockets_.size() - 1);
  return sockets_.size() - 1;
}

bool Fleet::connect(std::size_t count) {
  const std::size_t before = sockets_.size();
  for (std::size_t i = 0; i < count; ++i) {
    add();
    if (!turn_until("connections",
                    [this] { return sockets_.size() - open_count_ < kConnectingMax; }))
      return false;
  }
  return turn_until("connections", [&] { return open_count_ >= before + count; });
}

void Fleet::reconnect(std::size_t number) {
  close(sockets_[number]);
  begin_connect(number);
}

void Fleet::begin_connect(std::size_t number) {
  if (run_.meter.failure()) return;
  Socket& socket = sockets_[number];
  socket.descriptor =
      ::socket(as_sockaddr(address_)->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket.descriptor < 0) return run_.meter.failed("cannot make a socket: " + text_of_errno());
  const int on = 1;
  setsockopt(socket.descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  socket.state = State::Connecting;
  const int done =
      ::connect(socket.descriptor, as_sockaddr(address_), static_cast<socklen_t>(address_.size()));
  if (done != 0 && errno != EINPROGRESS) return lost(number, text_of_errno());
  epoll_event event{.events = EPOLLOUT, .data = {.u64 = number}};
  socket.watched = EPOLLOUT;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, socket.descriptor, &event);
}

/// With a reset, so that no port waits for late segments: a storm uses thousands of them.
void Fleet::close(Socket& socket) {
  if (socket.state == State::Open) open_count_ -= 1;
  if (socket.descriptor >= 0) {
    const linger reset{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket.descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    ::close(socket.descriptor);
  }
  socket.descriptor = -1;
  socket.state = State::Closed;
  socket.received.clear();
  socket.unsent.clear();
}

void Fleet::lost(std::size_t number, const std::string& why) {
  close(sockets_[number]);
  run_.meter.failed("no connection: " + why);
}

void Fleet::set_reading(std::size_t number, bool is_reading) {
  Socket& socket = sockets_[number];
  socket.is_reading = is_reading;
  watch(number, is_reading ? socket.watched | EPOLLIN : socket.watched & ~std::uint32_t{EPOLLIN});
}

void Fleet::watch(std::size_t number, std::uint32_t events) {
  Socket& socket = sockets_[number];
  if (socket.watched == events) return;
  socket.watched = events;
  epoll_event event{.events = events, .data = {.u64 = number}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, socket.descriptor, &event);
}

void Fleet::finish_connect(std::size_t number) {
  Socket& socket = sockets_[number];
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(socket.descriptor, SOL_SOCKET, SO_ERROR, &error, &length);
  errno = error;
  if (error != 0) return lost(number, text_of_errno());
  socket.state = State::Upgrading;
  socket.unsent = upgrade_;
  watch(number, EPOLLIN);
  touch(number);
}

std::string_view Fleet::take_upgrade(std::size_t number, std::string_view bytes) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const std::size_t end = bytes.find(kEnd);
  if (end == std::string_view::npos) return bytes;
  if (!bytes.starts_with("HTTP/1.1 101 ")) {
    lost(number, "the server answered " + std::string(bytes.substr(0, bytes.find('\r'))));
    return {};
  }
  sockets_[number].state = State::Open;
  open_count_ += 1;
  if (!run_.options.is_anonymous) {
    append_frame(sockets_[number].unsent,
                 {R"({"type":"hello","client":")", client_id(name_, number), R"("})"});
    touch(number);
  }
  if (on_open_) on_open_(number);
  return take_frames(number, bytes.substr(end + kEnd.size()));
}

// --- messages -----------------------------------------------------------------------------------

std::uint64_t Fleet::query(std::size_t socket,
                           std::string_view function,
                           std::string_view arguments) {
  return request(socket, R"({"type":"query","id":")", function, arguments);
}

std::uint64_t Fleet::mutation(std::size_t socket,
                              std::string_view function,
                              std::string_view arguments) {
  return request(socket, R"({"type":"mutation","id":")", function, arguments);
}

std::uint64_t Fleet::request(std::size_t number,
                             std::string_view type,
                             std::string_view function,
                             std::string_view arguments) {
  Socket& socket = sockets_[number];
  const std::uint64_t id = ++socket.last_id;
  append_frame(socket.unsent,
               {type, Digits(id).view(), R"(","fn":")", function, R"(","args":)", arguments, "}"});
  touch(number);
  return id;
}

void Fleet::unsubscribe(std::size_t number, std::uint64_t id) {
  append_frame(sockets_[number].unsent,
               {R"({"type":"unsubscribe","id":")", Digits(id).view(), R"("})"});
  touch(number);
}

std::string Fleet::ask(std::string_view function, std::string_view arguments) {
  std::string answer;
  const std::uint64_t asked = mutation(0, function, arguments);
  OnMessage usual =
      std::exchange(on_message_, [&answer, asked](std::size_t, const Message& message) {
        if (message.kind == MessageKind::MutationResult && message.id == asked)
          answer = message.text;
      });
  const bool is_answered = turn_until("an answer", [&answer] { return !answer.empty(); });
  on_message_ = std::move(usual);
  if (!is_answered) return {};
  constexpr std::string_view kResult = R"("result":)";
  const std::size_t start = answer.find(kResult);
  if (start == std::string::npos) return "null";
  return answer.substr(start + kResult.size(), answer.size() - start - kResult.size() - 1);
}

// --- turns --------------------------------------------------------------------------------------

void Fleet::touch(std::size_t number) {
  Socket& socket = sockets_[number];
  if (socket.is_dirty) return;
  socket.is_dirty = true;
  dirty_.push_back(number);
}

void Fleet::flush_dirty() {
  for (const std::size_t number : dirty_) {
    sockets_[number].is_dirty = false;
    flush(number);
  }
  dirty_.clear();
}

void Fleet::flush(std::size_t number) {
  Socket& socket = sockets_[number];
  if (socket.unsent.empty() || socket.state < State::Upgrading) return;
  const ssize_t sent =
      ::send(socket.descriptor, socket.unsent.data(), socket.unsent.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return lost(number, text_of_errno());
  socket.unsent.erase(0, static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  const std::uint32_t reading = socket.is_reading ? EPOLLIN : 0;
  watch(number, socket.unsent.empty() ? reading : reading | EPOLLOUT);
}

void Fleet::turn(Time until) {
  flush_dirty();
  std::array<epoll_event, kEventsMax> events{};
  const auto left = std::max(until - now(), Time::duration::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec patience{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
  const int count =
      epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &patience, nullptr);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    handle(event.data.u64, event.events);
    flush_dirty();
  }
}

void Fleet::handle(std::size_t number, std::uint32_t events) {
  const State state = sockets_[number].state;
  if (state == State::Closed) return;  // while an event before this one was handled
  if (state == State::Connecting) return finish_connect(number);
  if ((events & EPOLLOUT) != 0) touch(number);
  if ((events & ~std::uint32_t{EPOLLOUT}) != 0) receive(number);
}

void Fleet::receive(std::size_t number) {
  Socket& socket = sockets_[number];
  const ssize_t length = ::recv(socket.descriptor, buffer_.data(), buffer_.size(), 0);
  if (length < 0 && errno == EAGAIN) return;
  if (length <= 0) return lost(number, length == 0 ? "the server closed it" : text_of_errno());
  std::string_view bytes(buffer_.data(), static_cast<std::size_t>(length));
  std::string joined;
  if (!socket.received.empty()) {
    joined = std::move(socket.received.append(bytes));
    bytes = joined;
  }
  const std::string_view rest =
      socket.state == State::Upgrading ? take_upgrade(number, bytes) : take_frames(number, bytes);
  if (socket.state != State::Closed) socket.received.assign(rest);
}

std::string_view Fleet::take_frames(std::size_t number, std::string_view bytes) {
  while (const auto frame = take_frame(bytes)) {
    if (frame->head != kWholeText) {
      lost(number, "the server sent a frame of another kind");
      return {};
    }
    const Message message = read_message(frame->payload);
    if (message.kind == MessageKind::Error) {
      run_.meter.failed("the server answered " + std::string(message.text));
      return {};
    }
    if (message.kind != MessageKind::Hello && on_message_) on_message_(number, message);
  }
  return bytes;
}

bool Fleet::turn_until(const char* what, const std::function<bool()>& is_done) {
  const Time patient_until = std::max(now(), run_.meter.until()) + kPatience;
  while (!run_.meter.failure() && !is_done()) {
    if (now() >= patient_until) run_.meter.failed("waited in vain for " + std::string(what));
    turn(patient_until);
  }
  return !run_.meter.failure();
}

}  // namespace moonstone::bench
