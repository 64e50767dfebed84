// Moonstone. Licence: see LICENSE.
#pragma once
// WakeList: the sockets of one loop that have something to send, told to the loop in batches.
//
// Whoever pushes to a thousand sockets wakes their loop once. Sockets to which somebody waits for
// an answer go ahead of the others, also of those that were there before; the loop looks at its
// other work after every few. Threads: add() is synchronised; sockets are flushed on the loop's
// thread alone.

#include <memory>
#include <vector>

#include "base/mutex.h"

namespace boost::asio {
class io_context;  // NOLINT(readability-identifier-naming): the name is theirs
}

namespace moonstone::server {

/// Something with bytes to send.
class Flushable {
 public:
  virtual ~Flushable() = default;
  /// Sends what waits, if anything does.
  virtual void flush() = 0;
};
using FlushablePtr = std::shared_ptr<Flushable>;  // shared with the loop's pending I/O

class WakeList {
 public:
  explicit WakeList(boost::asio::io_context& io) : io_(io) {}

  enum class Turn : unsigned char { Soon, Later };
  void add(FlushablePtr socket, Turn turn);

 private:
  void post();
  void run();

  boost::asio::io_context& io_;
  Mutex mutex_;
  std::vector<FlushablePtr> soon_ MS_GUARDED_BY(mutex_);
  std::vector<FlushablePtr> later_ MS_GUARDED_BY(mutex_);
  bool is_posted_ MS_GUARDED_BY(mutex_) = false;
  // Confined to the loop: taken from later_, flushed up to next_.
  std::vector<FlushablePtr> under_way_;
  std::size_t next_ = 0;
};

}  // namespace moonstone::server
