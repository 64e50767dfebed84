// Moonstone. Licence: see LICENSE.
#pragma once
// Many WebSocket connections in one thread, for load: blocking connect and handshake, then epoll.
//
// It knows only what a load generator needs: text frames up to 64 MiB, no fragmentation, no
// compression. Errors end the program; a benchmark with errors has no result.
// Threads: confined.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace moonstone::bench {

class SocketClients {
 public:
  /// Called for every text frame: the connection's number and the text.
  using OnText = std::function<void(std::size_t connection, std::string_view text)>;

  explicit SocketClients(OnText on_text);
  ~SocketClients();
  SocketClients(const SocketClients&) = delete;
  SocketClients& operator=(const SocketClients&) = delete;

  /// Opens `count` more connections to ws://127.0.0.1:port/ws.
  void connect(std::uint16_t port, std::size_t count);
  void send(std::size_t connection, std::string_view text);
  /// Handles what has arrived; waits up to `timeout_ms` for something to arrive.
  void poll(int timeout_ms);
  [[nodiscard]] std::size_t size() const { return connections_.size(); }

 private:
  struct Connection;

  void read_frames(Connection& connection);
  void write_pending(Connection& connection);

  OnText on_text_;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace moonstone::bench
