// Moonstone. Licence: see LICENSE.
#pragma once
// Server: the only place that listens. One port for HTTP and WebSocket, plain TCP.
//
// I/O runs on a few threads of its own; an Application does the rest. Every input is bounded:
// connections, header and body size, frame size, time to send a header or a body.
// Threads: Server is synchronised; start() and stop() from the owner's thread.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "protocol/transport.h"

namespace moonstone::server {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8788;  // 0: any free one
  std::size_t threads = 1;
  std::size_t connections_max =
      1000;  // open WebSockets; beyond: 503 `Too many connections`; 0: none
  std::size_t http_connections_max = 10'000;  // open TCP connections in all
  std::size_t frame_bytes_max = std::size_t{4} * 1024 * 1024;
  std::size_t body_bytes_max = std::size_t{8} * 1024 * 1024;
  std::size_t header_bytes_max = std::size_t{16} * 1024;
  std::chrono::milliseconds header_timeout{10'000};  // slow-loris
  std::chrono::milliseconds body_timeout{60'000};
  std::chrono::milliseconds idle_timeout{75'000};  // keep-alive between requests
  // How long a peer may take to read a last response or to answer a close frame.
  std::chrono::milliseconds close_timeout{5'000};
  // How long what was sent may stay unacknowledged or untaken, for a peer that is gone without a
  // word or reads nothing at all. Silence with nothing to send is no offence.
  std::chrono::milliseconds unread_timeout{120'000};
  std::size_t queue_bytes_high =
      std::size_t{8} * 1024 * 1024;  // unsent bytes of one socket: ready() turns false
  std::size_t queue_bytes_max =
      std::size_t{64} * 1024 * 1024;  // beyond: closed with PolicyViolation
  Logger* logger = nullptr;
};

class Server {
 public:
  /// Binds and starts to serve. `application` must outlive the server.
  /// Errors: Unavailable if the address cannot be bound (message names it and the way out).
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(const ServerOptions& options,
                                                             protocol::Application& application);
  virtual ~Server() = default;

  [[nodiscard]] virtual std::uint16_t port() const = 0;

  /// Stops accepting, closes sockets with GoingAway after their queued frames, answers running
  /// requests for at most `grace`, then returns.
  virtual void stop(std::chrono::milliseconds grace) = 0;

  struct Counters {
    std::uint64_t connections = 0;  // now, TCP
    std::uint64_t sockets = 0;      // now, WebSocket
    std::uint64_t requests = 0;
    std::uint64_t frames_in = 0;
    std::uint64_t frames_out = 0;
    std::uint64_t refused = 0;
    std::uint64_t bytes_in = 0;  // HTTP and WebSocket, without heads of frames
    std::uint64_t bytes_out = 0;
  };
  [[nodiscard]] virtual Counters counters() const = 0;
};

}  // namespace moonstone::server
