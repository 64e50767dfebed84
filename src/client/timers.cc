// Moonstone. Licence: see LICENSE.
#include "client/timers.h"

#include <utility>

namespace moonstone::client {

std::optional<Timers::Time> Timers::next() const {
  if (queue_.empty()) return std::nullopt;
  return queue_.begin()->first;
}

void Timers::run_due() {
  const Time until = now();
  while (!queue_.empty() && queue_.begin()->first <= until) {
    Timer& timer = *queue_.begin()->second;
    // The task may destroy the timer that holds it.
    const Timer::Task task = std::move(timer.task_);
    timer.cancel();
    task();
  }
}

void Timer::set(std::chrono::steady_clock::duration delay, Task task) {
  cancel();
  task_ = std::move(task);
  place_ = timers_.queue_.emplace(timers_.now() + delay, this);
}

void Timer::cancel() {
  if (!place_) return;
  timers_.queue_.erase(*place_);
  place_.reset();
  task_ = nullptr;
}

}  // namespace moonstone::client
