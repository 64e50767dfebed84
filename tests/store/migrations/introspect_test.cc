// Moonstone. Licence: see LICENSE.
#include "store/introspect.h"

#include "schema/lite/parse.h"
#include "tests/store/migrations/support.h"

namespace moonstone::store {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string introspect(Database& database, FieldNames names = FieldNames::CamelCase) {
  const auto text = generate_lite_schema(database.connection(), names);
  EXPECT_TRUE(text) << message_of(text);
  if (!text) return {};
  const lite::ParseResult parsed = lite::parse(*text);
  EXPECT_TRUE(parsed.valid) << (parsed.errors.empty() ? "" : parsed.errors.front().text) << *text;
  return *text;
}

/// The text without its header.
std::string body_of(const std::string& text) {
  const std::size_t first = text.find("\n\n");
  return first == std::string::npos ? text : text.substr(first + 2);
}

TEST(IntrospectTest, DescribesTablesOfOtherPrograms) {
  Database database;
  database.run(
      "CREATE TABLE user_accounts ("
      " id INTEGER PRIMARY KEY, first_name VARCHAR(40) NOT NULL DEFAULT 'it''s',"
      " email TEXT NOT NULL UNIQUE, is_admin BOOLEAN DEFAULT 0, score DOUBLE DEFAULT -1.5,"
      " photo BLOB, kind TEXT NOT NULL DEFAULT 'a' CHECK (kind IN ('a', 'b')),"
      " created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, deleted_at TEXT);"
      "CREATE TABLE addresses (id INTEGER PRIMARY KEY, city TEXT, owner_id INTEGER NOT NULL"
      " REFERENCES user_accounts ON DELETE CASCADE);"
      "CREATE INDEX cities ON addresses (city, owner_id);");
  EXPECT_EQ(body_of(introspect(database)),
            "enum UserAccountKind {\n  a\n  b\n}\n"
            "\nmodel UserAccount {\n"
            "  id Int @id\n"
            "  firstName String @default(\"it's\") @map(\"first_name\")\n"
            "  email String @unique\n"
            "  isAdmin Boolean? @default(false) @map(\"is_admin\")\n"
            "  score Float? @default(-1.5)\n"
            "  photo Bytes?\n"
            "  kind UserAccountKind @default(a)\n"
            "  createdAt DateTime @default(now()) @map(\"created_at\")\n"
            "  deletedAt DateTime? @map(\"deleted_at\")\n"
            "  @@softDelete\n"
            "  @@noStrict\n"
            "  @@map(\"user_accounts\")\n"
            "}\n"
            "\nmodel Address {\n"
            "  id Int @id\n"
            "  city String?\n"
            "  ownerId Int @map(\"owner_id\")\n"
            "  userAccount UserAccount @relation(fields: [ownerId], references: [id], onDelete: "
            "Cascade)\n"
            "  @@index([city, ownerId])\n"
            "  @@noStrict\n"
            "  @@map(\"addresses\")\n"
            "}\n");
}

TEST(IntrospectTest, KeepsNamesIfAsked) {
  Database database;
  database.run("CREATE TABLE t (id INTEGER PRIMARY KEY, first_name TEXT, \"odd name\" TEXT)");
  const std::string text = introspect(database, FieldNames::AsInDatabase);
  EXPECT_THAT(text, HasSubstr("  first_name String?\n"));
  EXPECT_THAT(text, HasSubstr("  oddName String? @map(\"odd name\")\n"));
}

TEST(IntrospectTest, NamesSeveralRelationsToOneTableByTheirColumns) {
  Database database;
  database.run(
      "CREATE TABLE people (id INTEGER PRIMARY KEY, boss_id INTEGER REFERENCES people (id),"
      " friend INTEGER REFERENCES people (id))");
  const std::string text = introspect(database);
  EXPECT_THAT(text, HasSubstr("  boss Person? @relation(fields: [bossId], references: [id])\n"));
  EXPECT_THAT(text,
              HasSubstr("  friendRow Person? @relation(fields: [friend], references: [id])\n"));
}

TEST(IntrospectTest, SaysInCommentsWhatTheLanguageCannot) {
  Database database;
  database.run(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT (upper('x')),"
      " b INTEGER REFERENCES gone (id));"
      "CREATE INDEX by_lower ON t (lower(a));"
      "CREATE UNIQUE INDEX some ON t (b) WHERE a > 1;");
  const std::string text = introspect(database);
  EXPECT_THAT(text, HasSubstr("// a: the default upper('x') cannot be said"));
  EXPECT_THAT(text, HasSubstr("// the database has: CREATE INDEX by_lower ON t (lower(a))"));
  EXPECT_THAT(text, HasSubstr("// the database has: CREATE UNIQUE INDEX some"));
  EXPECT_THAT(text, HasSubstr("// a foreign key refers to gone, which is not there"));
  EXPECT_THAT(text, Not(HasSubstr("@unique")));
}

TEST(IntrospectTest, AnEmptyDatabaseGivesASchemaOfComments) {
  Database database;
  EXPECT_THAT(introspect(database), Not(HasSubstr("model")));
}

/// What our own DDL makes is described so that the same DDL comes out.
class RoundTripTest : public testing::TestWithParam<std::string_view> {};

TEST_P(RoundTripTest, GivesAnEquivalentSchema) {
  Database database;
  database.migrate(GetParam());
  const std::string text = introspect(database);
  const SchemaGap gap = database.gap(text);
  EXPECT_TRUE(gap.is_in_sync()) << text << gap.sql;
  EXPECT_THAT(gap.unknown, testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Schemas,
    RoundTripTest,
    testing::Values(
        "model User { id Int @id\n name String }",
        "model BlogPost {\n id String @id @default(uuid())\n title String @unique\n"
        " tags String[]\n size Int @default(-3)\n ratio Float @default(0.5)\n on Boolean "
        "@default(true)\n"
        " at DateTime @default(now())\n updatedAt DateTime @updatedAt\n photo Bytes?\n"
        " words Int @generated(\"length({title})\")\n kept Int @generated(\"{size} + 1\", stored)\n"
        " even Int @check(\"even % 2 = 0\")\n quote String @default(\"a \\\"b\\\" 'c' \\\\ d\")\n "
        "@@noStrict\n}",
        "enum Role { admin\n member }\nmodel Member {\n id Int @id\n role Role @default(admin)\n "
        "other Role?\n}",
        "model Team { id Int @id\n name String }\nmodel Seat {\n teamId Int @id\n number Int @id\n "
        "row Int\n"
        " team Team @relation(fields: [teamId], references: [id], onDelete: Cascade, onUpdate: "
        "Cascade)\n"
        " @@unique([number, row])\n @@index([row])\n @@index([row, number])\n}",
        "model Doc {\n id Int @id\n title String\n body String?\n deletedAt DateTime?\n "
        "@@softDelete\n"
        " @@fts([title, body])\n @@index([title])\n}",
        "model Post { id Int @id\n tags Tag[] }\nmodel Tag { id Int @id\n posts Post[] }",
        "model Node {\n id Int @id\n parentId Int?\n"
        " parent Node? @relation(fields: [parentId], references: [id], onDelete: SetNull)\n}",
        "model User { id Int @id\n age Int }\n"
        "view old_users {\n id Int\n @@sql(\"SELECT id FROM user WHERE age > 17\")\n}"));

}  // namespace
}  // namespace moonstone::store
