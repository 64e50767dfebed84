// Moonstone. Licence: see LICENSE.
#pragma once
// The Reader on one SQLite connection, which it may have to give up between two snapshots and then
// opens anew.
// Threads: confined, but for the end of a snapshot that the SnapshotGate revokes, and for the end
// of a connection that the ReaderGate takes back.

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/document_reads.h"
#include "store/sqlite/internal/layout_cache.h"
#include "store/sqlite/internal/reader_gate.h"
#include "store/sqlite/internal/snapshot_gate.h"
#include "store/sqlite/internal/wal_index.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

/// What the readers of one store share; outlives them.
struct ReaderEnvironment {
  const SqliteOptions& options;
  ReaderGate& gate;
  SnapshotGate& snapshots;
  LayoutCache& layouts;
  ScanLog& scans;
  std::string_view secret;
  KeepSnapshot keep = KeepSnapshot::No;
};

class SqliteReader final : public Reader, private ReaderGate::Guest {
 public:
  explicit SqliteReader(const ReaderEnvironment& environment) : environment_(environment) {
    environment_.gate.add(*this);
  }
  SqliteReader(const SqliteReader&) = delete;
  SqliteReader& operator=(const SqliteReader&) = delete;
  ~SqliteReader() override;

  /// Opens the connection, so that it is known whether that is possible.
  [[nodiscard]] Status open();

  [[nodiscard]] Result<SnapshotInfo> begin() override;
  void end() override;

  [[nodiscard]] schema::SchemaPtr schema() const override;
  [[nodiscard]] std::string_view secret() const override { return environment_.secret; }
  [[nodiscard]] Result<std::optional<query::Row>> get(const schema::Table& table,
                                                      std::string_view id,
                                                      ReadBudget& budget) override;
  [[nodiscard]] Result<std::vector<query::Row>> select(const query::Query& query,
                                                       ReadBudget& budget) override;
  [[nodiscard]] Result<std::uint64_t> count(const query::Query& query, ReadBudget& budget) override;
  [[nodiscard]] Result<CompiledStatementPtr> compile(const query::Select& select) override;
  [[nodiscard]] Result<query::RowSet> read(const CompiledStatement& statement,
                                           std::span<const Value> parameters,
                                           ReadBudget& budget) override;

 private:
  struct Opened {
    std::unique_ptr<Connection> connection;
    DocumentReads reads;
  };

  void close_connection() override;
  Status ensure_open() MS_REQUIRES(slot_->mutex);
  /// Keeps the snapshot for the next use. False: it must end.
  bool keep();
  /// Goes on with the snapshot that was kept. False: there is none, or it is not the newest state.
  bool resume();
  void finish();
  Result<SnapshotInfo> take_snapshot();
  [[nodiscard]] Status require_snapshot() const MS_REQUIRES(slot_->mutex);

  ReaderEnvironment environment_;
  std::unique_ptr<Opened> opened_;  // null: not yet, or given up
  /// Of the last snapshot: its rows point into it, whatever becomes of the connection.
  LayoutPtr layout_;
  /// Its mutex is held around every use of the connection.
  SnapshotSlotPtr slot_ = std::make_shared<SnapshotSlot>();
  bool is_inside_ = false;  // of both gates; a kept snapshot is inside that of snapshots alone
  WalIndex wal_index_ MS_GUARDED_BY(slot_->mutex);
  /// Of the snapshot that is open: nothing was committed while the index says the same.
  std::optional<WalIndex::Mark> mark_ MS_GUARDED_BY(slot_->mutex);
  SnapshotInfo info_;
};

}  // namespace moonstone::store::sqlite
