// Moonstone. Licence: see LICENSE.
// What a database lacks of its schema, and the files and changes that bring it there.
#include "store/migrations.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/sqlite/internal/migration_files.h"
#include "store/sqlite/internal/migration_script.h"
#include "store/sqlite/internal/migration_time.h"
#include "store/sqlite/internal/model_diff.h"
#include "store/sqlite/internal/sql_text.h"

namespace moonstone::store {

namespace {

Error closed() {
  return {ErrorCode::FailedPrecondition, "the connection is closed", "closed"};
}

/// `-- DROP TABLE IF EXISTS "x";` stands in one of the files already.
bool is_mentioned(const std::vector<sqlite::MigrationFileText>& files, const std::string& name) {
  const std::string drop = fmt::format(" IF EXISTS {};", sqlite::quoted_name(name));
  return std::ranges::any_of(
      files, [&](const auto& file) { return file.text.find(drop) != std::string::npos; });
}

/// Whether there is something that a file could say.
Result<bool> is_worth_a_file(const MigrationPlace& place, const SchemaGap& gap) {
  if (!gap.is_in_sync()) return true;
  if (gap.unknown.empty()) return false;
  MS_TRY(const auto files, sqlite::read_migration_files(place.folder));
  return std::ranges::any_of(gap.unknown,
                             [&](const std::string& name) { return !is_mentioned(files, name); });
}

std::string header_of(const SchemaGap& gap, std::int64_t unix_ms) {
  std::string out = "-- Litestone migration\n";
  out += fmt::format("-- Created:   {}\n-- Changes:\n", sqlite::iso_time(unix_ms));
  for (const std::string& line : gap.summary)
    out += fmt::format("--{}\n", line);
  return out + "\n";
}

}  // namespace

std::string migration_slug(std::string_view label) {
  std::string slug;
  for (char c : label) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool is_kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_kept) {
      slug += c;
    } else if (!slug.ends_with('_')) {
      slug += '_';
    }
  }
  if (slug.starts_with('_')) slug.erase(0, 1);
  if (slug.ends_with('_')) slug.pop_back();
  return slug.empty() ? "migration" : slug;
}

Result<SchemaGap> find_schema_gap(const MigrationPlace& place, const schema::Catalog& catalog) {
  if (!place.connection.is_open()) return closed();
  MS_TRY(sqlite::ModelDiff diff,
         sqlite::diff_models(place.connection.handle(), catalog, place.database));
  SchemaGap gap{.summary = std::move(diff.summary),
                .sql = {},
                .blocked = std::move(diff.blocked),
                .unknown = std::move(diff.unknown),
                .statement_count = diff.statement_count()};
  if (!diff.lines.empty()) gap.sql = diff.script();
  return gap;
}

Result<CreatedMigration> create_migration(const MigrationPlace& place,
                                          const schema::Catalog& catalog,
                                          std::string_view label,
                                          Clock& clock,
                                          MigrationFile mode) {
  MS_TRY(SchemaGap gap, find_schema_gap(place, catalog));
  MS_TRY(const bool is_worth, is_worth_a_file(place, gap));
  CreatedMigration created;
  if (!is_worth) {
    created.message = place.prefix + "schema is already in sync — no migration needed";
    return created;
  }
  const std::int64_t now = clock.unix_ms();
  created.created = true;
  created.name = fmt::format("{}_{}.sql", sqlite::local_stamp(now), migration_slug(label));
  created.path = fmt::format("{}/{}", place.folder, created.name);
  created.sql = header_of(gap, now) + gap.sql;
  for (const std::string& line : gap.summary)
    created.summary.push_back(place.prefix + line);
  if (mode == MigrationFile::Write) {
    MS_TRY_STATUS(sqlite::write_new_file(created.path, created.sql));
  }
  return created;
}

Result<Verification> verify_schema(const MigrationPlace& place, const schema::Catalog& catalog) {
  Verification out;
  MS_TRY(out.gap, find_schema_gap(place, catalog));
  MS_TRY(const std::vector<MigrationStatus> status, migration_status(place));
  for (const MigrationStatus& file : status) {
    if (file.state == MigrationState::Pending) out.pending.push_back(file.file);
  }
  if (!out.pending.empty()) {
    out.state = Verification::State::Pending;
    out.message = fmt::format("{}{} {} not yet applied", place.prefix, out.pending.size(),
                              out.pending.size() == 1 ? "migration" : "migrations");
  } else if (!out.gap.is_in_sync()) {
    out.state = Verification::State::Drift;
    out.message = place.prefix + "⚠  live db has drifted from schema.lite";
  } else {
    out.message = place.prefix + "✓ schema is in sync";
  }
  return out;
}

Result<AutoMigration> auto_migrate(const MigrationPlace& place, const schema::Catalog& catalog) {
  MS_TRY(SchemaGap gap, find_schema_gap(place, catalog));
  AutoMigration out;
  if (gap.is_in_sync()) return out;
  if (!gap.blocked.empty()) {
    out.state = AutoMigration::State::Skipped;
    out.reason =
        fmt::format("{}{} required without a default, and the table has rows",
                    fmt::join(gap.blocked, ", "), gap.blocked.size() == 1 ? " is" : " are");
    return out;
  }
  MS_TRY_STATUS(sqlite::run_migration_script(place.connection.handle(), gap.sql, ok));
  out.state = AutoMigration::State::Migrated;
  out.applied = gap.statement_count;
  out.sql = std::move(gap.sql);
  return out;
}

}  // namespace moonstone::store
