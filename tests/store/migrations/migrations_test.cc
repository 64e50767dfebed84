// Moonstone. Licence: see LICENSE.
#include "store/migrations.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/store/migrations/support.h"

namespace moonstone::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::SizeIs;

constexpr std::string_view kUser = "model User {\n id Int @id\n name String\n}\n";
/// 2026-02-01T10:00:00.123Z
constexpr std::int64_t kNow = 1'769'940'000'123;

class MigrationsTest : public testing::Test {
 protected:
  MigrationPlace place() {
    return {.connection = database_.connection(), .folder = folder_.file("migrations")};
  }
  void write(const std::string& name, std::string_view text) {
    std::filesystem::create_directories(folder_.file("migrations"));
    std::ofstream(folder_.file("migrations/" + name)) << text;
  }
  CreatedMigration create(std::string_view schema, std::string_view label) {
    auto created = create_migration(place(), *catalog_of(schema), label, clock_);
    EXPECT_TRUE(created) << message_of(created);
    return created.value_or(CreatedMigration());
  }
  ApplyOutcome apply(MigrationScripts* scripts = nullptr) {
    auto outcome = apply_migrations(place(), clock_, scripts);
    EXPECT_TRUE(outcome) << message_of(outcome);
    return outcome.value_or(ApplyOutcome());
  }
  std::vector<MigrationStatus> status() {
    auto found = migration_status(place());
    EXPECT_TRUE(found) << message_of(found);
    return found.value_or(std::vector<MigrationStatus>());
  }
  Verification verify(std::string_view schema) {
    auto found = verify_schema(place(), *catalog_of(schema));
    EXPECT_TRUE(found) << message_of(found);
    return found.value_or(Verification());
  }

  TemporaryFolder folder_;
  Database database_;
  ManualClock clock_{kNow};
};

TEST_F(MigrationsTest, CreateWritesAFileWithItsHeader) {
  const CreatedMigration created = create(kUser, "Add users!");
  ASSERT_TRUE(created.created);
  EXPECT_THAT(created.name, MatchesRegex("[0-9]{14}_add_users\\.sql"));
  EXPECT_THAT(created.summary, ElementsAre("  + User  (new table)"));
  std::stringstream text;
  text << std::ifstream(created.path).rdbuf();
  EXPECT_EQ(text.str(), created.sql);
  EXPECT_EQ(created.sql,
            "-- Litestone migration\n"
            "-- Created:   2026-02-01T10:00:00.123Z\n"
            "-- Changes:\n"
            "--  + User  (new table)\n"
            "\n"
            "PRAGMA foreign_keys = OFF;\n"
            "BEGIN;\n"
            "\n"
            "CREATE TABLE IF NOT EXISTS \"user\" (\n"
            "  \"id\" INTEGER NOT NULL PRIMARY KEY,\n"
            "  \"name\" TEXT NOT NULL\n"
            ") STRICT;\n"
            "\n"
            "COMMIT;\n"
            "PRAGMA foreign_keys = ON;\n");
  EXPECT_EQ(to_value(created).as_object().find("filePath")->as_text(), created.path);
}

TEST_F(MigrationsTest, CreateDoesNotOverwriteAFileOfTheSameSecond) {
  create(kUser, "a");
  const auto again = create_migration(place(), *catalog_of(kUser), "a", clock_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::AlreadyExists);
}

TEST_F(MigrationsTest, ADryRunWritesNothing) {
  const auto planned =
      create_migration(place(), *catalog_of(kUser), "x", clock_, MigrationFile::DryRun);
  ASSERT_TRUE(planned);
  EXPECT_TRUE(planned->created);
  EXPECT_FALSE(std::filesystem::exists(folder_.file("migrations")));
}

TEST_F(MigrationsTest, LabelsBecomeNamesOfFiles) {
  EXPECT_EQ(migration_slug("Add  users -- twice"), "add_users_twice");
  EXPECT_EQ(migration_slug("__x__"), "x");
  EXPECT_EQ(migration_slug("äö"), "migration");
  EXPECT_EQ(migration_slug(""), "migration");
}

TEST_F(MigrationsTest, ARoundEndsInSync) {
  create(kUser, "first");
  EXPECT_EQ(verify(kUser).state, Verification::State::Pending);
  EXPECT_EQ(verify(kUser).message, "1 migration not yet applied");
  const ApplyOutcome outcome = apply();
  ASSERT_THAT(outcome.applied, SizeIs(1));
  EXPECT_TRUE(outcome.applied.front().ok) << outcome.applied.front().error;
  EXPECT_EQ(outcome.pending, 1U);
  EXPECT_EQ(verify(kUser).message, "✓ schema is in sync");
  EXPECT_EQ(create(kUser, "again").message, "schema is already in sync — no migration needed");
  EXPECT_EQ(apply().message, "✓ all migrations already applied");
  EXPECT_EQ(database_.rows("SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'"),
            "[1]\n");
  database_.run("ALTER TABLE user ADD COLUMN extra TEXT");
  const Verification drift = verify(kUser);
  EXPECT_EQ(drift.message, "⚠  live db has drifted from schema.lite");
  EXPECT_THAT(drift.gap.summary, testing::Contains("      - col  extra"));
}

TEST_F(MigrationsTest, WithoutFilesThereIsNothingToApply) {
  EXPECT_EQ(to_json(to_value(apply())),
            R"({"applied":[],"pending":0,"message":"no migration files found"})");
  write("20260101000000_.sql", "SELECT 1");
  write("notes.sql", "SELECT 1");
  write("20260101000000_Upper.sql", "SELECT 1");
  EXPECT_EQ(apply().message, "no migration files found");
}

TEST_F(MigrationsTest, FilesRunInTheOrderOfTheirNamesAndAreRecorded) {
  write("20260102000000_b.sql", "INSERT INTO a VALUES (2);");
  write("20260101000000_a-with-hyphen.sql",
        "-- makes a\nCREATE TABLE a (n); INSERT INTO a VALUES (1)");
  EXPECT_THAT(apply().applied, SizeIs(2));
  EXPECT_EQ(database_.rows("SELECT n FROM a"), "[1]\n[2]\n");
  EXPECT_EQ(
      database_.rows("SELECT id, name, applied_at, length(checksum) FROM _litestone_migrations"),
      "[1,\"20260101000000_a-with-hyphen.sql\",\"2026-02-01T10:00:00.123Z\",16]\n"
      "[2,\"20260102000000_b.sql\",\"2026-02-01T10:00:00.123Z\",16]\n");
}

TEST_F(MigrationsTest, AFileThatFailsLeavesNothingAndStopsTheRest) {
  write("20260101000000_a.sql", "CREATE TABLE a (n)");
  write("20260102000000_b.sql",
        "BEGIN; CREATE TABLE b (n); COMMIT; PRAGMA foreign_keys = OFF; INSERT INTO nowhere VALUES "
        "(1);");
  write("20260103000000_c.sql", "CREATE TABLE c (n)");
  const ApplyOutcome outcome = apply();
  ASSERT_THAT(outcome.applied, SizeIs(2));
  EXPECT_TRUE(outcome.has_failed());
  EXPECT_EQ(outcome.applied.back().error, "statement 5: no such table: nowhere");
  EXPECT_EQ(to_json(to_value(outcome)),
            R"({"applied":[{"file":"20260101000000_a.sql","ok":true,"elapsed":"0"},)"
            R"({"file":"20260102000000_b.sql","ok":false,)"
            R"("error":"statement 5: no such table: nowhere"}],)"
            R"("pending":3,"failed":"20260102000000_b.sql",)"
            R"("error":"statement 5: no such table: nowhere"})");
  EXPECT_EQ(database_.rows("SELECT name FROM sqlite_schema WHERE name IN ('a', 'b', 'c')"),
            "[\"a\"]\n");
  EXPECT_EQ(database_.rows("PRAGMA foreign_keys"), "[1]\n");
  EXPECT_FALSE(database_.connection().in_transaction());
  write("20260102000000_b.sql", "CREATE TABLE b (n)");
  EXPECT_THAT(apply().applied, SizeIs(2));
}

TEST_F(MigrationsTest, ForeignKeysAreCheckedBeforeCommit) {
  database_.run(
      "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p (id));"
      "PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (7); PRAGMA foreign_keys = ON");
  write("20260101000000_a.sql", "PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (8);");
  const ApplyOutcome outcome = apply();
  ASSERT_TRUE(outcome.has_failed());
  EXPECT_THAT(outcome.applied.back().error, HasSubstr("c row 2 refers to p"));
  EXPECT_EQ(database_.rows("SELECT p FROM c"), "[7]\n");
  write("20260101000000_a.sql", "PRAGMA foreign_keys = 0; UPDATE p SET id = id;");
  EXPECT_FALSE(apply().has_failed());  // what was wrong before is nobody's fault
}

TEST_F(MigrationsTest, RollbackIsRefusedAndVacuumRunsBehindTheTransaction) {
  write("20260101000000_a.sql", "CREATE TABLE a (n); VACUUM;");
  EXPECT_FALSE(apply().has_failed());
  write("20260102000000_b.sql", "CREATE TABLE b (n); ROLLBACK;");
  EXPECT_THAT(apply().applied.back().error, HasSubstr("ROLLBACK"));
}

TEST_F(MigrationsTest, NothingRunsInsideATransactionOfTheConnection) {
  write("20260101000000_a.sql", "CREATE TABLE a (n)");
  database_.run("BEGIN");
  EXPECT_THAT(apply().applied.back().error, HasSubstr("transaction"));
}

TEST_F(MigrationsTest, StatusTellsFilesThatWereChangedOrAreGone) {
  write("20260101000000_a.sql", "CREATE TABLE a (n)");
  write("20260102000000_b.sql", "CREATE TABLE b (n)");
  apply();
  write("20260101000000_a.sql", "CREATE TABLE a (n, m)");
  std::filesystem::remove(folder_.file("migrations/20260102000000_b.sql"));
  write("20260103000000_c.js", "export const up = () => {}");
  EXPECT_EQ(to_json(to_value(status())),
            R"j([{"file":"20260101000000_a.sql","state":"modified",)j"
            R"j("applied_at":"2026-02-01T10:00:00.123Z","tampered":true,)j"
            R"j("sql":"CREATE TABLE a (n, m)"},)j"
            R"j({"file":"20260103000000_c.js","state":"pending","applied_at":null,)j"
            R"j("tampered":false,"sql":null},)j"
            R"j({"file":"20260102000000_b.sql","state":"orphaned",)j"
            R"j("applied_at":"2026-02-01T10:00:00.123Z","tampered":false,"sql":null}])j");
}

TEST_F(MigrationsTest, StatusAsksAndChangesNothing) {
  write("20260101000000_a.sql", "CREATE TABLE a (n)");
  EXPECT_EQ(status().front().state, MigrationState::Pending);
  EXPECT_EQ(database_.rows("SELECT count(*) FROM sqlite_schema"), "[0]\n");
}

class Host final : public MigrationScripts {
 public:
  Status run(const MigrationRun::Script& script) override {
    ran.push_back(script.file);
    return fails ? Status(Error(ErrorCode::InvalidArgument, "it throws")) : ok();
  }
  std::vector<std::string> ran;
  bool fails = false;
};

TEST_F(MigrationsTest, ScriptsRunInTheirTurn) {
  write("20260101000000_a.sql", "CREATE TABLE a (n)");
  write("20260102000000_b.js", "export function up() {}");
  write("20260103000000_c.sql", "CREATE TABLE c (n)");
  const ApplyOutcome without = apply();
  EXPECT_THAT(without.applied.back().error, HasSubstr("client"));
  Host host;
  host.fails = true;
  EXPECT_EQ(apply(&host).applied.back().error, "it throws");
  host.fails = false;
  EXPECT_THAT(apply(&host).applied, SizeIs(2));
  EXPECT_THAT(host.ran, ElementsAre("20260102000000_b.js", "20260102000000_b.js"));
  EXPECT_EQ(database_.rows("SELECT checksum FROM _litestone_migrations WHERE name LIKE '%.js'"),
            "[\"js-migration\"]\n");
  write("20260102000000_b.js", "changed");
  EXPECT_EQ(status()[1].state, MigrationState::Applied);
}

TEST_F(MigrationsTest, SeveralDatabasesHaveTheirOwnModelsFoldersAndMessages) {
  const std::string schema =
      "database main { path \"a.db\" }\ndatabase logs { path \"b.db\" }\n"
      "model User { id Int @id }\nmodel Entry { id Int @id\n @@db(logs) }";
  const MigrationPlace logs{.connection = database_.connection(),
                            .folder = folder_.file("migrations/logs"),
                            .database = "logs",
                            .prefix = "logs: "};
  const schema::CatalogPtr catalog = catalog_in("logs", schema);
  const auto created = create_migration(logs, *catalog, "x", clock_);
  ASSERT_TRUE(created) << message_of(created);
  EXPECT_THAT(created->summary, ElementsAre("logs:   + Entry  (new table)"));
  ASSERT_TRUE(apply_migrations(logs, clock_));
  EXPECT_EQ(verify_schema(logs, *catalog)->message, "logs: ✓ schema is in sync");
  EXPECT_EQ(apply_migrations(logs, clock_)->message, "logs: ✓ all migrations already applied");
}

TEST_F(MigrationsTest, AFileNamesAnUnknownTableOnce) {
  database_.migrate(kUser);
  database_.run("CREATE TABLE old (x)");
  const CreatedMigration created = create(kUser, "drop");
  ASSERT_TRUE(created.created);
  EXPECT_THAT(created.sql, HasSubstr("-- DROP TABLE IF EXISTS \"old\";"));
  EXPECT_FALSE(apply().has_failed());
  EXPECT_FALSE(create(kUser, "again").created);
  EXPECT_EQ(verify(kUser).state, Verification::State::InSync);
  EXPECT_EQ(database_.rows("SELECT count(*) FROM old"), "[0]\n");
}

TEST_F(MigrationsTest, AutoMigrationSaysWhatItDid) {
  const AutoMigration first = database_.migrate(kUser);
  EXPECT_EQ(first.state, AutoMigration::State::Migrated);
  EXPECT_EQ(first.applied, 1U);
  EXPECT_EQ(to_json(to_value(database_.migrate(kUser))), R"({"state":"in-sync","applied":0})");
}

TEST_F(MigrationsTest, ModelsInACircleAreRefused) {
  const auto gap = find_schema_gap(
      place(),
      *catalog_of(
          "model A {\n id Int @id\n bId Int\n b B @relation(fields: [bId], references: [id])\n}\n"
          "model B {\n id Int @id\n aId Int\n a A @relation(fields: [aId], references: [id])\n}"));
  EXPECT_THAT(message_of(gap), HasSubstr("Circular foreign key reference"));
}

}  // namespace
}  // namespace moonstone::store
