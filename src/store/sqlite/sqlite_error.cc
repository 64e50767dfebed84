// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/sqlite_error.h"

#include <string>

#include <fmt/format.h>
#include <sqlite3.h>

namespace moonstone::store::sqlite {

Error sqlite_error(sqlite3* db, int code, std::string_view doing) {
  // Without a connection (open failed for want of memory) only the code speaks.
  const char* text = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  const auto message = [&](std::string_view what) {
    return fmt::format("cannot {}: {} ({})", doing, what, text);
  };
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {ErrorCode::Unavailable, message("the disk is full"), "disk_full"};
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return {ErrorCode::Unavailable, message("the disk refused"), "io_error"};
    case SQLITE_READONLY:
      return {ErrorCode::Unavailable, message("the file is not writable"), "read_only"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::Unavailable, message("another program holds the database"), "busy"};
    case SQLITE_NOMEM:
      return {ErrorCode::Unavailable, message("out of memory"), "out_of_memory"};
    case SQLITE_INTERRUPT:
      return {ErrorCode::DeadlineExceeded, "the read took too long", "read_time"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorCode::Corruption, message("the file is damaged"), "corrupt"};
    case SQLITE_TOOBIG:
      return {ErrorCode::LimitExceeded, message("a value is too big"), "too_big"};
    case SQLITE_CONSTRAINT:
      return {ErrorCode::AlreadyExists, message("a constraint is violated"), "constraint"};
    default:
      return {ErrorCode::Internal, fmt::format("cannot {}: {}", doing, text), "sqlite"};
  }
}

}  // namespace moonstone::store::sqlite
