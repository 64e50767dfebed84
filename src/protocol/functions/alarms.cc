// Moonstone. Licence: see LICENSE.
#include "protocol/functions/alarms.h"

#include <thread>

namespace moonstone::protocol::functions {

Alarms::Alarms()
    : thread_(start_thread("token-alarms", [this](const std::stop_token&) { run(); })) {}

Alarms::~Alarms() {
  {
    const MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Alarms::Id Alarms::set(Instant at, Task task) {
  Id id;
  {
    const MutexLock lock(mutex_);
    id = {at, ++last_};
    tasks_.emplace(id, std::move(task));
  }
  changed_.notify_all();
  return id;
}

void Alarms::cancel(const Id& id) {
  Task dropped;  // destroyed outside the lock
  const MutexLock lock(mutex_);
  const auto found = tasks_.find(id);
  if (found == tasks_.end()) return;
  dropped = std::move(found->second);
  tasks_.erase(found);
}

void Alarms::run() {
  while (true) {
    Task due;
    {
      const MutexLock lock(mutex_);
      while (!is_stopping_ && !due) {
        if (tasks_.empty()) {
          changed_.wait(mutex_);
        } else if (tasks_.begin()->first.first <= std::chrono::steady_clock::now()) {
          due = std::move(tasks_.begin()->second);
          tasks_.erase(tasks_.begin());
        } else {
          changed_.wait_until(mutex_, tasks_.begin()->first.first);
        }
      }
      if (is_stopping_) return;
    }
    due();
  }
}

}  // namespace moonstone::protocol::functions
