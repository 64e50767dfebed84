// Moonstone. Licence: see LICENSE.
#pragma once
// SnapshotGate: which readers hold a snapshot, and how the WAL gets a moment without any.
//
// A snapshot keeps the WAL from beginning anew. Short ones are let drain: for a moment no new one
// begins. One that stays is ended from outside once it is too old; its reader is told at its next
// read. A reader may keep its snapshot while it is not used (idle): such a one is ended at once
// when somebody wants it, and its reader takes a new one.
// Threads: synchronised. A slot's mutex and the gate's are never held together.

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "store/sqlite/internal/connection.h"

namespace moonstone::store::sqlite {

/// What a reader shares with the gate (shared_ptr: whoever ends old snapshots may still look at it
/// when the reader goes).
struct SnapshotSlot {
  Mutex mutex;  // held while the connection is in use
  /// Null once the reader is gone.
  Connection* connection MS_GUARDED_BY(mutex) = nullptr;
  bool is_revoked MS_GUARDED_BY(mutex) = false;
  /// Nobody reads in the snapshot, and its reader may want it again. Written under the mutex, asked
  /// without: reads may hold that for long.
  std::atomic<bool> is_idle = false;
  /// When the snapshot that is open was taken, or last found to be the newest state.
  std::atomic<std::chrono::steady_clock::time_point> begun;
};

using SnapshotSlotPtr = std::shared_ptr<SnapshotSlot>;

class SnapshotGate {
 public:
  using Duration = std::chrono::steady_clock::duration;

  /// Before a snapshot is taken; waits while the gate is closed, but not for long.
  void enter(const SnapshotSlotPtr& slot);
  /// Whoever ends a snapshot leaves for it, once: its reader, or who ended it from outside.
  void leave(const SnapshotSlotPtr& slot);

  /// Whether a reader may keep its snapshot now, or go on with one that it has kept. Ask with the
  /// slot's mutex held, and once the slot says that it is idle: then whoever closes the gate finds
  /// the snapshot idle, or is seen here.
  [[nodiscard]] bool may_keep() const { return !is_closed_; }
  /// After a slot became idle.
  void note_idle() { may_have_idle_ = true; }
  /// Ends the snapshots that nobody uses; waits for no read. Cost: next to nothing if there was
  /// none.
  void end_idle();

  /// Closes the gate and waits until no snapshot is open, at most for `patience`. The gate stays
  /// closed until open(). Returns false at once if one is already older than that: it would hardly
  /// end now.
  [[nodiscard]] bool drain(Duration patience);
  void open();

  /// Ends the snapshots of at least that age; waits for reads that run in them. Returns how many.
  std::size_t revoke_older_than(Duration age);

 private:
  void end_all_idle();

  Mutex mutex_;
  Condition changed_;
  std::atomic<bool> is_closed_ = false;  // written under mutex_
  std::atomic<bool> may_have_idle_ = false;
  /// One for each snapshot. A reader may have two: one that somebody ended and has not left yet.
  std::vector<SnapshotSlotPtr> open_ MS_GUARDED_BY(mutex_);
};

}  // namespace moonstone::store::sqlite
