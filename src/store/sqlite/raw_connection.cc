// Moonstone. Licence: see LICENSE.
#include "store/raw_connection.h"

#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "store/sqlite/internal/raw_sql.h"
#include "store/sqlite/internal/sql_functions.h"
#include "store/sqlite/internal/sqlite_error.h"

namespace moonstone::store {

namespace {

constexpr int kBusyTimeoutMs = 5'000;
constexpr std::string_view kInMemory = ":memory:";

/// journal_mode first, so that a file that is no database is noticed here.
constexpr std::string_view kFileSettings =
    "PRAGMA page_size = 8192;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA wal_autocheckpoint = 1000;";
constexpr std::string_view kSettings =
    "PRAGMA foreign_keys = ON;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -32768;";

Error closed() {
  return {ErrorCode::FailedPrecondition, "the connection is closed", "closed"};
}

void make_parent(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  std::error_code failure;  // opening tells what is wrong, with the path
  if (!parent.empty()) std::filesystem::create_directories(parent, failure);
}

Status configure(sqlite3* db, const RawOptions& options) {
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, kBusyTimeoutMs);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  MS_TRY_STATUS(sqlite::register_functions(db));
  const bool is_file = options.path != kInMemory;
  const bool writes = options.access == RawAccess::ReadWrite;
  if (is_file && writes) MS_TRY_STATUS(sqlite::run_raw(db, kFileSettings));
  MS_TRY_STATUS(sqlite::run_raw(db, kSettings));
  // A file is opened to read only, which leaves VACUUM INTO possible.
  if (!writes && !is_file) MS_TRY_STATUS(sqlite::run_raw(db, "PRAGMA query_only = ON"));
  // Says what is wrong with a file that is no database also if nothing was set.
  return sqlite::run_raw(db, "SELECT count(*) FROM sqlite_schema");
}

}  // namespace

Result<std::unique_ptr<RawConnection>> RawConnection::open(RawOptions options) {
  const bool is_file = options.path != kInMemory;
  const bool writes = options.access == RawAccess::ReadWrite;
  if (is_file && writes) make_parent(options.path);
  const int flags =
      (is_file && !writes ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
      SQLITE_OPEN_NOMUTEX;
  std::unique_ptr<RawConnection> connection(new RawConnection(std::move(options)));
  const int code = sqlite3_open_v2(connection->path().c_str(), &connection->db_, flags, nullptr);
  if (code != SQLITE_OK) {
    return sqlite::sqlite_error(connection->db_, code, fmt::format("open {}", connection->path()));
  }
  if (Status done = configure(connection->db_, connection->options_); !done) {
    return std::move(done).error().with_context(fmt::format("open {}", connection->path()));
  }
  return connection;
}

RawConnection::~RawConnection() {
  close();
}

void RawConnection::close() {
  sqlite3_close_v2(std::exchange(db_, nullptr));
}

bool RawConnection::in_transaction() const {
  return db_ != nullptr && sqlite3_get_autocommit(db_) == 0;
}

Status RawConnection::exec(std::string_view sql) {
  if (db_ == nullptr) return closed();
  return sqlite::run_raw(db_, sql);
}

Result<SqlRows> RawConnection::query(std::string_view sql, std::span<const Value> values) {
  if (db_ == nullptr) return closed();
  return sqlite::query_raw(db_, sql, values, options_.result_bytes_max);
}

Result<RawConnection::Changed> RawConnection::run(std::string_view sql,
                                                  std::span<const Value> values) {
  if (db_ == nullptr) return closed();
  const std::int64_t before = sqlite3_total_changes64(db_);
  MS_TRY_STATUS(sqlite::query_raw(db_, sql, values, options_.result_bytes_max));
  // sqlite3_changes keeps the count of the last write, also after a statement that wrote nothing.
  const bool wrote = sqlite3_total_changes64(db_) != before;
  return Changed{.rows = wrote ? sqlite3_changes64(db_) : 0,
                 .last_rowid = sqlite3_last_insert_rowid(db_)};
}

}  // namespace moonstone::store
