// Moonstone. Licence: see LICENSE.
#pragma once
// Alarms: wake-ups at a wall-clock time, all of them on one thread, so that a thousand databases
// need no thousand threads.
//
// An alarm rings at most once per set(). A ring must be short: it hands work over.
// Threads: synchronised; alarms ring on the thread of their ThreadAlarms.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"

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
  class Entry;

  void run(const std::stop_token& stop);
  void set(Entry& entry, std::int64_t unix_ms);
  void clear(Entry& entry);
  void forget(Entry& entry);
  void take_out(Entry& entry) MS_REQUIRES(mutex_);

  Clock& clock_;
  Mutex mutex_;
  Condition changed_;  // an earlier time, the end of a ring, or the end of it all
  std::multimap<std::int64_t, Entry*> due_ MS_GUARDED_BY(mutex_);
  Entry* ringing_ MS_GUARDED_BY(mutex_) = nullptr;
  bool is_stopping_ MS_GUARDED_BY(mutex_) = false;
  std::jthread thread_;  // last, so that it starts when all else exists
};

}  // namespace moonstone::runtime::jobs
