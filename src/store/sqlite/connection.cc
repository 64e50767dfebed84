// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "store/sqlite/internal/sql_functions.h"
#include "store/sqlite/internal/sqlite_error.h"

namespace moonstone::store::sqlite {

namespace {

/// How long a write waits for another program's transaction on the same file.
constexpr int kBusyTimeoutMs = 5'000;
/// Page caches (KiB), by which open databases stay small: decision 20 allows 2 MiB for all of one.
constexpr std::int64_t kWriterCacheKib = 1'024;
constexpr std::int64_t kReaderCacheKib = 512;
/// A WAL that once grew (a long export) is cut back to this when it starts anew.
constexpr int kWalKeptBytes = 16 * 1024 * 1024;
/// Virtual machine steps between two looks at the clock: about 20 microseconds.
constexpr int kProgressSteps = 1'000;

using TimePoint = std::chrono::steady_clock::time_point;

int is_past(void* deadline) {
  return std::chrono::steady_clock::now() >= *static_cast<const TimePoint*>(deadline) ? 1 : 0;
}

}  // namespace

Connection::Connection(sqlite3* db) : db_(db), statements_(std::make_unique<StatementCache>(db)) {}

Connection::~Connection() {
  statements_.reset();
  sqlite3_close_v2(db_);
}

Result<std::unique_ptr<Connection>> Connection::open(const SqliteOptions& options, Role role) {
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (role == Role::Writer ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(options.path.c_str(), &db, flags,
                                   options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (code != SQLITE_OK) {
    Error error = sqlite_error(db, code, fmt::format("open {}", options.path));
    sqlite3_close_v2(db);
    return error;
  }
  std::unique_ptr<Connection> connection(new Connection(db));
  MS_TRY_STATUS(connection->configure(options, role));
  return connection;
}

Status Connection::configure(const SqliteOptions& options, Role role) {
  sqlite3_busy_timeout(db_, kBusyTimeoutMs);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  // Checks of models call json_valid(), which this SQLite does not count as harmless. What a stored
  // schema can call is SQLite's own functions and ours, and none of them reaches outside.
  sqlite3_db_config(db_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, role != Role::Writer, nullptr);
  MS_TRY_STATUS(register_functions(db_));
  const bool is_writer = role == Role::Writer;
  if (is_writer && options.page_bytes > 0) {
    // Counts only for a file that is still empty.
    MS_TRY_STATUS(run_once(fmt::format("PRAGMA page_size = {}", options.page_bytes), "configure"));
  }
  if (is_writer) MS_TRY_STATUS(run_once("PRAGMA journal_mode = WAL", "switch to WAL"));
  const std::int64_t cache_kib = options.cache_bytes > 0 ? options.cache_bytes / 1024
                                 : is_writer             ? kWriterCacheKib
                                                         : kReaderCacheKib;
  const std::string settings = fmt::format(
      "PRAGMA synchronous = {};"
      "PRAGMA foreign_keys = OFF;"
      "PRAGMA temp_store = MEMORY;"
      "PRAGMA cache_size = -{};"
      "PRAGMA mmap_size = 0;"
      "PRAGMA wal_autocheckpoint = 0;"
      "PRAGMA journal_size_limit = {};"
      "PRAGMA secure_delete = FAST;"
      "PRAGMA query_only = {};",
      options.durability == Durability::Full ? "FULL" : "NORMAL", cache_kib, kWalKeptBytes,
      role == Role::Reader ? "ON" : "OFF");
  return run_once(settings, fmt::format("configure {}", options.path));
}

Status Connection::run(std::string_view text, std::string_view doing) {
  MS_TRY(Statement statement, prepare(text));
  return statement.run(doing);
}

Status Connection::run_once(std::string_view text, std::string_view doing) {
  const std::string terminated(text);
  const int code = sqlite3_exec(db_, terminated.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite_error(db_, code, doing);
  return {};
}

Result<std::int64_t> Connection::integer_of(std::string_view text, std::string_view doing) {
  MS_TRY(Statement statement, prepare(text));
  MS_TRY(const bool has_row, statement.step(doing));
  if (!has_row) return Error(ErrorCode::Corruption, fmt::format("cannot {}: no row", doing));
  return statement.integer(0);
}

bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(db_) == 0;
}

void Connection::skip_final_checkpoint() {
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

std::int64_t Connection::changes() const {
  return sqlite3_changes64(db_);
}

std::int64_t Connection::total_changes() const {
  return sqlite3_total_changes64(db_);
}

Result<Connection::Copied> Connection::copy_wal(Cut cut) {
  int in_wal = 0;
  int copied = 0;
  const int mode = cut == Cut::Yes ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  // Cutting would wait for readers.
  sqlite3_busy_timeout(db_, 0);
  const int code = sqlite3_wal_checkpoint_v2(db_, "main", mode, &in_wal, &copied);
  sqlite3_busy_timeout(db_, kBusyTimeoutMs);
  // Readers in the way are no failure: the rest moves next time.
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) {
    return sqlite_error(db_, code, "move the WAL into the file");
  }
  return Copied{.frames_in_wal = in_wal, .frames_copied = copied};
}

ReadDeadline::ReadDeadline(const Connection& connection, TimePoint deadline)
    : db_(deadline == TimePoint::max() ? nullptr : connection.handle()), deadline_(deadline) {
  if (db_ != nullptr) sqlite3_progress_handler(db_, kProgressSteps, is_past, &deadline_);
}

ReadDeadline::~ReadDeadline() {
  if (db_ != nullptr) sqlite3_progress_handler(db_, 0, nullptr, nullptr);
}

}  // namespace moonstone::store::sqlite
