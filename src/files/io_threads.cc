// Moonstone. Licence: see LICENSE.
#include "files/io_threads.h"

#include <string>
#include <utility>

#include "base/thread.h"

namespace moonstone::files {

IoThreads::IoThreads() {
  for (std::size_t i = 0; i < kTransferThreads; ++i) {
    transfers_.push_back(std::make_unique<ThreadExecutor>("files-" + std::to_string(i)));
  }
  timer_thread_ =
      start_thread("file-timers", [this](const std::stop_token& stop) { run_timers(stop); });
}

IoThreads::~IoThreads() {
  timer_thread_.request_stop();
  {
    const MutexLock held(mutex_);
    changed_.notify_all();
  }
  timer_thread_.join();
}

Executor& IoThreads::next_transfer() {
  return *transfers_[next_.fetch_add(1, std::memory_order_relaxed) % transfers_.size()];
}

void IoThreads::after(std::chrono::steady_clock::duration delay, Executor::Task task) {
  const MutexLock held(mutex_);
  timers_.emplace(std::chrono::steady_clock::now() + delay, std::move(task));
  changed_.notify_all();
}

void IoThreads::run_timers(const std::stop_token& stop) {
  for (;;) {
    Executor::Task due;
    {
      const MutexLock held(mutex_);
      if (stop.stop_requested()) return;
      if (timers_.empty()) {
        changed_.wait(mutex_);
      } else if (timers_.begin()->first > std::chrono::steady_clock::now()) {
        changed_.wait_until(mutex_, timers_.begin()->first);
      } else {
        due = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
      }
    }
    if (due) maintenance_.post(std::move(due));
  }
}

}  // namespace moonstone::files
