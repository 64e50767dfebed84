// Moonstone. Licence: see LICENSE.
#pragma once
// A server on a plain socket that says what a test tells it, byte by byte, also over TLS; and a
// mailbox for what callbacks bring.
//
// Reads and takes block until there is something; a generous timeout turns a hang into a failure.
// Threads: RawServer and RawPeer are confined; an Inbox is synchronised.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

struct ssl_st;
struct ssl_ctx_st;

namespace moonstone::client::testing {

inline constexpr std::chrono::seconds kPatience{60};

template <class T>
class Inbox {
 public:
  void put(T item) {
    const std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
    changed_.notify_all();
  }
  [[nodiscard]] T take() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [this] { return !items_.empty(); })) {
      ADD_FAILURE() << "nothing came";
      return T();
    }
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }
  [[nodiscard]] bool empty() {
    const std::lock_guard lock(mutex_);
    return items_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> items_;
};

/// The bytes of a frame as a server sends it.
[[nodiscard]] std::string server_frame(int first_byte, std::string_view payload);
[[nodiscard]] inline std::string text_frame(std::string_view text) {
  return server_frame(0x81, text);
}

class RawPeer {
 public:
  RawPeer(int fd, ssl_st* tls) : fd_(fd), tls_(tls) {}
  RawPeer(RawPeer&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        tls_(std::exchange(other.tls_, nullptr)),
        buffer_(std::move(other.buffer_)) {}
  RawPeer& operator=(RawPeer&&) = delete;
  ~RawPeer();

  /// The head of the request that opens the socket.
  [[nodiscard]] std::string head();
  /// Reads the head and answers 101.
  void upgrade();
  void send(std::string_view bytes);
  /// The next text frame's text; nothing at the end of the stream.
  [[nodiscard]] std::optional<std::string> text();
  /// The next frame: its first byte and its payload.
  [[nodiscard]] std::optional<std::pair<int, std::string>> frame();

 private:
  [[nodiscard]] bool need(std::size_t bytes);

  int fd_;
  ssl_st* tls_;
  std::string buffer_;
};

class RawServer {
 public:
  RawServer();
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view scheme = "ws",
                                std::string_view host = "127.0.0.1");
  /// Waits for the next connection; with `tls` it shakes hands, and a failure of that is none here.
  [[nodiscard]] RawPeer accept(ssl_ctx_st* tls = nullptr) const;

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

}  // namespace moonstone::client::testing
