// Moonstone. Licence: see LICENSE.
#include "store/sqlite/sqlite_store.h"

#include <chrono>
#include <memory>
#include <utility>

#include "base/guarded.h"
#include "store/sqlite/internal/ad_hoc_sql.h"
#include "store/sqlite/internal/change_log.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/file_lock.h"
#include "store/sqlite/internal/layout_cache.h"
#include "store/sqlite/internal/ledger.h"
#include "store/sqlite/internal/meta.h"
#include "store/sqlite/internal/query_plan.h"
#include "store/sqlite/internal/reader.h"
#include "store/sqlite/internal/reader_gate.h"
#include "store/sqlite/internal/scan_log.h"
#include "store/sqlite/internal/secure_wal.h"
#include "store/sqlite/internal/snapshot_gate.h"
#include "store/sqlite/internal/writer.h"

namespace moonstone::store {

namespace {

using sqlite::Connection;

/// How long a restart waits for snapshots to end. Calls end within a second; an export that goes on
/// keeps its snapshot, and SQLite's memory of the WAL instead of a recovery.
constexpr std::chrono::seconds kSnapshotPatience{2};

class SqliteStore final : public Store {
 public:
  SqliteStore(SqliteOptions options, std::unique_ptr<sqlite::FileLock> lock)
      : options_(std::move(options)), lock_(std::move(lock)), layouts_(options_.load_catalog) {}

  Status open() {
    MS_TRY(auto connection, Connection::open(options_, Connection::Role::Writer));
    MS_TRY_STATUS(sqlite::prepare_file(*connection, options_));
    MS_TRY_STATUS(sqlite::create_ledger_chunks(*connection));
    MS_TRY(std::string secret, sqlite::load_secret(*connection));
    if (secret_.empty()) secret_ = std::move(secret);  // views of it are held: once set, it stays
    write_connection_ = connection.get();
    writer_ = std::make_unique<sqlite::SqliteWriter>(std::move(connection),
                                                     sqlite::SqliteWriter::Environment{
                                                         .layouts = layouts_,
                                                         .scans = scans_,
                                                         .gate = snapshots_,
                                                         .secret = secret_,
                                                         .options = options_,
                                                     });
    return writer_->open();
  }

  [[nodiscard]] Writer& writer() override { return *writer_; }

  [[nodiscard]] Status restart() override {
    gate_.shut(std::chrono::steady_clock::now() + kSnapshotPatience);
    log_connection_.lock()->reset();
    plan_connection_.lock()->reset();
    close_writer();
    layouts_.clear();
    Status opened = open();
    if (opened) opened = sqlite::secure_wal(*write_connection_, options_.durability);
    if (!opened) close_writer();
    gate_.open();
    return opened;
  }

  [[nodiscard]] Result<std::unique_ptr<Reader>> new_reader(KeepSnapshot keep) override {
    auto reader =
        std::make_unique<sqlite::SqliteReader>(sqlite::ReaderEnvironment{.options = options_,
                                                                         .gate = gate_,
                                                                         .snapshots = snapshots_,
                                                                         .layouts = layouts_,
                                                                         .scans = scans_,
                                                                         .secret = secret_,
                                                                         .keep = keep});
    MS_TRY_STATUS(reader->open());
    return std::unique_ptr<Reader>(std::move(reader));
  }

  [[nodiscard]] Result<std::vector<LogEntry>> read_log(std::uint64_t after,
                                                       std::size_t limit) override {
    const auto connection = log_connection_.lock();
    if (*connection == nullptr) {
      MS_TRY(*connection, Connection::open(options_, Connection::Role::Reader));
    }
    // One statement is one snapshot.
    return sqlite::read_log_entries(**connection, after, limit);
  }

  [[nodiscard]] Result<SqlRows> query_sql(std::string_view select,
                                          const SqlLimits& limits) override {
    MS_TRY(const auto connection, Connection::open(options_, Connection::Role::Reader));
    MS_TRY(const SnapshotInfo info, sqlite::read_snapshot_info(*connection));
    MS_TRY(const sqlite::LayoutPtr layout, layouts_.load(*connection, info.schema_version));
    return sqlite::run_ad_hoc_select(*connection, *layout, select, limits);
  }

  [[nodiscard]] std::vector<TableScan> table_scans() const override { return scans_.list(); }

  [[nodiscard]] Result<ReadPlan> explain_query(const query::Query& query, ReadKind kind) override {
    const auto connection = plan_connection_.lock();
    if (*connection == nullptr) {
      MS_TRY(*connection, Connection::open(options_, Connection::Role::Reader));
    }
    MS_TRY(const SnapshotInfo info, sqlite::read_snapshot_info(**connection));
    MS_TRY(const sqlite::LayoutPtr layout, layouts_.load(**connection, info.schema_version));
    const sqlite::TableLayout* const table = layout->find(query.table);
    if (table == nullptr) return layout->schema->unknown_table(query.table);
    return sqlite::explain_read(**connection, *layout, *table, query, kind);
  }

 private:
  void close_writer() {
    if (writer_) write_connection_->skip_final_checkpoint();
    writer_.reset();
  }

  SqliteOptions options_;
  std::unique_ptr<sqlite::FileLock> lock_;  // goes last
  std::string secret_;                      // set by the first open()
  sqlite::LayoutCache layouts_;
  sqlite::ScanLog scans_;
  sqlite::SnapshotGate snapshots_;
  Guarded<std::unique_ptr<Connection>> log_connection_;   // opened by the first read_log()
  Guarded<std::unique_ptr<Connection>> plan_connection_;  // opened by the first explain_query()
  sqlite::ReaderGate gate_;
  Connection* write_connection_ = nullptr;  // the writer's
  std::unique_ptr<sqlite::SqliteWriter> writer_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const SqliteOptions& options) {
  MS_TRY(auto lock, sqlite::FileLock::take(options.path));
  auto store = std::make_unique<SqliteStore>(options, std::move(lock));
  MS_TRY_STATUS(store->open());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace moonstone::store
