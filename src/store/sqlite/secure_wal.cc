// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/secure_wal.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <sqlite3.h>

#include "store/sqlite/internal/sqlite_error.h"

namespace moonstone::store::sqlite {

namespace {

constexpr std::string_view kDoing = "write the log of the database again";
/// As long as SQLite's longest page: its own files take less than 128 KiB at a time.
constexpr sqlite3_int64 kChunkBytes = sqlite3_int64{64} * 1024;
/// user_version is a signed 32-bit number that nobody else uses; it starts again long before its
/// end.
constexpr std::int64_t kUserVersionMax = 1'000'000'000;

int rewrite(sqlite3_file* file) {
  sqlite3_int64 size = 0;
  if (const int code = file->pMethods->xFileSize(file, &size); code != SQLITE_OK) return code;
  std::vector<char> chunk(static_cast<std::size_t>(std::min(size, kChunkBytes)));
  for (sqlite3_int64 at = 0; at < size; at += kChunkBytes) {
    const int length = static_cast<int>(std::min(size - at, kChunkBytes));
    int code = file->pMethods->xRead(file, chunk.data(), length, at);
    if (code == SQLITE_OK) code = file->pMethods->xWrite(file, chunk.data(), length, at);
    if (code != SQLITE_OK) return code;
  }
  return size == 0 ? SQLITE_OK : file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

/// Inside a transaction, so that nobody else writes the WAL meanwhile.
Status rewrite_wal(const Connection& connection) {
  sqlite3_file* file = nullptr;
  int code = sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  if (code == SQLITE_OK && file != nullptr && file->pMethods != nullptr) code = rewrite(file);
  if (code != SQLITE_OK) return sqlite_error(nullptr, code, kDoing);
  return {};
}

Status rewrite_and_fence(Connection& connection) {
  MS_TRY_STATUS(connection.run_once("BEGIN IMMEDIATE", "begin"));
  Status done = rewrite_wal(connection);
  if (done) {
    const auto fence = connection.integer_of("PRAGMA user_version", kDoing);
    done = fence ? connection.run_once(
                       fmt::format("PRAGMA user_version={}", *fence % kUserVersionMax + 1), kDoing)
                 : Status(Error(fence.error()));
  }
  if (done) done = connection.run_once("COMMIT", "commit");
  if (!done && connection.in_transaction()) {
    connection.run_once("ROLLBACK", "roll back").ignore("the first error is the one to report");
  }
  return done;
}

}  // namespace

Status secure_wal(Connection& connection, Durability durability) {
  if (durability == Durability::Full) return rewrite_and_fence(connection);
  MS_TRY_STATUS(connection.run_once("PRAGMA synchronous=FULL", kDoing));
  MS_TRY_STATUS(rewrite_and_fence(connection));
  return connection.run_once("PRAGMA synchronous=NORMAL", kDoing);
}

}  // namespace moonstone::store::sqlite
