// Moonstone. Licence: see LICENSE.
// Each kind of change: what is said, what is done, and that every row stays.
#include "tests/store/migrations/support.h"

namespace moonstone::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kUser = "model User {\n id Int @id\n name String\n age Int?\n}\n";

/// Migrates from one schema to another with some rows between, and expects to be in sync then.
class ModelDiffTest : public testing::Test {
 protected:
  void start(std::string_view schema, std::string_view rows = "") {
    EXPECT_EQ(database_.migrate(schema).state, AutoMigration::State::Migrated);
    database_.run(rows);
  }

  SchemaGap change_to(std::string_view schema) {
    SchemaGap gap = database_.gap(schema);
    const AutoMigration outcome = database_.migrate(schema);
    EXPECT_EQ(outcome.state, AutoMigration::State::Migrated);
    EXPECT_EQ(outcome.applied, gap.statement_count);
    const SchemaGap rest = database_.gap(schema);
    EXPECT_TRUE(rest.is_in_sync()) << rest.sql;
    EXPECT_EQ(database_.rows("PRAGMA integrity_check"), "[\"ok\"]\n");
    EXPECT_EQ(database_.rows("PRAGMA foreign_keys"), "[1]\n");
    EXPECT_EQ(database_.rows("PRAGMA legacy_alter_table"), "[0]\n");
    return gap;
  }

  std::string rows(std::string_view sql) { return database_.rows(sql); }
  void run(std::string_view sql) { database_.run(sql); }

  Database database_;
};

TEST_F(ModelDiffTest, AFreshDatabaseGetsEveryTable) {
  const SchemaGap gap = change_to(std::string(kUser) + "model Post { id Int @id }");
  EXPECT_THAT(gap.summary, ElementsAre("  + User  (new table)", "  + Post  (new table)"));
  EXPECT_THAT(gap.sql, testing::StartsWith("PRAGMA foreign_keys = OFF;\nBEGIN;\n\n"
                                           "CREATE TABLE IF NOT EXISTS \"user\" ("));
  EXPECT_THAT(gap.sql, testing::EndsWith("COMMIT;\nPRAGMA foreign_keys = ON;\n"));
}

TEST_F(ModelDiffTest, ANullableColumnIsAdded) {
  start(kUser, "INSERT INTO user VALUES (1, 'Ada', 36)");
  const SchemaGap gap =
      change_to("model User {\n id Int @id\n name String\n nick String?\n age Int?\n}");
  EXPECT_THAT(gap.summary, ElementsAre("  ~ user  [alter]", "      + col  nick TEXT"));
  EXPECT_THAT(gap.sql, HasSubstr("ALTER TABLE \"user\" ADD COLUMN \"nick\" TEXT;"));
  EXPECT_EQ(rows("SELECT id, name, nick, age FROM user"), "[1,\"Ada\",null,36]\n");
}

TEST_F(ModelDiffTest, AColumnWithAConstantDefaultIsAdded) {
  start(kUser, "INSERT INTO user VALUES (1, 'Ada', 36)");
  const SchemaGap gap = change_to(
      "model User {\n id Int @id\n name String\n age Int?\n size Int @default(-1)\n"
      " tags String[]\n note String @default(\"it's\")\n twice Int @generated(\"{age} * 2\")\n}");
  EXPECT_THAT(gap.summary.front(), "  ~ user  [alter]");
  EXPECT_EQ(rows("SELECT size, tags, note, twice FROM user"), "[-1,\"[]\",\"it's\",72]\n");
}

TEST_F(ModelDiffTest, AnEnumAndAForeignKeyComeWithTheirColumn) {
  start(std::string(kUser) + "model Team { id Int @id }",
        "INSERT INTO user VALUES (1, 'Ada', 36); INSERT INTO team VALUES (5)");
  const SchemaGap gap = change_to(
      "enum Role { admin\n member }\n"
      "model User {\n id Int @id\n name String\n age Int?\n role Role @default(member)\n"
      " teamId Int?\n team Team? @relation(fields: [teamId], references: [id], onDelete: SetNull)\n"
      "}\nmodel Team { id Int @id }");
  EXPECT_THAT(gap.summary, ElementsAre("  ~ user  [alter]", "      + col  role TEXT",
                                       "      + col  teamId INTEGER"));
  run("UPDATE user SET teamId = 5; DELETE FROM team");
  EXPECT_EQ(rows("SELECT role, teamId FROM user"), "[\"member\",null]\n");
  EXPECT_EQ(reason_of(database_.connection().exec("UPDATE user SET role = 'boss'")), "check");
  EXPECT_EQ(reason_of(database_.connection().exec("UPDATE user SET teamId = 6")), "foreign_key");
}

TEST_F(ModelDiffTest, ADefaultThatIsAnExpressionRebuilds) {
  start(kUser, "INSERT INTO user VALUES (1, 'Ada', 36), (2, 'Lin', NULL)");
  const SchemaGap gap = change_to(
      "model User {\n id Int @id\n name String\n age Int?\n createdAt DateTime @default(now())\n}");
  EXPECT_THAT(gap.summary.front(), "  ~ user  [rebuild]");
  EXPECT_THAT(gap.sql, HasSubstr("INSERT INTO \"user__new\" (\"id\", \"name\", \"age\") "
                                 "SELECT \"id\", \"name\", \"age\" FROM \"user\";"));
  EXPECT_EQ(rows("SELECT id, name, age, createdAt LIKE '20%Z' FROM user"),
            "[1,\"Ada\",36,1]\n[2,\"Lin\",null,1]\n");
}

TEST_F(ModelDiffTest, ARequiredColumnWithoutDefaultIsBlockedByRows) {
  start(kUser, "INSERT INTO user VALUES (1, 'Ada', 36)");
  const std::string wanted = "model User {\n id Int @id\n name String\n nick String\n}";
  const SchemaGap gap = database_.gap(wanted);
  EXPECT_THAT(gap.blocked, ElementsAre("user.nick"));
  EXPECT_THAT(gap.summary,
              ElementsAre("  ~ user  [rebuild]", "      + col  nick TEXT  ⚠ NOT NULL no default",
                          "      - col  age"));
  EXPECT_THAT(gap.sql, HasSubstr("-- ALTER TABLE \"user\" ADD COLUMN \"nick\" TEXT NOT NULL;"));
  EXPECT_THAT(gap.sql, HasSubstr("-- BLOCKED\n"));
  EXPECT_EQ(gap.statement_count, 0U);
  const AutoMigration outcome = database_.migrate(wanted);
  EXPECT_EQ(outcome.state, AutoMigration::State::Skipped);
  EXPECT_EQ(outcome.reason, "user.nick is required without a default, and the table has rows");
  EXPECT_EQ(rows("SELECT * FROM user"), "[1,\"Ada\",36]\n");
}

TEST_F(ModelDiffTest, ARequiredColumnWithoutDefaultIsFineInAnEmptyTable) {
  start(kUser);
  change_to("model User {\n id Int @id\n name String\n nick String\n}");
}

TEST_F(ModelDiffTest, ARebuildKeepsRowsRowNumbersAndCascades) {
  const std::string child =
      "model Pet { id String @id\n owner User @relation(fields: [ownerId], references: [id], "
      "onDelete: Cascade)\n ownerId Int }\n";
  start(std::string(kUser) + child,
        "INSERT INTO user VALUES (1, 'Ada', 36), (2, 'Lin', NULL);"
        "INSERT INTO pet (rowid, id, ownerId) VALUES (10, 'b', 1), (20, 'a', 2)");
  change_to(
      "model User {\n id Int @id\n name String\n}\nmodel Pet { id String @id\n"
      " owner User @relation(fields: [ownerId], references: [id], onDelete: Cascade)\n"
      " ownerId Int\n name String?\n born DateTime @default(now()) }\n");
  EXPECT_EQ(rows("SELECT rowid, id, ownerId, name FROM pet ORDER BY rowid"),
            "[10,\"b\",1,null]\n[20,\"a\",2,null]\n");
  run("DELETE FROM user WHERE id = 1");
  EXPECT_EQ(rows("SELECT id FROM pet"), "[\"a\"]\n");
}

TEST_F(ModelDiffTest, AColumnThatBecomesRequiredTakesItsDefault) {
  start(kUser, "INSERT INTO user VALUES (1, 'Ada', NULL), (2, 'Lin', 7)");
  const SchemaGap gap =
      change_to("model User {\n id Int @id\n name String\n age Int @default(18)\n}");
  EXPECT_THAT(gap.summary,
              ElementsAre("  ~ user  [rebuild]", "      ~ col  age  notnull: false → true",
                          "      ~ col  age  default: null → 18"));
  EXPECT_EQ(rows("SELECT age FROM user"), "[18]\n[7]\n");
}

TEST_F(ModelDiffTest, ARowThatTheSchemaRefusesUndoesEverything) {
  start(kUser, "INSERT INTO user VALUES (1, 'Ada', NULL)");
  const auto outcome =
      auto_migrate({.connection = database_.connection(), .folder = {}},
                   *catalog_of("model New { id Int @id }\n"
                               "model User {\n id Int @id\n name String\n age Int\n}"));
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().message(), HasSubstr("NOT NULL constraint failed"));
  EXPECT_EQ(rows("SELECT name FROM sqlite_schema WHERE type = 'table'"), "[\"user\"]\n");
  EXPECT_EQ(rows("SELECT * FROM user"), "[1,\"Ada\",null]\n");
  EXPECT_EQ(rows("PRAGMA foreign_keys"), "[1]\n");
}

TEST_F(ModelDiffTest, TypesUniquesChecksKeysAndStrictnessRebuild) {
  start("model Thing {\n id Int @id\n code String\n size Int\n}",
        "INSERT INTO thing VALUES (1, '12', 3), (2, '13', 4)");
  const SchemaGap gap = change_to(
      "model Thing {\n id Int @id\n code Int @unique\n size Float @check(\"size > 0\")\n"
      " @@unique([code, size])\n @@noStrict\n}");
  EXPECT_THAT(
      gap.summary,
      ElementsAre("  ~ thing  [rebuild]", "      ~ col  code  type: TEXT → INTEGER",
                  "      ~ col  size  type: INTEGER → REAL", "      ~ unique constraints changed",
                  "      ~ check constraints changed", "      ~ strict mode changed"));
  EXPECT_EQ(rows("SELECT * FROM thing"), "[1,12,3]\n[2,13,4]\n");
  change_to("model Thing {\n id Int\n code Int @id\n size Float\n}");
}

TEST_F(ModelDiffTest, ForeignKeysThatChangeRebuild) {
  const auto schema = [](std::string_view action) {
    return "model A { id Int @id }\nmodel B {\n id Int @id\n aId Int\n"
           " a A @relation(fields: [aId], references: [id]" +
           std::string(action) + ")\n}";
  };
  start(schema(""));
  const SchemaGap gap = change_to(schema(", onDelete: Cascade"));
  EXPECT_THAT(gap.summary, ElementsAre("  ~ b  [rebuild]", "      ~ foreign keys changed"));
}

TEST_F(ModelDiffTest, IndexesComeAndGo) {
  start("model User {\n id Int @id\n a Int\n b Int\n @@index([a, b])\n}");
  const SchemaGap gap = change_to("model User {\n id Int @id\n a Int\n b Int\n @@index([b])\n}");
  EXPECT_THAT(gap.summary,
              ElementsAre("  ~ user  [alter]", "      + idx  (b)", "      - idx  idx_user_a_b"));
  EXPECT_EQ(rows("SELECT name FROM sqlite_schema WHERE type = 'index'"), "[\"idx_user_b\"]\n");
}

TEST_F(ModelDiffTest, TheOrderOfTheColumnsOfAnIndexMatters) {
  start("model User {\n id Int @id\n a Int\n b Int\n @@index([a, b])\n}");
  change_to("model User {\n id Int @id\n a Int\n b Int\n @@index([b, a])\n}");
}

TEST_F(ModelDiffTest, AUniqueIndexStandsForTheConstraint) {
  run("CREATE TABLE user (id INTEGER NOT NULL PRIMARY KEY, mail TEXT NOT NULL) STRICT;"
      "CREATE UNIQUE INDEX by_mail ON user (mail)");
  const SchemaGap gap = database_.gap("model User {\n id Int @id\n mail String @unique\n}");
  EXPECT_TRUE(gap.is_in_sync()) << gap.sql;
}

TEST_F(ModelDiffTest, SoftDeleteBringsItsPartialIndexes) {
  start("model Doc {\n id Int @id\n n Int\n deletedAt DateTime?\n @@index([n])\n}");
  const SchemaGap gap = change_to(
      "model Doc {\n id Int @id\n n Int\n deletedAt DateTime?\n @@index([n])\n @@softDelete\n}");
  EXPECT_THAT(gap.summary, testing::Contains(HasSubstr("where deletedat is null")));
  EXPECT_THAT(gap.summary, testing::Contains("      - idx  idx_doc_n"));
}

TEST_F(ModelDiffTest, ASearchIndexIsFilledWithTheRowsThatAreThere) {
  const auto schema = [](std::string_view more) {
    return "model Doc {\n id Int @id\n title String\n body String?\n deletedAt DateTime?\n"
           " @@softDelete\n" +
           std::string(more) + "}";
  };
  start(schema(""),
        "INSERT INTO doc VALUES (1, 'red fox', NULL, NULL), (2, 'red hen', NULL, '2026-01-01')");
  const SchemaGap gap = change_to(schema("@@fts([title])\n"));
  EXPECT_THAT(gap.summary, testing::Contains("  + doc_fts  (search index)"));
  EXPECT_EQ(rows("SELECT rowid FROM doc_fts WHERE doc_fts MATCH 'red'"), "[1]\n");
  run("INSERT INTO doc VALUES (3, 'red ant', 'small', NULL)");
  change_to(schema("@@fts([title, body])\n"));
  EXPECT_EQ(rows("SELECT rowid FROM doc_fts WHERE doc_fts MATCH 'red'"), "[1]\n[3]\n");
  EXPECT_EQ(rows("SELECT rowid FROM doc_fts WHERE doc_fts MATCH 'small'"), "[3]\n");
  run("UPDATE doc SET title = 'blue ant' WHERE id = 3");
  EXPECT_EQ(rows("SELECT rowid FROM doc_fts WHERE doc_fts MATCH 'red'"), "[1]\n");
  change_to(schema(""));
  run("UPDATE doc SET title = 'x'");
  EXPECT_EQ(rows("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'doc_fts%'"), "[0]\n");
}

TEST_F(ModelDiffTest, ARebuildKeepsSearchAndTriggersAlive) {
  start(
      "model Doc {\n id Int @id\n title String\n n Int?\n updatedAt DateTime @updatedAt\n "
      "@@fts([title])\n}",
      "INSERT INTO doc (id, title) VALUES (1, 'red fox')");
  run("CREATE TABLE noted (id); CREATE TRIGGER by_hand AFTER INSERT ON doc BEGIN "
      "INSERT INTO noted VALUES (NEW.id); END");
  change_to(
      "model Doc {\n id Int @id\n title String\n updatedAt DateTime @updatedAt\n "
      "@@fts([title])\n}");
  run("INSERT INTO doc (id, title) VALUES (2, 'red hen'); UPDATE doc SET title = 'hen' WHERE id = "
      "1");
  EXPECT_EQ(rows("SELECT rowid FROM doc_fts WHERE doc_fts MATCH 'red'"), "[2]\n");
  EXPECT_EQ(rows("SELECT rowid FROM doc_fts WHERE doc_fts MATCH 'hen' ORDER BY rowid"),
            "[1]\n[2]\n");
  EXPECT_EQ(rows("SELECT id FROM noted"), "[2]\n");
}

TEST_F(ModelDiffTest, TriggersThatAreMissingOrChangedComeBack) {
  const std::string schema =
      "model Doc {\n id Int @id\n title String\n updatedAt DateTime @updatedAt\n @@fts([title])\n}";
  start(schema, "INSERT INTO doc (id, title) VALUES (1, 'red fox')");
  run("DROP TRIGGER doc_fts_insert; INSERT INTO doc (id, title) VALUES (2, 'red hen');"
      "DROP TRIGGER doc_updatedAt; CREATE TRIGGER doc_updatedAt AFTER UPDATE ON doc BEGIN SELECT "
      "1; END");
  const SchemaGap gap = change_to(schema);
  EXPECT_THAT(gap.summary, testing::Contains("      + trigger  doc_fts_insert"));
  EXPECT_THAT(gap.summary, testing::Contains("      ~ trigger  doc_updatedAt"));
  EXPECT_EQ(rows("SELECT rowid FROM doc_fts WHERE doc_fts MATCH 'red' ORDER BY rowid"),
            "[1]\n[2]\n");
}

TEST_F(ModelDiffTest, JoinTablesAreMade) {
  start("model posts { id Int @id }\nmodel tags { id Int @id }");
  const SchemaGap gap = change_to(
      "model posts { id Int @id\n tags tags[] }\nmodel tags { id Int @id\n posts posts[] }");
  EXPECT_THAT(gap.summary, ElementsAre("  + _posts_tags  (new table)"));
}

TEST_F(ModelDiffTest, ViewsAreMadeChangedAndFollowTheirTables) {
  const auto schema = [](std::string_view where, std::string_view more) {
    return "model User {\n id Int @id\n age Int?\n" + std::string(more) +
           "}\nview Adults {\n id Int\n @@sql(\"SELECT id FROM user WHERE age > " +
           std::string(where) +
           "\")\n}\n"
           "view Ages {\n total Int\n @@sql(\"SELECT sum(age) AS total FROM user\")\n"
           " @@materialized\n @@refreshOn([User])\n}";
  };
  start(std::string_view("model User {\n id Int @id\n age Int?\n}"),
        "INSERT INTO user VALUES (1, 20), (2, 15)");
  const SchemaGap made = change_to(schema("17", ""));
  EXPECT_THAT(made.summary, testing::Contains("  + Adults  (new view)"));
  EXPECT_EQ(rows("SELECT id FROM adults"), "[1]\n");
  EXPECT_EQ(rows("SELECT total FROM ages"), "[35]\n");
  run("INSERT INTO user VALUES (3, 1)");
  EXPECT_EQ(rows("SELECT total FROM ages"), "[36]\n");
  const SchemaGap changed = change_to(schema("10", "born DateTime @default(now())\n"));
  EXPECT_THAT(changed.summary, testing::Contains("  ~ Adults  (view)"));
  EXPECT_EQ(rows("SELECT id FROM adults"), "[1]\n[2]\n");
  run("INSERT INTO user (id, age) VALUES (4, 4)");
  EXPECT_EQ(rows("SELECT total FROM ages"), "[40]\n");
}

TEST_F(ModelDiffTest, WhatTheSchemaDoesNotKnowIsNamedAndStays) {
  start(kUser);
  run("CREATE TABLE old (x); CREATE VIEW seen AS SELECT 1 AS one; CREATE TABLE _own (x);"
      "CREATE TABLE _litestone_x (y); CREATE TABLE _moonstone_x (y)");
  const SchemaGap gap = database_.gap(kUser);
  EXPECT_TRUE(gap.is_in_sync());
  EXPECT_THAT(gap.unknown, ElementsAre("old", "seen"));
  EXPECT_THAT(gap.summary,
              ElementsAre("  ? old  (in db, not in schema)", "  ? seen  (in db, not in schema)"));
  EXPECT_THAT(gap.sql, HasSubstr("-- DROP TABLE IF EXISTS \"old\";"));
  EXPECT_THAT(gap.sql, HasSubstr("-- DROP VIEW IF EXISTS \"seen\";"));
  EXPECT_EQ(database_.migrate(kUser).state, AutoMigration::State::InSync);
}

TEST_F(ModelDiffTest, ExternalTablesAreNeverTouched) {
  run("CREATE TABLE legacy (id INTEGER PRIMARY KEY, other TEXT)");
  const SchemaGap gap = database_.gap("model Legacy {\n id Int @id\n name String\n @@external\n}");
  EXPECT_TRUE(gap.is_in_sync()) << gap.sql;
  EXPECT_THAT(gap.unknown, IsEmpty());
}

TEST_F(ModelDiffTest, RowsThatReferToNothingAreFoundBeforeCommit) {
  start("model A { id Int @id }\nmodel B {\n id Int @id\n aId Int\n}",
        "INSERT INTO b VALUES (1, 99)");
  const auto outcome =
      auto_migrate({.connection = database_.connection(), .folder = {}},
                   *catalog_of("model A { id Int @id }\nmodel B {\n id Int @id\n aId Int\n"
                               " a A @relation(fields: [aId], references: [id])\n}"));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().reason(), "foreign_key");
  EXPECT_THAT(outcome.error().message(), HasSubstr("b row 1 refers to a"));
  EXPECT_THAT(rows("SELECT sql FROM sqlite_schema WHERE name = 'b'"), Not(HasSubstr("FOREIGN")));
}

}  // namespace
}  // namespace moonstone::store
