// Moonstone. Licence: see LICENSE.
#include "store/sqlite/sqlite_store.h"

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
#include "store/sqlite/internal/reader.h"
#include "store/sqlite/internal/scan_log.h"
#include "store/sqlite/internal/snapshot_gate.h"
#include "store/sqlite/internal/writer.h"

namespace moonstone::store {

namespace {

using sqlite::Connection;

class SqliteStore final : public Store {
 public:
  SqliteStore(SqliteOptions options, std::unique_ptr<sqlite::FileLock> lock)
      : options_(std::move(options)), lock_(std::move(lock)) {}

  Status open() {
    MS_TRY(auto connection, Connection::open(options_, Connection::Role::Writer));
    MS_TRY_STATUS(sqlite::prepare_file(*connection, options_.path));
    MS_TRY_STATUS(sqlite::create_ledger_chunks(*connection));
    MS_TRY(secret_, sqlite::load_secret(*connection));
    writer_ = std::make_unique<sqlite::SqliteWriter>(std::move(connection),
                                                     sqlite::SqliteWriter::Environment{
                                                         .layouts = layouts_,
                                                         .scans = scans_,
                                                         .gate = gate_,
                                                         .secret = secret_,
                                                         .options = options_,
                                                     });
    return writer_->open();
  }

  [[nodiscard]] Writer& writer() override { return *writer_; }

  [[nodiscard]] Result<std::unique_ptr<Reader>> new_reader() override {
    MS_TRY(auto connection, Connection::open(options_, Connection::Role::Reader));
    return std::unique_ptr<Reader>(std::make_unique<sqlite::SqliteReader>(
        std::move(connection), sqlite::SqliteReader::Environment{
                                   .layouts = layouts_,
                                   .scans = scans_,
                                   .gate = gate_,
                                   .secret = secret_,
                               }));
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

 private:
  SqliteOptions options_;
  std::unique_ptr<sqlite::FileLock> lock_;  // goes last
  std::string secret_;                      // set by open()
  sqlite::LayoutCache layouts_;
  sqlite::ScanLog scans_;
  sqlite::SnapshotGate gate_;
  Guarded<std::unique_ptr<Connection>> log_connection_;  // opened by the first read_log()
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
