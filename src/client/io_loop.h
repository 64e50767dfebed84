// Moonstone. Licence: see LICENSE.
#pragma once
// IoLoop: one thread that moves bytes for many clients, without a word about the networking
// library. Threads: post() and is_current() are synchronised; everything else is confined to the
// loop.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/address.h"

namespace moonstone::client {

/// Calls back at a time. Destroying it ends that.
class Alarm {
 public:
  virtual ~Alarm() = default;
  /// Calls back at `time`, or earlier if it was set to an earlier time before.
  virtual void set(std::chrono::steady_clock::time_point time) = 0;
};

class SocketEvents {
 public:
  virtual ~SocketEvents() = default;
  virtual void opened() = 0;
  virtual void received(std::string_view text) = 0;
  /// The last event. `why` is for people.
  virtual void lost(const std::string& why) = 0;
};

/// One WebSocket, from the attempt to its end.
class Socket {
 public:
  virtual ~Socket() = default;
  /// Only between opened() and lost().
  virtual void send(std::string text) = 0;
  /// No event after these two. The first one says goodbye, for a few seconds at most.
  virtual void close() = 0;
  virtual void give_up() = 0;
};

struct SocketRequest {
  Address address;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string certificate_authorities;  // a PEM file; empty: the system's
  std::size_t message_bytes_max = 0;
};

class IoLoop {
 public:
  /// Runs what was posted, then ends the thread.
  virtual ~IoLoop() = default;
  /// Runs `task` on the loop's thread, after what was posted before.
  virtual void post(std::move_only_function<void()> task) = 0;
  [[nodiscard]] virtual bool is_current() const = 0;
  /// Lifetime: `events` live until the socket was closed or given up, or lost() was called.
  /// `request` outlives the socket.
  [[nodiscard]] virtual std::shared_ptr<Socket> open_socket(const SocketRequest& request,
                                                            SocketEvents& events) = 0;
  [[nodiscard]] virtual std::unique_ptr<Alarm> make_alarm(std::function<void()> on_due) = 0;
};

[[nodiscard]] std::unique_ptr<IoLoop> start_io_loop();

}  // namespace moonstone::client
