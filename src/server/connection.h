// Moonstone. Licence: see LICENSE.
#pragma once
// What the connections of one I/O thread share. The library behind it is only declared here.
//
// A connection belongs to one loop for its whole life and is touched by that loop's thread alone;
// other threads reach it only by posting to the loop.
// Threads: everything is confined to the loop's thread, except Totals (synchronised).

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <variant>

#include "base/clock.h"
#include "base/log.h"
#include "base/ulid.h"
#include "protocol/transport.h"
#include "server/descriptor.h"
#include "server/listen.h"
#include "server/server.h"
#include "server/wake_list.h"

namespace boost::asio {
class io_context;
}

namespace moonstone::server {

/// The server's counters, shared by all loops.
struct Totals {
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> sockets{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> frames_in{0};
  std::atomic<std::uint64_t> frames_out{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> bytes_in{0};
  std::atomic<std::uint64_t> bytes_out{0};
};

/// One open TCP connection, as stop() sees it.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Finish what runs, then close.
  virtual void drain() = 0;
  /// Close now.
  virtual void abort() = 0;
};

struct Loop {
  boost::asio::io_context& io;
  const ServerOptions& options;
  protocol::Application& application;
  Totals& totals;
  Logger& logger;
  std::unordered_set<Connection*> connections;  // each removes itself when it closes
  bool is_draining = false;
  UlidGenerator request_ids{system_random()};
  WakeList wake_list{io};
};

/// Serves HTTP on a fresh connection. Refuses it silently while the loop drains.
void serve_http(Loop& loop, Accepted accepted);

/// A WebSocket about which the application has not decided yet. It counts as an open socket.
class PendingUpgrade {
 public:
  /// Without start(), the socket never was.
  virtual ~PendingUpgrade() = default;
  [[nodiscard]] virtual protocol::SocketSinkPtr sink() const = 0;
  /// Goes on with the descriptor of the connection that asked for the upgrade.
  virtual void start(std::unique_ptr<protocol::SocketSession> session, Descriptor descriptor) = 0;
};

/// Takes one of the server's sockets. `key` is Sec-WebSocket-Key. A refusal if there is none left.
[[nodiscard]] std::variant<protocol::HttpResponse, std::unique_ptr<PendingUpgrade>> begin_upgrade(
    Loop& loop, std::string key);

}  // namespace moonstone::server
