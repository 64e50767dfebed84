// Moonstone. Licence: see LICENSE.
#pragma once
// Mailbox: tasks run one at a time, in order, on whichever thread finds nobody at it.
//
// A connection's frames come from its strand, but the check of a token may be answered, and an
// identity may end, on other threads. A task may suspend the box: what arrives then waits until
// resume(), so that the frames after a token are handled under the identity that it proves.
// Threads: synchronised; suspend() within a task only.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>

#include "base/mutex.h"

namespace moonstone::protocol::functions {

/// Tasks that wait behind a suspended one. A check takes seconds at worst; whoever sends more
/// meanwhile is told to slow down.
inline constexpr std::size_t kMailboxTasksMax = 1'000;
/// What they may hold. One frame more is taken, so that any frame can be.
inline constexpr std::size_t kMailboxBytesMax = std::size_t{8} * 1024 * 1024;

class Mailbox {
 public:
  using Task = std::move_only_function<void()>;

  /// Runs the task now, or after those that are there. `bytes`: what it holds. False, with the task
  /// destroyed: it is full. Ignored after close().
  bool post(Task task, std::size_t bytes = 0);
  /// Nothing more runs until resume(). May be followed by resume() before the task returns.
  void suspend();
  /// Runs `first`, then what has waited. Ignored after close().
  void resume(Task first);
  /// Drops what waits, and runs `last` as soon as no other task is running. Later calls do nothing.
  void close(Task last);

 private:
  enum class State : unsigned char { Idle, Busy, Suspended };
  struct Waiting {
    Task task;
    std::size_t bytes = 0;
  };

  void run(std::uint64_t turn);
  bool take(std::uint64_t turn, Task& task);

  Mutex mutex_;
  State state_ MS_GUARDED_BY(mutex_) = State::Idle;
  /// Suspending begins another turn; whoever ran the former one stops.
  std::uint64_t turn_ MS_GUARDED_BY(mutex_) = 0;
  bool is_closed_ MS_GUARDED_BY(mutex_) = false;
  std::deque<Waiting> waiting_ MS_GUARDED_BY(mutex_);
  std::size_t waiting_bytes_ MS_GUARDED_BY(mutex_) = 0;
  Task last_ MS_GUARDED_BY(mutex_);
};

}  // namespace moonstone::protocol::functions
