// Moonstone. Licence: see LICENSE.
#pragma once
// WalCopier: a thread with a connection of its own that copies the WAL into the file.
//
// SQLite lets one connection copy while another one commits. What must never happen beside a copy
// that begins is that the writer starts the log anew: up to SQLite 3.51.2 the copy could then take
// new frames for copied ones and lose them. The writer starts anew only if all is copied when its
// transaction begins. So (1) a pass may be ordered only between transactions, while the WAL holds
// frames that are not copied: they stay until this pass copies them; and (2) only one runs at once.
// Threads: begin_pass() and take_finished() belong to the writer's thread.

#include <memory>
#include <optional>
#include <stop_token>

#include "base/guarded.h"
#include "base/result.h"
#include "base/thread.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/snapshot_gate.h"
#include "store/sqlite/sqlite_store.h"

namespace moonstone::store::sqlite {

class WalCopier {
 public:
  /// Both must outlive it. Thread and connection are there from the first pass on.
  WalCopier(const SqliteOptions& options, SnapshotGate& gate) : options_(options), gate_(gate) {}
  WalCopier(const WalCopier&) = delete;
  WalCopier& operator=(const WalCopier&) = delete;
  /// Waits for the pass that runs.
  ~WalCopier();

  /// With Revoke::Yes snapshots that are too old are ended first.
  enum class Revoke : unsigned char { No, Yes };
  void begin_pass(Revoke revoke);
  [[nodiscard]] bool is_running();
  /// Until no pass runs, or it is still ending snapshots: that may take as long as their reads.
  void wait();
  /// What became of the pass that has ended since the last call, if one has.
  [[nodiscard]] std::optional<Result<Connection::Copied>> take_finished();

 private:
  struct State {
    std::optional<Revoke> ordered;
    bool is_running = false;   // from the order to the end
    bool is_revoking = false;  // its first step
    std::optional<Result<Connection::Copied>> finished;
  };

  void work(const std::stop_token& stop);
  Result<Connection::Copied> copy();

  const SqliteOptions& options_;
  SnapshotGate& gate_;
  std::unique_ptr<Connection> connection_;  // the thread's
  Guarded<State> state_;
  Condition ordered_;
  Condition ended_;
  std::jthread thread_;
};

}  // namespace moonstone::store::sqlite
