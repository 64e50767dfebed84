// Moonstone. Licence: see LICENSE.
#include "files/io_threads.h"

#include <map>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/thread.h"

namespace moonstone::files {

/// Posts tasks to an executor when their time has come. Dropped with those that wait.
class IoThreads::Timers {
 public:
  explicit Timers(Executor& executor) : executor_(executor) {
    thread_ = start_thread("file-timers", [this](const std::stop_token& stop) { run(stop); });
  }

  ~Timers() {
    thread_.request_stop();
    {
      const MutexLock held(mutex_);
      changed_.notify_all();
    }
    thread_.join();
  }
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  void add(std::chrono::steady_clock::time_point when, Executor::Task task) {
    const MutexLock held(mutex_);
    waiting_.emplace(when, std::move(task));
    changed_.notify_all();
  }

 private:
  void run(const std::stop_token& stop) {
    for (;;) {
      Executor::Task due;
      {
        const MutexLock held(mutex_);
        if (stop.stop_requested()) return;
        if (waiting_.empty()) {
          changed_.wait(mutex_);
        } else if (waiting_.begin()->first > std::chrono::steady_clock::now()) {
          changed_.wait_until(mutex_, waiting_.begin()->first);
        } else {
          due = std::move(waiting_.begin()->second);
          waiting_.erase(waiting_.begin());
        }
      }
      if (due) executor_.post(std::move(due));
    }
  }

  Executor& executor_;
  Mutex mutex_;
  Condition changed_;
  std::multimap<std::chrono::steady_clock::time_point, Executor::Task> waiting_
      MS_GUARDED_BY(mutex_);
  std::jthread thread_;
};

IoThreads::IoThreads() {
  for (std::size_t i = 0; i < kTransferThreads; ++i) {
    transfers_.push_back(std::make_unique<ThreadExecutor>("files-" + std::to_string(i)));
  }
  timers_ = std::make_unique<Timers>(maintenance_);
}

IoThreads::~IoThreads() = default;

Executor& IoThreads::next_transfer() {
  return *transfers_[next_.fetch_add(1, std::memory_order_relaxed) % transfers_.size()];
}

void IoThreads::after(std::chrono::steady_clock::duration delay, Executor::Task task) {
  timers_->add(std::chrono::steady_clock::now() + delay, std::move(task));
}

}  // namespace moonstone::files
