// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/migration_files.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/encoding.h"
#include "store/migrations.h"
#include "store/sqlite/internal/raw_sql.h"

namespace moonstone::store::sqlite {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kStampDigits = 14;
constexpr std::size_t kChecksumDigits = 16;
constexpr std::string_view kScriptChecksum = "js-migration";

constexpr std::string_view kTable =
    "CREATE TABLE IF NOT EXISTS \"_litestone_migrations\" ("
    "id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, applied_at TEXT NOT NULL, "
    "checksum TEXT NOT NULL)";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_slug_byte(char c) {
  return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_' || c == '-';
}

Result<std::string> read_text(const std::string& path) {
  std::error_code failure;
  const auto size = fs::file_size(path, failure);
  if (!failure && size > kMigrationBytesMax) {
    return Error(ErrorCode::LimitExceeded, fmt::format("{} is too big for a migration", path));
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (failure || !in) {
    return Error(ErrorCode::Unavailable, fmt::format("cannot read {}", path), "io_error");
  }
  return std::move(text).str();
}

}  // namespace

bool is_migration_name(std::string_view name) {
  if (!name.ends_with(".sql") && !name.ends_with(".js")) return false;
  const std::string_view stem = name.substr(0, name.rfind('.'));
  return stem.size() > kStampDigits + 1 && stem[kStampDigits] == '_' &&
         std::ranges::all_of(stem.substr(0, kStampDigits), is_digit) &&
         std::ranges::all_of(stem.substr(kStampDigits + 1), is_slug_byte);
}

Result<std::vector<MigrationFileText>> read_migration_files(const std::string& folder) {
  std::vector<MigrationFileText> files;
  std::error_code failure;
  if (!fs::exists(folder, failure)) return files;
  fs::directory_iterator entries(folder, failure);
  for (; !failure && entries != fs::directory_iterator(); entries.increment(failure)) {
    std::string name = entries->path().filename().string();
    if (is_migration_name(name)) {
      files.push_back({.name = std::move(name), .path = entries->path().string(), .text = {}});
    }
  }
  if (failure) {
    return Error(ErrorCode::Unavailable,
                 fmt::format("cannot read the folder {}: {}", folder, failure.message()),
                 "io_error");
  }
  std::ranges::sort(files, {}, &MigrationFileText::name);
  for (MigrationFileText& file : files) {
    MS_TRY(file.text, read_text(file.path));
  }
  return files;
}

Status write_new_file(const std::string& path, std::string_view text) {
  std::error_code failure;
  fs::create_directories(fs::path(path).parent_path(), failure);
  if (fs::exists(path, failure)) {
    return Error(ErrorCode::AlreadyExists, fmt::format("{} exists already", path));
  }
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.flush();
  if (out) return {};
  return Error(ErrorCode::Unavailable, fmt::format("cannot write {}", path), "io_error");
}

std::string checksum_of(const MigrationFileText& file) {
  if (file.is_script()) return std::string(kScriptChecksum);
  return to_hex(sha256(file.text)).substr(0, kChecksumDigits);
}

Result<std::vector<MigrationRecord>> read_migration_records(sqlite3* db) {
  std::vector<MigrationRecord> records;
  MS_TRY(const Value table,
         value_of_raw(db, "SELECT name FROM sqlite_schema WHERE name = '_litestone_migrations'"));
  if (table.is_null()) return records;
  MS_TRY(const SqlRows rows, query_raw(db,
                                       "SELECT name, applied_at, checksum FROM "
                                       "\"_litestone_migrations\" ORDER BY name"));
  for (const std::vector<Value>& row : rows.rows) {
    const bool is_text = std::ranges::all_of(row, [](const Value& v) { return v.is_text(); });
    if (is_text) records.push_back({row[0].as_text(), row[1].as_text(), row[2].as_text()});
  }
  return records;
}

Status make_migration_table(sqlite3* db) {
  return run_raw(db, kTable);
}

Status write_migration_record(sqlite3* db, const MigrationRecord& record) {
  const std::array<Value, 3> values = {record.name, record.applied_at, record.checksum};
  MS_TRY_STATUS(query_raw(db,
                          "INSERT INTO \"_litestone_migrations\" (name, applied_at, checksum) "
                          "VALUES (?, ?, ?)",
                          values));
  return {};
}

}  // namespace moonstone::store::sqlite
