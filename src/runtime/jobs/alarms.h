// Moonstone. Licence: see LICENSE.
#pragma once
// Alarms: wake-ups at a wall-clock time, all of them on one thread, so that a thousand databases
// need no thousand threads.
//
// An alarm rings at most once per set(). A ring must be short: it hands work over.
// Threads: synchronised; alarms ring on the thread of their ThreadAlarms.

#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"

namespace moonstone::runtime::jobs {

/// One wake-up that can be set again and again. After its destructor it does not ring; the
/// destructor waits for a ring that is under way on another thread.
class Alarm {
 public:
  virtual ~Alarm() = default;
  /// Rings at `unix_ms`, or at once if that has passed; replaces what was set before.
  virtual void set(std::int64_t unix_ms) = 0;
  virtual void clear() = 0;
};

class Alarms {
 public:
  virtual ~Alarms() = default;
  [[nodiscard]] virtual std::unique_ptr<Alarm> make(std::move_only_function<void()> ring) = 0;
};

/// Alarms on a thread of their own, by a clock. Its alarms must be gone before it is.
class ThreadAlarms final : public Alarms {
 public:
  explicit ThreadAlarms(Clock& clock = system_clock());
  ~ThreadAlarms() override;
  ThreadAlarms(const ThreadAlarms&) = delete;
  ThreadAlarms& operator=(const ThreadAlarms&) = delete;

  [[nodiscard]] std::unique_ptr<Alarm> make(std::move_only_function<void()> ring) override;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace moonstone::runtime::jobs
