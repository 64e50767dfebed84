// Moonstone. Licence: see LICENSE.
#pragma once
// The Writer on one SQLite connection.
//
// Marks are savepoints together with positions in the captured changes, which are also the queue of
// the search indexes. Row numbers are given here,
// from a counter in memory that starts behind the greatest number in the file: within one run of
// the program a number is never used twice, not even after the last row was deleted. After a
// restart the number of a deleted last row may come again; nothing outside this process has seen
// it, and ids, which are seen, come from their own clock.
// Threads: confined to the writer's thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/sqlite/internal/change_capture.h"
#include "store/sqlite/internal/change_log.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/document_reads.h"
#include "store/sqlite/internal/layout_cache.h"
#include "store/sqlite/internal/search_index.h"
#include "store/sqlite/internal/wal_keeper.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

class ModelDocuments;

class SqliteWriter final : public Writer {
 public:
  /// What a store lends its writer; must outlive it.
  struct Environment {
    LayoutCache& layouts;
    ScanLog& scans;
    SnapshotGate& gate;
    std::string_view secret;
    const SqliteOptions& options;
  };
  /// Call open() before anything else.
  SqliteWriter(std::unique_ptr<Connection> connection, const Environment& environment)
      : connection_(std::move(connection)),
        layouts_(environment.layouts),
        secret_(environment.secret),
        reads_(*connection_, environment.scans),
        capture_(*connection_),
        searches_(*connection_, capture_),
        log_(*connection_),
        wal_(environment.options, environment.gate),
        foreign_file_(environment.options.foreign_file) {}
  ~SqliteWriter() override { rollback(); }

  /// Reads the schema of the file.
  [[nodiscard]] Status open();

  [[nodiscard]] schema::SchemaPtr schema() const override { return reads_.layout()->schema; }
  [[nodiscard]] std::string_view secret() const override { return secret_; }
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

  [[nodiscard]] Result<Begun> begin() override;
  [[nodiscard]] bool in_transaction() const override { return connection_->in_transaction(); }
  [[nodiscard]] Result<Mark> mark() override;
  [[nodiscard]] Result<Mark> light_mark() override;
  [[nodiscard]] Status rollback_to(const Mark& mark) override;
  [[nodiscard]] Status release(const Mark& mark) override;

  [[nodiscard]] Status insert(const query::Row& row) override;
  [[nodiscard]] Status update(const query::Row& row) override;
  [[nodiscard]] Result<bool> erase(const schema::Table& table, std::string_view id) override;

  [[nodiscard]] Result<CompiledStatementPtr> compile_write(const query::WritePlan& plan) override;
  [[nodiscard]] Result<Written> write(const CompiledStatement& statement,
                                      std::span<const Value> parameters) override;

  [[nodiscard]] Result<std::int64_t> next_number(const SequenceScope& scope,
                                                 std::optional<std::int64_t> at_least) override;
  [[nodiscard]] Status optimize_search(std::string_view table) override;
  [[nodiscard]] Result<SqlRows> run_sql(std::string_view sql,
                                        std::span<const Value> values) override;

  [[nodiscard]] Result<std::vector<query::Change>> changes_since(const Mark& mark) override;
  [[nodiscard]] Status append_log(Version version,
                                  std::int64_t unix_ms,
                                  const Origin& origin,
                                  const std::vector<query::Change>& changes) override;
  [[nodiscard]] Status set_version(Version version) override;
  [[nodiscard]] Result<std::optional<StoredLedger>> load_ledger(std::string_view client) override;
  [[nodiscard]] Status save_ledger(std::string_view client,
                                   const LedgerChange& change,
                                   std::int64_t unix_ms) override;
  [[nodiscard]] Result<PruneOutcome> prune_log(const LogRetention& retention) override;
  [[nodiscard]] Result<PruneOutcome> prune_ledger(std::int64_t unix_ms_min) override;

  [[nodiscard]] Status commit() override;
  void rollback() override;
  [[nodiscard]] Status checkpoint() override;
  [[nodiscard]] Status tend_wal(WalCare care) override;
  [[nodiscard]] Result<std::string> greatest_id(const schema::Table& table) override;
  [[nodiscard]] Status reset(const std::vector<std::string>& kept) override;
  [[nodiscard]] Result<SchemaOutcome> apply_schema(schema::Schema next,
                                                   AllowDataLoss allow) override;
  [[nodiscard]] Result<SchemaCheck> check_schema(schema::Schema next) override;

 private:
  [[nodiscard]] Status require_transaction() const;
  [[nodiscard]] Status require_idle() const;
  /// Whether SQLite watches over the foreign keys of models; those of documents have none.
  enum class ForeignKeys : unsigned char { Ignored, Watched };
  Result<Begun> begin_with(ForeignKeys foreign_keys);
  Result<Begun> begin_checked();
  Status notice_outside_change();
  Status mend_search_indexes();
  Status use_layout(LayoutPtr layout);
  Result<std::int64_t> next_row_number(const TableLayout& table);
  /// Writes a document of a model.
  template <class Write>
  auto write_model(Write write, const TableLayout& table)
      -> decltype(write(std::declval<ModelDocuments>()));
  Status delete_everything(const std::vector<std::string>& kept);
  /// Whether tables are there that only migrations change.
  Result<bool> keeps_model_tables(const schema::Schema& next);
  Result<SchemaOutcome> apply_in_transaction(schema::Schema next, AllowDataLoss allow);
  void forget_transaction();

  std::unique_ptr<Connection> connection_;
  LayoutCache& layouts_;
  std::string_view secret_;
  DocumentReads reads_;
  ChangeCapture capture_;
  SearchQueue searches_;
  ChangeLog log_;
  WalKeeper wal_;
  ForeignFile foreign_file_;
  std::unordered_map<std::string, std::int64_t> next_row_numbers_;  // by table
  std::uint32_t depth_ = 0;                                         // open savepoints
  ForeignKeys foreign_keys_ = ForeignKeys::Ignored;                 // as the connection has it
  std::int64_t data_version_ = 0;
  /// Of the running transaction, as it would commit; nothing: to be read. Only this writer changes
  /// it while no other program writes, so it is not read for each transaction.
  std::optional<SnapshotInfo> info_;
  std::optional<SnapshotInfo> committed_info_;  // of the last commit, if it is the newest state
  /// Another program wrote; stays until a transaction that raised the epoch has committed.
  bool outside_change_ = false;
};

}  // namespace moonstone::store::sqlite
