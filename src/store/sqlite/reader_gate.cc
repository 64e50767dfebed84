// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/reader_gate.h"

#include <algorithm>

namespace moonstone::store::sqlite {

void ReaderGate::add(Guest& guest) {
  const MutexLock lock(mutex_);
  guests_.push_back(&guest);
}

void ReaderGate::remove(Guest& guest) {
  const MutexLock lock(mutex_);
  std::erase(guests_, &guest);
  if (is_shut_) changed_.notify_all();
}

void ReaderGate::enter(Guest& guest) {
  const MutexLock lock(mutex_);
  while (is_shut_)
    changed_.wait(mutex_);
  guest.is_inside_ = true;
}

void ReaderGate::leave(Guest& guest) {
  const MutexLock lock(mutex_);
  guest.is_inside_ = false;
  if (is_shut_) changed_.notify_all();
}

bool ReaderGate::is_empty() const {
  return std::ranges::none_of(guests_, [](const Guest* guest) { return guest->is_inside_; });
}

void ReaderGate::shut(std::chrono::steady_clock::time_point deadline) {
  const MutexLock lock(mutex_);
  is_shut_ = true;
  while (!is_empty()) {
    if (changed_.wait_until(mutex_, deadline) == Condition::Wake::TimedOut) break;
  }
  // Under the lock: a guest may go away meanwhile.
  for (Guest* guest : guests_) {
    if (!guest->is_inside_) guest->close_connection();
  }
}

void ReaderGate::open() {
  const MutexLock lock(mutex_);
  is_shut_ = false;
  changed_.notify_all();
}

}  // namespace moonstone::store::sqlite
