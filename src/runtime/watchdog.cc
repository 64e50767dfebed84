// Moonstone. Licence: see LICENSE.
#include "runtime/internal/watchdog.h"

#include <algorithm>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/thread.h"

namespace moonstone::runtime {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;

class Watchdog {
 public:
  static Watchdog& instance() {
    // Never destroyed: isolates of other threads may outlive static objects.
    static Watchdog* const created = new Watchdog();
    return *created;
  }

  std::size_t add(v8::Isolate* isolate) {
    const MutexLock lock(mutex_);
    const auto unused =
        std::find_if(slots_.begin(), slots_.end(), [](const Slot& slot) { return !slot.isolate; });
    if (unused == slots_.end()) {
      slots_.push_back(Slot{.isolate = isolate});
      return slots_.size() - 1;
    }
    *unused = Slot{.isolate = isolate};
    return static_cast<std::size_t>(unused - slots_.begin());
  }

  void remove(std::size_t slot) {
    const MutexLock lock(mutex_);
    slots_[slot] = Slot{};
  }

  void arm(std::size_t slot, TimePoint deadline) {
    const MutexLock lock(mutex_);
    slots_[slot].deadline = deadline;
    slots_[slot].has_fired = false;
    // Deadlines mostly grow, so the thread mostly sleeps on.
    if (deadline < wakes_at_) changed_.notify_one();
  }

  bool disarm(std::size_t slot) {
    const MutexLock lock(mutex_);
    slots_[slot].deadline = TimePoint::max();
    return slots_[slot].has_fired;
  }

 private:
  struct Slot {
    v8::Isolate* isolate = nullptr;  // null: free for reuse
    TimePoint deadline = TimePoint::max();
    bool has_fired = false;
  };

  Watchdog() : thread_(start_thread("ms-watchdog", [this](const std::stop_token&) { run(); })) {}

  [[noreturn]] void run() {
    const MutexLock lock(mutex_);
    for (;;) {
      wakes_at_ = fire_due(std::chrono::steady_clock::now());
      if (wakes_at_ == TimePoint::max()) {
        changed_.wait(mutex_);
      } else {
        static_cast<void>(changed_.wait_until(mutex_, wakes_at_));
      }
    }
  }

  /// Returns the earliest deadline that is still to come.
  TimePoint fire_due(TimePoint now) MS_REQUIRES(mutex_) {
    TimePoint next = TimePoint::max();
    for (Slot& slot : slots_) {
      if (slot.deadline <= now) {
        slot.has_fired = true;
        slot.deadline = TimePoint::max();
        slot.isolate->TerminateExecution();
      }
      next = std::min(next, slot.deadline);
    }
    return next;
  }

  Mutex mutex_;
  Condition changed_;
  std::vector<Slot> slots_ MS_GUARDED_BY(mutex_);  // few: one per isolate
  TimePoint wakes_at_ MS_GUARDED_BY(mutex_) = TimePoint::max();
  std::jthread thread_;  // last: it uses the members above
};

}  // namespace

Watch::Watch(v8::Isolate* isolate) : slot_(Watchdog::instance().add(isolate)) {}

Watch::~Watch() {
  Watchdog::instance().remove(slot_);
}

void Watch::arm(TimePoint deadline) {
  Watchdog::instance().arm(slot_, deadline);
}

bool Watch::disarm() {
  return Watchdog::instance().disarm(slot_);
}

}  // namespace moonstone::runtime
