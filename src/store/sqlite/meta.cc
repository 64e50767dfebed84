// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/meta.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/json.h"
#include "schema/lite/catalog.h"

namespace moonstone::store::sqlite {

namespace {

// "Moon": tells file(1) and people whose database this is.
constexpr std::int64_t kApplicationId = 0x4d6f6f6e;

constexpr std::string_view kCreateTables = R"sql(
CREATE TABLE _moonstone_meta(
  only INTEGER PRIMARY KEY CHECK(only=1),
  format INTEGER NOT NULL,
  version INTEGER NOT NULL,
  schema_version INTEGER NOT NULL,
  schema_json TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  bundle_hash TEXT
) STRICT;
CREATE TABLE _moonstone_log(
  seq INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  namespace TEXT NOT NULL,
  tbl TEXT NOT NULL,
  key TEXT NOT NULL,
  op INTEGER NOT NULL,
  old TEXT,
  new TEXT,
  origin TEXT,
  time INTEGER NOT NULL
) STRICT;
CREATE TABLE _moonstone_clients(
  client TEXT PRIMARY KEY,
  ledger TEXT NOT NULL,
  used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

Status create_tables(Connection& connection, const SqliteOptions& options) {
  MS_TRY(const std::int64_t tables,
         connection.integer_of("SELECT count(*) FROM sqlite_schema", "look at the file"));
  if (tables > 0 && options.foreign_file == ForeignFile::Refuse) {
    return Error(ErrorCode::FailedPrecondition,
                 fmt::format("{} is an SQLite database, but not one of Moonstone's. Choose another "
                             "file",
                             options.path),
                 "foreign_file");
  }
  MS_TRY_STATUS(connection.run_once("BEGIN IMMEDIATE", "begin"));
  const std::string schema = to_json(schema::schema_to_stored_json(schema::Schema()));
  auto created = [&]() -> Status {
    MS_TRY_STATUS(connection.run_once(kCreateTables, "create the tables of Moonstone"));
    MS_TRY(Statement insert,
           connection.prepare("INSERT INTO _moonstone_meta VALUES(1,?1,0,0,?2,1,NULL)"));
    insert.bind_integer(1, kFormat);
    insert.bind_text(2, schema);
    MS_TRY_STATUS(insert.run("create the tables of Moonstone"));
    // A file of somebody else stays theirs.
    if (tables == 0) {
      MS_TRY_STATUS(connection.run_once(fmt::format("PRAGMA application_id={}", kApplicationId),
                                        "mark the file"));
    }
    return connection.run_once("COMMIT", "commit");
  }();
  if (!created && connection.in_transaction()) {
    connection.run_once("ROLLBACK", "roll back").ignore("the first error is the one to report");
  }
  return created;
}

/// Format 1 wrote the version with every commit, and kept an index of the log that nobody read.
Status upgrade_file(Connection& connection) {
  constexpr std::string_view kDoing = "bring the file to the new format";
  MS_TRY_STATUS(connection.run_once("BEGIN IMMEDIATE", kDoing));
  Status upgraded = connection.run_once("DROP INDEX IF EXISTS _moonstone_log_by_table", kDoing);
  if (upgraded) {
    upgraded = connection.run_once(
        fmt::format("UPDATE _moonstone_meta SET format={}; COMMIT", kFormat), kDoing);
  }
  if (!upgraded && connection.in_transaction()) {
    connection.run_once("ROLLBACK", "roll back").ignore("the first error is the one to report");
  }
  return upgraded;
}

}  // namespace

Status prepare_file(Connection& connection, const SqliteOptions& options) {
  const std::string& path = options.path;
  constexpr std::string_view kLook =
      "SELECT count(*) FROM sqlite_schema WHERE type='table' AND name='_moonstone_meta'";
  MS_TRY(const std::int64_t found, connection.integer_of(kLook, fmt::format("read {}", path)));
  if (found == 0) return create_tables(connection, options);
  MS_TRY(const std::int64_t format,
         connection.integer_of("SELECT format FROM _moonstone_meta", "read the format"));
  if (format > kFormat) {
    return Error(ErrorCode::FailedPrecondition,
                 fmt::format("{} was written by a newer Moonstone (format {}; this one reads up to "
                             "{}). Use the newer program",
                             path, format, kFormat),
                 "newer_format");
  }
  return format < kFormat ? upgrade_file(connection) : Status();
}

Result<std::string> load_secret(Connection& connection) {
  constexpr std::string_view kDoing = "read the secret of the database";
  MS_TRY_STATUS(connection.run_once(
      "CREATE TABLE IF NOT EXISTS _moonstone_secret(only INTEGER PRIMARY KEY CHECK(only=1),secret "
      "BLOB NOT NULL) STRICT",
      kDoing));
  MS_TRY(Statement select, connection.prepare("SELECT secret FROM _moonstone_secret"));
  MS_TRY(const bool has_row, select.step(kDoing));
  if (has_row) return std::string(select.text(0));
  select.reset();
  std::string secret;
  for (std::size_t i = 0; i < kSecretBytes / sizeof(std::uint64_t); ++i) {
    const std::uint64_t random = system_random().next();
    secret.append(reinterpret_cast<const char*>(&random), sizeof(random));
  }
  MS_TRY(Statement insert, connection.prepare("INSERT INTO _moonstone_secret VALUES(1,?1)"));
  insert.bind_blob(1, secret);
  MS_TRY_STATUS(insert.run(kDoing));
  return secret;
}

Result<SnapshotInfo> read_snapshot_info(Connection& connection) {
  MS_TRY(Statement select,
         connection.prepare("SELECT max(version,coalesce((SELECT version FROM _moonstone_log ORDER "
                            "BY seq DESC LIMIT 1),0)),schema_version,epoch FROM _moonstone_meta"));
  MS_TRY(const bool has_row, select.step("read the state of the database"));
  if (!has_row) return Error(ErrorCode::Corruption, "_moonstone_meta is empty", "corrupt");
  return SnapshotInfo{.version = static_cast<Version>(select.integer(0)),
                      .schema_version = static_cast<std::uint64_t>(select.integer(1)),
                      .epoch = static_cast<std::uint64_t>(select.integer(2))};
}

Result<schema::Schema> read_schema(Connection& connection, const LoadCatalog& load_catalog) {
  MS_TRY(Statement select, connection.prepare("SELECT schema_json FROM _moonstone_meta"));
  MS_TRY(const bool has_row, select.step("read the schema"));
  if (!has_row) return Error(ErrorCode::Corruption, "_moonstone_meta is empty", "corrupt");
  auto json = parse_json(select.text(0));
  if (!json) {
    return Error(ErrorCode::Corruption, "the stored schema is damaged: " + json.error().message());
  }
  MS_TRY(schema::Schema documents, schema::parse_stored_schema_json(*json));
  const Value* const source = json->as_object().find(schema::kStoredCatalog);
  if (source == nullptr) return documents;
  MS_TRY(schema::CatalogPtr catalog,
         load_catalog ? load_catalog(*source) : lite::load_catalog(*source));
  MS_TRY(schema::Schema schema, schema::make_schema(std::move(catalog)));
  std::ranges::move(documents.tables, std::back_inserter(schema.tables));
  return schema;
}

Status write_version(Connection& connection, Version version) {
  MS_TRY(Statement update, connection.prepare("UPDATE _moonstone_meta SET version=?1"));
  update.bind_integer(1, static_cast<std::int64_t>(version));
  return update.run("write the version");
}

Status write_epoch(Connection& connection, std::uint64_t epoch) {
  MS_TRY(Statement update, connection.prepare("UPDATE _moonstone_meta SET epoch=?1"));
  update.bind_integer(1, static_cast<std::int64_t>(epoch));
  return update.run("write the epoch");
}

Status write_schema(Connection& connection,
                    const schema::Schema& schema,
                    std::uint64_t schema_version) {
  const std::string text = to_json(schema::schema_to_stored_json(schema));
  MS_TRY(Statement update,
         connection.prepare("UPDATE _moonstone_meta SET schema_version=?1,schema_json=?2"));
  update.bind_integer(1, static_cast<std::int64_t>(schema_version));
  update.bind_text(2, text);
  return update.run("write the schema");
}

}  // namespace moonstone::store::sqlite
