// Moonstone. Licence: see LICENSE.
#pragma once
// The change log: one entry per changed row, written in the transaction that changed it.
// Threads: confined to the connection's thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "store/sqlite/internal/connection.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

class ChangeLog {
 public:
  explicit ChangeLog(Connection& connection) : connection_(connection) {}

  [[nodiscard]] Status append(Version version,
                              std::int64_t unix_ms,
                              const Origin& origin,
                              const std::vector<query::Change>& changes);

  /// Deletes the oldest entries as Writer::prune_log says.
  [[nodiscard]] Result<PruneOutcome> prune(const LogRetention& retention);

  /// After a transaction was lost or another program wrote, the next number is read anew.
  void forget_position() { next_sequence_.reset(); }

  /// Whether the last entry of the transaction has that version.
  [[nodiscard]] bool has_appended(Version version) const { return appended_ == version; }
  /// Entries of the transaction were taken back, or it has ended.
  void forget_appended() { appended_.reset(); }

 private:
  Result<std::int64_t> next_sequence();

  Connection& connection_;
  std::optional<std::int64_t> next_sequence_;
  std::optional<Version> appended_;
};

/// Entries with sequence > after, oldest first.
[[nodiscard]] Result<std::vector<LogEntry>> read_log_entries(Connection& connection,
                                                             std::uint64_t after,
                                                             std::size_t limit);

}  // namespace moonstone::store::sqlite
