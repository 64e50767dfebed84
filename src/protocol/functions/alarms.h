// Moonstone. Licence: see LICENSE.
#pragma once
// Alarms: tasks for later, on one thread for all of them. They must not block.
// Threads: synchronised. The destructor waits for the task under way and drops the others.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/mutex.h"
#include "base/thread.h"

namespace moonstone::protocol::functions {

class Alarms {
 public:
  using Task = std::move_only_function<void()>;
  using Instant = std::chrono::steady_clock::time_point;
  /// Names an alarm.
  using Id = std::pair<Instant, std::uint64_t>;

  Alarms();
  ~Alarms();
  Alarms(const Alarms&) = delete;
  Alarms& operator=(const Alarms&) = delete;

  Id set(Instant at, Task task);
  /// Nothing if it has gone off already.
  void cancel(const Id& id);

 private:
  void run();

  Mutex mutex_;
  Condition changed_;
  bool is_stopping_ MS_GUARDED_BY(mutex_) = false;
  std::uint64_t last_ MS_GUARDED_BY(mutex_) = 0;
  std::map<Id, Task> tasks_ MS_GUARDED_BY(mutex_);  // the next one first
  std::jthread thread_;                             // last: it uses all of the above
};

}  // namespace moonstone::protocol::functions
