// Moonstone. Licence: see LICENSE.
#include "engine/internal/writer_baton.h"

#include <utility>

namespace moonstone::engine {

void WriterBaton::take_for_loop() {
  while (true) {
    std::shared_ptr<Revocable> expired;
    {
      const MutexLock lock(mutex_);
      while (!is_free() && !is_shut_ && std::chrono::steady_clock::now() < lease_end_)
        changed_.wait_until(mutex_, lease_end_);
      if (is_free()) {
        is_loop_ = true;
        return;
      }
      expired = turn_;
    }
    expired->revoke();
  }
}

Status WriterBaton::take_for_turn(std::shared_ptr<Revocable> turn,
                                  std::chrono::milliseconds lease,
                                  TimePoint wait_until) {
  const MutexLock lock(mutex_);
  while (!is_free() && !is_shut_) {
    if (changed_.wait_until(mutex_, wait_until) == Condition::Wake::TimedOut && !is_free()) {
      return Error(ErrorCode::DeadlineExceeded,
                   "another transaction is still writing; try again, or end it earlier",
                   "writer_busy");
    }
  }
  if (is_shut_) {
    return Error(ErrorCode::Unavailable, "the database is shutting down", "shutting_down");
  }
  turn_ = std::move(turn);
  lease_end_ = std::chrono::steady_clock::now() + lease;
  return {};
}

void WriterBaton::give_back() {
  const MutexLock lock(mutex_);
  is_loop_ = false;
  turn_.reset();
  changed_.notify_all();
}

void WriterBaton::shut() {
  const MutexLock lock(mutex_);
  is_shut_ = true;
  changed_.notify_all();
}

}  // namespace moonstone::engine
