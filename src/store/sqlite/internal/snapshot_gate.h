// Moonstone. Licence: see LICENSE.
#pragma once
// SnapshotGate: which readers hold a snapshot, and how the WAL gets a moment without any.
//
// A snapshot keeps the WAL from beginning anew. Short ones are let drain: for a moment no new one
// begins. One that stays is ended from outside once it is too old; its reader is told at its next
// read.
// Threads: synchronised. A slot's mutex and the gate's are never held together.

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
  /// Of the snapshot that is open.
  std::chrono::steady_clock::time_point begun MS_GUARDED_BY(mutex);
  bool is_revoked MS_GUARDED_BY(mutex) = false;
};

using SnapshotSlotPtr = std::shared_ptr<SnapshotSlot>;

class SnapshotGate {
 public:
  using Duration = std::chrono::steady_clock::duration;

  /// Before a snapshot is taken; waits while the gate is closed, but not for long.
  void enter(const SnapshotSlotPtr& slot);
  void leave(const SnapshotSlotPtr& slot);

  /// Closes the gate and waits until no snapshot is open, at most for `patience`. The gate stays
  /// closed until open(). Returns false at once if one is already older than that: it would hardly
  /// end now.
  [[nodiscard]] bool drain(Duration patience);
  void open();

  /// Ends the snapshots of at least that age; waits for reads that run in them. Returns how many.
  std::size_t revoke_older_than(Duration age);

 private:
  Mutex mutex_;
  Condition changed_;
  bool is_closed_ MS_GUARDED_BY(mutex_) = false;
  struct Open {
    SnapshotSlotPtr slot;
    std::chrono::steady_clock::time_point begun;
  };
  std::vector<Open> open_ MS_GUARDED_BY(mutex_);  // at most one for each reader
};

}  // namespace moonstone::store::sqlite
