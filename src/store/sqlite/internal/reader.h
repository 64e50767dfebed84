// Moonstone. Licence: see LICENSE.
#pragma once
// The Reader on one SQLite connection.
// Threads: confined, but for the end of a snapshot that the gate revokes.

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/document_reads.h"
#include "store/sqlite/internal/layout_cache.h"
#include "store/sqlite/internal/snapshot_gate.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

class SqliteReader final : public Reader {
 public:
  /// What a store lends its readers; must outlive them.
  struct Environment {
    LayoutCache& layouts;
    ScanLog& scans;
    SnapshotGate& gate;
    std::string_view secret;
  };
  SqliteReader(std::unique_ptr<Connection> connection, const Environment& environment);
  SqliteReader(const SqliteReader&) = delete;
  SqliteReader& operator=(const SqliteReader&) = delete;
  ~SqliteReader() override;

  [[nodiscard]] Result<SnapshotInfo> begin() override;
  void end() override;

  [[nodiscard]] schema::SchemaPtr schema() const override;
  [[nodiscard]] std::string_view secret() const override { return secret_; }
  [[nodiscard]] Result<std::optional<query::Row>> get(const schema::Table& table,
                                                      std::string_view id,
                                                      ReadBudget& budget) override;
  [[nodiscard]] Result<std::vector<query::Row>> select(const query::Query& query,
                                                       ReadBudget& budget) override;
  [[nodiscard]] Result<std::uint64_t> count(const query::Query& query, ReadBudget& budget) override;

 private:
  Result<SnapshotInfo> take_snapshot();
  [[nodiscard]] Status require_snapshot() const MS_REQUIRES(slot_->mutex);

  std::unique_ptr<Connection> connection_;
  LayoutCache& layouts_;
  SnapshotGate& gate_;
  std::string_view secret_;
  DocumentReads reads_;
  /// Its mutex is held around every use of the connection.
  SnapshotSlotPtr slot_;
  bool has_entered_ = false;  // the gate counts our snapshot
};

}  // namespace moonstone::store::sqlite
