// Moonstone. Licence: see LICENSE.
#pragma once
// The Reader on one SQLite connection.
// Threads: confined.

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/document_reads.h"
#include "store/sqlite/internal/layout_cache.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

class SqliteReader final : public Reader {
 public:
  /// `layouts`, `scans` and `secret` must outlive the reader.
  SqliteReader(std::unique_ptr<Connection> connection,
               LayoutCache& layouts,
               ScanLog& scans,
               std::string_view secret)
      : connection_(std::move(connection)),
        layouts_(layouts),
        secret_(secret),
        reads_(*connection_, scans) {}
  ~SqliteReader() override { end(); }

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
  [[nodiscard]] Status require_snapshot() const;

  std::unique_ptr<Connection> connection_;
  LayoutCache& layouts_;
  std::string_view secret_;
  DocumentReads reads_;
};

}  // namespace moonstone::store::sqlite
