// Moonstone. Licence: see LICENSE.
#pragma once
// Connection: one open handle on the database file, with its settings and its prepared statements.
// Threads: confined to its owner (a Reader or the Writer).

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "store/sqlite/internal/statement.h"
#include "store/sqlite/sqlite_store.h"

struct sqlite3;

namespace moonstone::store::sqlite {

class Connection {
 public:
  /// A Copier writes nothing but what the WAL holds.
  enum class Role : unsigned char { Writer, Reader, Copier };

  /// Errors: those of sqlite_error; Internal if this SQLite lacks what Moonstone needs.
  [[nodiscard]] static Result<std::unique_ptr<Connection>> open(const SqliteOptions& options,
                                                                Role role);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  [[nodiscard]] sqlite3* handle() const { return db_; }
  [[nodiscard]] Result<Statement> prepare(std::string_view text) {
    return statements_->prepare(text);
  }
  /// Runs a statement without parameters and results, through the cache.
  [[nodiscard]] Status run(std::string_view text, std::string_view doing);
  /// Runs text that is not worth caching (DDL, settings).
  [[nodiscard]] Status run_once(std::string_view text, std::string_view doing);
  /// The first column of the only row, as an integer.
  [[nodiscard]] Result<std::int64_t> integer_of(std::string_view text, std::string_view doing);

  [[nodiscard]] bool in_transaction() const;
  /// Ends the running transaction, which has only read.
  void end_read() { run("COMMIT", "end a snapshot").ignore("a read has nothing to lose"); }

  /// How much of the WAL is in the file, after a step of copying.
  struct Copied {
    std::int64_t frames_in_wal = 0;
    std::int64_t frames_copied = 0;
  };
  /// Copies the WAL into the file, as far as snapshots allow; waits for nobody. With Cut::Yes the
  /// WAL is emptied as well, if no snapshot needs it and all of it could be copied.
  /// Errors: those of sqlite_error.
  enum class Cut : unsigned char { No, Yes };
  [[nodiscard]] Result<Copied> copy_wal(Cut cut);
  /// Rows that the last write statement touched.
  [[nodiscard]] std::int64_t changes() const;
  /// Rows that all write statements touched, some of undone ones included.
  [[nodiscard]] std::int64_t total_changes() const;
  /// Differs from the last call's if another connection has committed since.
  [[nodiscard]] Result<std::int64_t> data_version() {
    return integer_of("PRAGMA data_version", "read the data version");
  }
  /// The file is not to be trusted with more writes: closing leaves the WAL as it is.
  void skip_final_checkpoint();
  void forget_statements() { statements_->clear(); }
  [[nodiscard]] const StatementCache& statements() const { return *statements_; }

 private:
  explicit Connection(sqlite3* db);
  Status configure(const SqliteOptions& options, Role role);

  sqlite3* db_;
  std::unique_ptr<StatementCache> statements_;
};

/// While it lives, statements of the connection are interrupted once the deadline has passed. Only
/// around reads: an interrupted write would lose its whole transaction.
class ReadDeadline {
 public:
  ReadDeadline(const Connection& connection, std::chrono::steady_clock::time_point deadline);
  ReadDeadline(const ReadDeadline&) = delete;
  ReadDeadline& operator=(const ReadDeadline&) = delete;
  ~ReadDeadline();

 private:
  sqlite3* db_;
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace moonstone::store::sqlite
