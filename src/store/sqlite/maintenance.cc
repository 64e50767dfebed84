// Moonstone. Licence: see LICENSE.
#include "store/maintenance.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include "store/sqlite/ddl.h"
#include "store/sqlite/internal/raw_sql.h"
#include "store/sqlite/internal/sql_schema.h"
#include "store/sqlite/internal/sql_text.h"
#include "store/sqlite/internal/sqlite_error.h"

namespace moonstone::store {

namespace {

namespace fs = std::filesystem;

/// Bytes before each page in a WAL.
constexpr std::uint64_t kFrameHeaderBytes = 24;

Error closed() {
  return {ErrorCode::FailedPrecondition, "the connection is closed", "closed"};
}

Status copy_pages(sqlite3* from, const std::string& path) {
  sqlite3* to = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  const sqlite::OwnedDatabase owner(to);
  if (opened != SQLITE_OK) return sqlite::sqlite_error(to, opened, "open the copy");
  sqlite3_backup* const backup = sqlite3_backup_init(to, "main", from, "main");
  if (backup == nullptr) return sqlite::sqlite_error(to, sqlite3_errcode(to), "begin the copy");
  // All pages in one step: a copy of one state, which a writer elsewhere cannot start anew.
  const int stepped = sqlite3_backup_step(backup, -1);
  const int finished = sqlite3_backup_finish(backup);
  if (stepped != SQLITE_DONE) return sqlite::sqlite_error(to, stepped, "copy the database");
  if (finished != SQLITE_OK) return sqlite::sqlite_error(to, finished, "finish the copy");
  return {};
}

Status write_anew(sqlite3* from, const std::string& path) {
  const std::array<Value, 1> values = {path};
  MS_TRY_STATUS(sqlite::query_raw(from, "VACUUM INTO ?", values));
  return {};
}

bool begins_with(const sqlite::SqlIndex& index, const std::string& column) {
  return !index.columns.empty() && sqlite::is_same_name(index.columns.front(), column);
}

/// Whether rows can be found by the first column of the key.
bool has_index_for(const sqlite::SqlTable& table, const sqlite::SqlForeignKey& key) {
  const std::string& column = key.from.front();
  const sqlite::SqlColumn* const own = table.find_column(column);
  if (own != nullptr && own->key_position == 1) return true;
  return std::ranges::any_of(table.indexes,
                             [&](const auto& index) { return begins_with(index, column); });
}

}  // namespace

Result<Backup> back_up(RawConnection& source, const std::string& path, BackupForm form) {
  if (!source.is_open()) return closed();
  std::error_code failure;
  const fs::path target(path);
  if (target.has_parent_path()) fs::create_directories(target.parent_path(), failure);
  // The copy takes the place of what is there, under the feet of whoever has it open.
  const char* const own = sqlite3_db_filename(source.handle(), "main");
  if (own != nullptr && fs::equivalent(own, target, failure)) {
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("{} is the database itself; name another file or folder", path),
                 "same_file");
  }
  const std::string part = path + ".part";
  fs::remove(part, failure);
  Status done = form == BackupForm::Copy ? copy_pages(source.handle(), part)
                                         : write_anew(source.handle(), part);
  if (!done) {
    fs::remove(part, failure);
    return std::move(done).error();
  }
  fs::rename(part, target, failure);
  const std::uintmax_t size = failure ? 0 : fs::file_size(target, failure);
  if (failure) {
    return Error(ErrorCode::Unavailable,
                 fmt::format("cannot write {}: {}", path, failure.message()), "io_error");
  }
  return Backup{.path = path, .size_bytes = size, .vacuumed = form == BackupForm::Vacuum};
}

Result<std::vector<std::string>> optimize_search(RawConnection& connection,
                                                 const schema::Catalog& catalog,
                                                 std::string_view model) {
  if (!connection.is_open()) return closed();
  const auto is_meant = [&](const schema::Model& candidate) {
    return model.empty() || candidate.name == model || candidate.accessor == model ||
           candidate.table == model;
  };
  std::vector<std::string> tables;
  bool is_known = model.empty();
  for (const schema::Model& candidate : catalog.models) {
    if (!is_meant(candidate)) continue;
    is_known = true;
    if (candidate.search_fields.empty()) continue;
    const std::string table = sqlite::search_table_of(candidate);
    MS_TRY_STATUS(connection.exec(
        fmt::format("INSERT INTO {0} ({0}) VALUES ('optimize')", sqlite::quoted_name(table))));
    tables.push_back(table);
  }
  if (!is_known) {
    return Error(ErrorCode::NotFound, fmt::format("there is no model \"{}\"", model));
  }
  if (tables.empty() && !model.empty()) {
    return Error(ErrorCode::FailedPrecondition,
                 fmt::format("optimizing is not available on \"{}\": it has no @@fts", model));
  }
  return tables;
}

Result<Checkup> check_up(RawConnection& connection) {
  if (!connection.is_open()) return closed();
  MS_TRY(const sqlite::SqlSchema schema, sqlite::read_sql_schema(connection.handle()));
  Checkup checkup;
  for (const sqlite::SqlTable& table : schema.tables) {
    if (table.is_virtual) continue;
    MS_TRY(const Value rows,
           sqlite::value_of_raw(connection.handle(), fmt::format("SELECT count(*) FROM {}",
                                                                 sqlite::quoted_name(table.name))));
    checkup.tables.push_back(
        {table.name, rows.is_integer() ? static_cast<std::uint64_t>(rows.as_integer()) : 0});
    if (table.indexes.empty()) checkup.without_index.push_back(table.name);
    for (const sqlite::SqlForeignKey& key : table.foreign_keys) {
      if (has_index_for(table, key)) continue;
      checkup.bare_foreign_keys.push_back(
          fmt::format("{}({})", table.name, fmt::join(key.from, ", ")));
    }
  }
  MS_TRY(const Value stat,
         sqlite::value_of_raw(connection.handle(),
                              "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'"));
  checkup.is_analysed = !stat.is_null();
  MS_TRY(const Value page, sqlite::value_of_raw(connection.handle(), "PRAGMA page_size"));
  std::error_code failure;
  const std::uintmax_t wal = fs::file_size(connection.path() + "-wal", failure);
  if (!failure && page.is_integer() && page.as_integer() > 0) {
    checkup.wal_frames = wal / (static_cast<std::uint64_t>(page.as_integer()) + kFrameHeaderBytes);
  }
  return checkup;
}

}  // namespace moonstone::store
