// Moonstone. Licence: see LICENSE.
#pragma once
// ReaderGate: every read connection of a store passes here, so that the store can take them all
// back when it must be opened again from the disk.
//
// SQLite keeps what it knows of the WAL in memory for as long as any connection is open; only when
// the last one has gone does the next one recover from the file.
// Threads: synchronised. A Guest is asked to close on the thread that shuts the gate, only while it
// is not inside.

#include <chrono>
#include <vector>

#include "base/mutex.h"

namespace moonstone::store::sqlite {

class ReaderGate {
 public:
  /// A reader: outside between its snapshots, inside during one.
  class Guest {
   public:
    virtual ~Guest() = default;
    /// Gives the connection up; the next snapshot opens another one.
    virtual void close_connection() = 0;

   private:
    friend class ReaderGate;
    bool is_inside_ = false;  // guarded by the gate's mutex
  };

  void add(Guest& guest);
  void remove(Guest& guest);

  /// Waits while the gate is shut.
  void enter(Guest& guest);
  void leave(Guest& guest);

  /// Lets nobody in any more, waits until the last snapshot has ended, at most until `deadline`,
  /// and closes the connections of all that are outside.
  void shut(std::chrono::steady_clock::time_point deadline);
  void open();

 private:
  [[nodiscard]] bool is_empty() const MS_REQUIRES(mutex_);

  Mutex mutex_;
  Condition changed_;
  std::vector<Guest*> guests_ MS_GUARDED_BY(mutex_);
  bool is_shut_ MS_GUARDED_BY(mutex_) = false;
};

}  // namespace moonstone::store::sqlite
