// Moonstone. Licence: see LICENSE.
#pragma once
// EventLoop: one thread that waits for descriptors, timers and posted tasks; all that belongs to
// the pool of workers is confined to it.
// Threads: post() and stop() from any thread; the rest on the loop's own.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guarded.h"

namespace moonstone::actions {

class EventLoop {
 public:
  using Task = std::move_only_function<void()>;
  using TimePoint = std::chrono::steady_clock::time_point;
  /// What poll() found: POLLIN, POLLOUT, POLLHUP, POLLERR.
  using Ready = std::move_only_function<void(short)>;
  using TimerId = std::pair<TimePoint, std::uint64_t>;

  explicit EventLoop(std::string_view name);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Runs `task` on the loop. Returns false, with the task destroyed, once the loop has ended.
  bool post(Task task);
  /// Runs what was posted and then `last`, ends the loop and joins its thread. Not from the loop.
  void stop(Task last);

  /// Calls `ready` whenever one of `events` (POLLIN, POLLOUT) can be done without waiting.
  void watch(int descriptor, short events, Ready ready);
  void set_events(int descriptor, short events);
  /// May be called from its own `ready`.
  void unwatch(int descriptor);

  TimerId at(TimePoint when, Task task);
  TimerId after(std::chrono::milliseconds delay, Task task);
  void cancel(const TimerId& timer);

 private:
  struct Inbox {
    std::vector<Task> tasks;
    bool has_ended = false;
  };
  struct Watched {
    short events = 0;
    std::shared_ptr<Ready> ready;  // shared with a call under way, which may unwatch it
  };
  class Thread;

  void run();
  void wait();
  void run_timers();
  /// Returns false once the loop shall end.
  bool run_tasks();
  [[nodiscard]] int time_left_ms() const;

  Guarded<Inbox> inbox_;
  int wake_ = -1;  // an eventfd
  std::map<int, Watched> watched_;
  std::map<TimerId, Task> timers_;
  std::uint64_t last_timer_ = 0;
  bool is_ending_ = false;
  std::unique_ptr<Thread> thread_;  // last, so that it starts when all else exists
};

}  // namespace moonstone::actions
