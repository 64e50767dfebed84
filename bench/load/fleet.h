// Moonstone. Licence: see LICENSE.
#pragma once
// Fleet: many sockets of one server on one epoll instance and one thread, with as little work per
// message as there can be: one read and one write per turn of a socket, no message is parsed beyond
// its head, nothing is allocated.
//
// Each socket numbers its requests from 1; the server echoes the number as the message's id. What
// is sent is kept until the next turn, so several messages of one socket leave in one write. A lost
// or refused connection is the end of the run. Threads: confined.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/frames.h"
#include "bench/load/meter.h"
#include "bench/load/scenarios.h"

namespace moonstone::bench {

class Fleet {
 public:
  using OnOpen = std::function<void(std::size_t socket)>;
  using OnMessage = std::function<void(std::size_t socket, const Message& message)>;

  /// Lifetime: `run` outlives the fleet.
  explicit Fleet(Run& run);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  /// What to do when a socket can be used; what it sends there goes out with its greeting.
  void on_open(OnOpen callback) { on_open_ = std::move(callback); }
  /// Errors that the server answers end the run and are not told.
  void on_message(OnMessage callback) { on_message_ = std::move(callback); }

  /// Begins to connect one socket more. Returns its number.
  std::size_t add();
  /// Adds sockets and waits for them, a bounded number at once. False: the run has failed.
  [[nodiscard]] bool connect(std::size_t count);
  /// Resets the connection, as a network that goes away does, and begins to connect it again.
  void reconnect(std::size_t socket);
  /// While a socket does not read, the server's messages pile up.
  void set_reading(std::size_t socket, bool is_reading);
  [[nodiscard]] std::size_t open_count() const { return open_count_; }

  std::uint64_t query(std::size_t socket, std::string_view function, std::string_view arguments);
  std::uint64_t mutation(std::size_t socket, std::string_view function, std::string_view arguments);
  void unsubscribe(std::size_t socket, std::uint64_t id);
  /// Runs a mutation on the first socket, which has nothing else under way, and waits for its
  /// result (JSON text); "": the run has failed.
  [[nodiscard]] std::string ask(std::string_view mutation, std::string_view arguments);

  /// Sends what is to be sent, waits for the server at most until then, and tells what came.
  void turn(Time until);
  /// Turns until `is_done()`. False: the run has failed. If a minute (after the end of the
  /// measurement) is not enough, then this is the failure.
  [[nodiscard]] bool turn_until(const char* what, const std::function<bool()>& is_done);

 private:
  enum class State : unsigned char { Closed, Connecting, Upgrading, Open };
  struct Socket {
    int descriptor = -1;
    State state = State::Closed;
    bool is_reading = true;
    bool is_dirty = false;  // in dirty_
    std::uint32_t watched = 0;
    std::uint64_t last_id = 0;
    std::string received;  // the start of a message that is not there as a whole
    std::string unsent;
  };

  void begin_connect(std::size_t number);
  void close(Socket& socket);
  void watch(std::size_t number, std::uint32_t events);
  std::uint64_t request(std::size_t number,
                        std::string_view type,
                        std::string_view function,
                        std::string_view arguments);
  void touch(std::size_t number);
  void flush_dirty();
  void flush(std::size_t number);
  void handle(std::size_t number, std::uint32_t events);
  void finish_connect(std::size_t number);
  void receive(std::size_t number);
  std::string_view take_upgrade(std::size_t number, std::string_view bytes);
  /// Returns what is left: the start of a frame.
  std::string_view take_frames(std::size_t number, std::string_view bytes);
  void lost(std::size_t number, const std::string& why);

  Run& run_;
  int epoll_ = -1;
  std::string address_;  // a sockaddr
  std::string upgrade_;  // the request that makes a WebSocket of a connection
  std::deque<Socket> sockets_;
  std::size_t open_count_ = 0;
  std::vector<std::size_t> dirty_;
  std::vector<char> buffer_;
  std::uint64_t name_ = 0;  // of this fleet, a part of its clients' ids
  OnOpen on_open_;
  OnMessage on_message_;
};

}  // namespace moonstone::bench
