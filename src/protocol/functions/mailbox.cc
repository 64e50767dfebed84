// Moonstone. Licence: see LICENSE.
#include "protocol/functions/mailbox.h"

#include <utility>

namespace moonstone::protocol::functions {

bool Mailbox::post(Task task, std::size_t bytes) {
  std::uint64_t turn = 0;
  {
    const MutexLock lock(mutex_);
    if (is_closed_) return true;
    if (waiting_.size() >= kMailboxTasksMax || waiting_bytes_ >= kMailboxBytesMax) return false;
    waiting_.push_back({.task = std::move(task), .bytes = bytes});
    waiting_bytes_ += bytes;
    if (state_ != State::Idle) return true;
    state_ = State::Busy;
    turn = turn_;
  }
  run(turn);
  return true;
}

void Mailbox::suspend() {
  const MutexLock lock(mutex_);
  state_ = State::Suspended;
  ++turn_;
}

void Mailbox::resume(Task first) {
  std::uint64_t turn = 0;
  {
    const MutexLock lock(mutex_);
    if (is_closed_) return;
    waiting_.push_front({.task = std::move(first)});
    state_ = State::Busy;
    turn = turn_;
  }
  run(turn);
}

void Mailbox::close(Task last) {
  std::deque<Waiting> dropped;  // destroyed outside the lock
  std::uint64_t turn = 0;
  {
    const MutexLock lock(mutex_);
    if (is_closed_) return;
    is_closed_ = true;
    dropped.swap(waiting_);
    waiting_bytes_ = 0;
    last_ = std::move(last);
    if (state_ == State::Busy) return;
    state_ = State::Busy;
    turn = turn_;
  }
  run(turn);
}

void Mailbox::run(std::uint64_t turn) {
  Task task;
  while (take(turn, task))
    task();
}

/// The next task of this turn; false: there is none, or the turn is over.
bool Mailbox::take(std::uint64_t turn, Task& task) {
  const MutexLock lock(mutex_);
  // A closed box is not resumed, so whoever suspended it has to run its last task.
  const bool is_left_alone = is_closed_ && state_ == State::Suspended;
  if (turn != turn_ && !is_left_alone) return false;
  if (is_closed_) {
    if (!last_) return false;
    state_ = State::Busy;
    turn_ = turn;
    task = std::exchange(last_, {});
    return true;
  }
  if (waiting_.empty()) {
    state_ = State::Idle;
    return false;
  }
  task = std::move(waiting_.front().task);
  waiting_bytes_ -= waiting_.front().bytes;
  waiting_.pop_front();
  return true;
}

}  // namespace moonstone::protocol::functions
