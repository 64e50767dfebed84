// Moonstone. Licence: see LICENSE.
#pragma once
// Timers: the deadlines of one client, kept here so that one alarm of the loop serves them all.
//
// A Timer is one deadline; setting it again replaces it, destroying it cancels it.
// Threads: confined to the client's loop.

#include <chrono>
#include <functional>
#include <map>
#include <optional>

#include "base/clock.h"

namespace moonstone::client {

class Timer;

class Timers {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Lifetime: `clock` outlives the object.
  explicit Timers(Clock& clock) : clock_(clock) {}
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  [[nodiscard]] Time now() { return clock_.monotonic(); }
  /// The earliest deadline.
  [[nodiscard]] std::optional<Time> next() const;
  /// Runs the tasks that are due, each once; they may set and destroy timers.
  void run_due();

 private:
  friend class Timer;
  using Queue = std::multimap<Time, Timer*>;

  Clock& clock_;
  Queue queue_;
};

class Timer {
 public:
  using Task = std::function<void()>;

  /// Lifetime: `timers` outlives the object.
  explicit Timer(Timers& timers) : timers_(timers) {}
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void set(std::chrono::steady_clock::duration delay, Task task);
  void cancel();
  [[nodiscard]] bool is_set() const { return place_.has_value(); }

 private:
  friend class Timers;

  Timers& timers_;
  Task task_;
  std::optional<Timers::Queue::iterator> place_;
};

}  // namespace moonstone::client
