// Moonstone. Licence: see LICENSE.
#pragma once
// WalKeeper: keeps the WAL short, mostly beside the writer.
//
// When enough of the WAL is not in the file yet, the copier copies it. What was committed meanwhile
// is copied by another pass; once little is left, the writer's thread copies that between two
// transactions, and SQLite starts the log anew with the next one, unless a snapshot still needs it.
// If that goes on until the WAL is long, the gate keeps new snapshots waiting for a moment, and
// snapshots that are too old are ended. A writer that is faster than the copier waits for it.
// Threads: confined to the writer's thread.

#include <cstdint>

#include "store/sqlite/internal/wal_copier.h"
#include "store/store.h"

struct sqlite3;

namespace moonstone::store::sqlite {

class WalKeeper {
 public:
  /// Both must outlive it.
  WalKeeper(const SqliteOptions& options, SnapshotGate& gate)
      : limits_(options.wal), gate_(gate), copier_(options, gate) {}
  WalKeeper(const WalKeeper&) = delete;
  WalKeeper& operator=(const WalKeeper&) = delete;
  ~WalKeeper();

  /// Watches the commits of the writer's connection, which must outlive the keeper.
  [[nodiscard]] Status open(Connection& writer);
  /// See Writer::tend_wal.
  [[nodiscard]] Status tend(Writer::WalCare care);
  /// Copies on this thread.
  [[nodiscard]] Status copy_here();

 private:
  void note_commit(std::int64_t frames);
  [[nodiscard]] std::int64_t bytes_of(std::int64_t frames) const { return frames * frame_bytes_; }
  [[nodiscard]] std::int64_t frames_to_copy() const { return frames_ - copied_; }
  /// What is to be done after a pass that went well.
  Status follow_up(const Connection::Copied& pass);
  void begin_pass();
  void wait_if_far_behind();
  Status cut();
  void wait_for_more();

  WalLimits limits_;
  SnapshotGate& gate_;
  WalCopier copier_;
  Connection* writer_ = nullptr;
  std::int64_t frame_bytes_ = 1;
  std::int64_t frames_ = 0;          // in the WAL after the last commit
  std::int64_t copied_ = 0;          // of them in the file, as far as is known here; never too few
  int passes_ = 0;                   // in a row
  bool has_restarted_ = false;       // the log has begun anew since the last pass began
  std::int64_t frames_at_pass_ = 0;  // when the last one began
  std::int64_t next_bytes_ = 0;      // no pass below, where the last one could not finish
  std::int64_t next_drain_bytes_ = 0;
};

}  // namespace moonstone::store::sqlite
