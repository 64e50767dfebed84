// Moonstone. Licence: see LICENSE.
#pragma once
// The files of a folder of migrations, and the records of those that ran.
// Threads: pure, but for the disk and the handle. Source: litestone.md 35.1, 35.2.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct sqlite3;

namespace moonstone::store::sqlite {

struct MigrationFileText {
  std::string name;
  std::string path;
  std::string text;
  [[nodiscard]] bool is_script() const { return name.ends_with(".js"); }
};

/// Whether a file of that name is a migration.
[[nodiscard]] bool is_migration_name(std::string_view name);

/// By name; none if there is no such folder. Errors: Unavailable, LimitExceeded.
[[nodiscard]] Result<std::vector<MigrationFileText>> read_migration_files(
    const std::string& folder);
/// Errors: AlreadyExists, Unavailable. Makes the folder.
[[nodiscard]] Status write_new_file(const std::string& path, std::string_view text);

/// What is recorded of a file: of SQL the first 16 hexadecimal digits of its SHA-256.
[[nodiscard]] std::string checksum_of(const MigrationFileText& file);

struct MigrationRecord {
  std::string name;
  std::string applied_at;
  std::string checksum;
};
/// By name; none if the table is not there yet.
[[nodiscard]] Result<std::vector<MigrationRecord>> read_migration_records(sqlite3* db);
[[nodiscard]] Status make_migration_table(sqlite3* db);
[[nodiscard]] Status write_migration_record(sqlite3* db, const MigrationRecord& record);

}  // namespace moonstone::store::sqlite
