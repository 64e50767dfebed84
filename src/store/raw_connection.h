// Moonstone. Licence: see LICENSE.
#pragma once
// RawConnection: an ordinary connection on an SQLite file, for SQL that is trusted.
//
// The tools of `.lite` projects work through it (migrations, introspection, the CLI), and so does
// whoever of the project's own code is handed SQL (`$rawDbs`, the `sql` tag). It takes no part in
// what a Store does: its writes are those of another program, which a Store that has the file open
// notices. Settings: WAL for files, foreign keys on, 8 KiB pages for new files, a lock is waited
// for five seconds; text in double quotes is a name and never a string.
// Threads: confined. Source: litestone.md 8, 35.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "store/store.h"

struct sqlite3;

namespace moonstone::store {

enum class RawAccess : unsigned char { ReadWrite, ReadOnly };

struct RawOptions {
  std::string path;  // ":memory:": a database of this connection alone, also if read-only
  RawAccess access = RawAccess::ReadWrite;
  /// More than this is no answer for a program to hold. Units: bytes.
  std::size_t result_bytes_max = std::size_t{1024} * 1024 * 1024;
};

class RawConnection {
 public:
  /// Opens the file; ReadWrite makes it, and the folders above it. Errors: Unavailable (reasons
  /// "io_error", "read_only", "busy"), Corruption (it is no database).
  [[nodiscard]] static Result<std::unique_ptr<RawConnection>> open(RawOptions options);
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;
  ~RawConnection();

  // Errors of all three: as Writer::write says, with SQLite's own text; InvalidArgument (reason
  // "sql"); FailedPrecondition (reason "closed"). Details: {name, code, errno}, litestone.md 34.

  /// Runs all statements of the text, and drops their rows. Stops at the first that fails; what
  /// ran before it stays, unless it ran in a transaction.
  [[nodiscard]] Status exec(std::string_view sql);
  /// Runs one statement to its end. Values are bound to its places in order; too few leave NULL,
  /// too many are refused. Whole numbers come back as Integer, other numbers as Number.
  /// Errors: also LimitExceeded (reason "read_bytes").
  [[nodiscard]] Result<SqlRows> query(std::string_view sql, std::span<const Value> values = {});
  struct Changed {
    std::int64_t rows = 0;        // that it inserted, updated or deleted itself
    std::int64_t last_rowid = 0;  // of the connection's last insert
  };
  [[nodiscard]] Result<Changed> run(std::string_view sql, std::span<const Value> values = {});

  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] bool is_open() const { return db_ != nullptr; }
  [[nodiscard]] bool is_readonly() const { return options_.access == RawAccess::ReadOnly; }
  [[nodiscard]] const std::string& path() const { return options_.path; }
  /// Rolls back what was not committed. Closing twice does nothing.
  void close();

  /// For code of store/sqlite. Null once closed.
  [[nodiscard]] sqlite3* handle() const { return db_; }

 private:
  explicit RawConnection(RawOptions options) : options_(std::move(options)) {}

  RawOptions options_;
  sqlite3* db_ = nullptr;
};

}  // namespace moonstone::store
