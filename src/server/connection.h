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
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>

#include "base/log.h"
#include "protocol/transport.h"
#include "server/descriptor.h"
#include "server/listen.h"
#include "server/server.h"

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
};

/// Serves HTTP on a fresh connection. Refuses it silently while the loop drains.
void serve_http(Loop& loop, Accepted accepted);

/// Hands over the descriptor of a connection whose upgrade was accepted.
using TakeDescriptor = std::move_only_function<Descriptor()>;

/// Offers an upgrade request to the Application. Either a refusal to answer with, or nothing: then
/// the descriptor was taken and the connection goes on as a WebSocket. `key` is Sec-WebSocket-Key.
[[nodiscard]] std::optional<protocol::HttpResponse> try_upgrade(
    Loop& loop, const protocol::HttpRequest& request, const std::string& key, TakeDescriptor take);

}  // namespace moonstone::server
