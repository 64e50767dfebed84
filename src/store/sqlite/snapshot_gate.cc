// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/snapshot_gate.h"

#include <algorithm>

namespace moonstone::store::sqlite {

namespace {

using SteadyClock = std::chrono::steady_clock;

/// A closed gate is opened again long before; this is for a writer that died with it closed.
constexpr std::chrono::milliseconds kEnterPatience{100};

bool revoke(SnapshotSlot& slot, SteadyClock::time_point begun_max) {
  // A read that runs has its own limit of time; nobody but the thread that copies waits for it.
  const MutexLock lock(slot.mutex);
  if (slot.connection == nullptr || !slot.connection->in_transaction()) return false;
  if (slot.begun.load() > begun_max) return false;  // a new one by now
  slot.connection->end_read();
  slot.is_revoked = !slot.is_idle;
  slot.is_idle = false;
  return true;
}

bool end_if_idle(SnapshotSlot& slot) {
  if (!slot.is_idle) return false;
  const MutexLock lock(slot.mutex);
  if (!slot.is_idle.exchange(false)) return false;
  slot.connection->end_read();
  return true;
}

}  // namespace

void SnapshotGate::enter(const SnapshotSlotPtr& slot) {
  const auto deadline = SteadyClock::now() + kEnterPatience;
  const MutexLock lock(mutex_);
  while (is_closed_) {
    if (changed_.wait_until(mutex_, deadline) == Condition::Wake::TimedOut) break;
  }
  open_.push_back(slot);
}

void SnapshotGate::leave(const SnapshotSlotPtr& slot) {
  const MutexLock lock(mutex_);
  // One of them: the reader's next snapshot may have entered before this one is left.
  const auto entered = std::ranges::find(open_, slot);
  if (entered != open_.end()) open_.erase(entered);
  if (open_.empty() && is_closed_) changed_.notify_all();
}

void SnapshotGate::end_idle() {
  if (may_have_idle_.exchange(false)) end_all_idle();
}

void SnapshotGate::end_all_idle() {
  std::vector<SnapshotSlotPtr> slots;
  {
    const MutexLock lock(mutex_);
    slots = open_;
  }
  for (const SnapshotSlotPtr& slot : slots) {
    if (end_if_idle(*slot)) leave(slot);
  }
}

bool SnapshotGate::drain(Duration patience) {
  end_idle();
  const auto now = SteadyClock::now();
  {
    const MutexLock lock(mutex_);
    const auto is_old = [&](const SnapshotSlotPtr& slot) {
      return now - slot->begun.load() > patience;
    };
    if (std::ranges::any_of(open_, is_old)) return false;
    is_closed_ = true;
  }
  end_all_idle();  // also one that became idle a moment ago
  const MutexLock lock(mutex_);
  while (!open_.empty()) {
    if (changed_.wait_until(mutex_, now + patience) == Condition::Wake::TimedOut) break;
  }
  return open_.empty();
}

void SnapshotGate::open() {
  const MutexLock lock(mutex_);
  is_closed_ = false;
  changed_.notify_all();
}

std::size_t SnapshotGate::revoke_older_than(Duration age) {
  const auto begun_max = SteadyClock::now() - age;
  std::vector<SnapshotSlotPtr> old;
  {
    const MutexLock lock(mutex_);
    for (const SnapshotSlotPtr& slot : open_) {
      if (slot->begun.load() <= begun_max) old.push_back(slot);
    }
  }
  std::size_t revoked = 0;
  for (const SnapshotSlotPtr& slot : old) {
    if (!revoke(*slot, begun_max)) continue;
    leave(slot);
    ++revoked;
  }
  return revoked;
}

}  // namespace moonstone::store::sqlite
