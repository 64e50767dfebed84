// Moonstone. Licence: see LICENSE.
// The texts of section 6 of litestone.md, word for word, and what they do in SQLite.

#include "store/sqlite/ddl.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <sqlite3.h>

#include "tests/store/model_catalog.h"

namespace moonstone::store::sqlite {
namespace {

using schema::Catalog;
using schema::FieldDefault;
using schema::Model;
using schema::ModelField;
using schema::ScalarKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// A database in memory that carries texts out.
class MemoryDatabase {
 public:
  MemoryDatabase() { EXPECT_EQ(sqlite3_open(":memory:", &db_), SQLITE_OK); }
  MemoryDatabase(const MemoryDatabase&) = delete;
  MemoryDatabase& operator=(const MemoryDatabase&) = delete;
  ~MemoryDatabase() { sqlite3_close(db_); }

  void run(const std::string& sql) { EXPECT_EQ(error_of(sql), "") << sql; }
  /// SQLite's words; empty: it did it.
  std::string error_of(const std::string& sql) {
    const bool done = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
    return done ? "" : sqlite3_errmsg(db_);
  }
  /// The first column of all rows, joined by commas.
  std::string text(const std::string& sql) {
    std::string text;
    const auto add = [](void* into, int, char** columns, char**) {
      auto& out = *static_cast<std::string*>(into);
      out += std::string(out.empty() ? "" : ",") + (columns[0] != nullptr ? columns[0] : "NULL");
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), add, &text, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db_);
    return text;
  }

 private:
  sqlite3* db_ = nullptr;
};

std::vector<SqlObject> objects_of(const Catalog& catalog, std::string_view database = "main") {
  auto objects = ddl_of(catalog, database);
  EXPECT_TRUE(objects) << (objects ? "" : objects.error().message());
  return objects.value_or(std::vector<SqlObject>());
}

std::string text_of(const std::vector<SqlObject>& objects, std::string_view name) {
  for (const SqlObject& object : objects) {
    if (object.name == name) return object.text;
  }
  return "no such object";
}

std::vector<std::string> names_of(const std::vector<SqlObject>& objects) {
  std::vector<std::string> names;
  for (const SqlObject& object : objects)
    names.push_back(object.name);
  return names;
}

Catalog catalog_of(std::vector<Model> models) {
  Catalog catalog;
  catalog.models = std::move(models);
  return catalog;
}

Model team_model() {
  ModelField name = model_field("name");
  name.is_unique = true;
  Model team = model_of(
      "Team", "team",
      {id_field(), name, with_default(model_field("size", ScalarKind::Integer), Value(1.0)),
       optional_field("deletedAt", ScalarKind::DateTime)});
  team.has_soft_delete = true;
  team.indexes = {{{"size"}}};
  return team;
}

TEST(DdlTest, TheExampleOfTheSpecification) {
  Catalog catalog = catalog_of({team_model()});
  catalog.models[0].comments = {"People who work together.", "Small ones."};
  EXPECT_EQ(ddl_text(objects_of(catalog)), R"sql(PRAGMA foreign_keys = ON;

-- People who work together.
-- Small ones.
CREATE TABLE IF NOT EXISTS "team" (
  "id" INTEGER NOT NULL PRIMARY KEY,
  "name" TEXT NOT NULL UNIQUE,
  "size" INTEGER NOT NULL DEFAULT 1,
  "deletedAt" TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS "idx_team_size" ON "team" ("size") WHERE "deletedAt" IS NULL;
CREATE INDEX IF NOT EXISTS "idx_team_deletedAt" ON "team" ("deletedAt") WHERE "deletedAt" IS NULL;
)sql");
}

TEST(DdlTest, EveryTypeHasItsColumn) {
  Catalog catalog = catalog_of({model_of(
      "T", "t",
      {id_field(), optional_field("text"), optional_field("real", ScalarKind::Real),
       optional_field("flag", ScalarKind::Boolean), optional_field("at", ScalarKind::DateTime),
       optional_field("json", ScalarKind::Json), optional_field("bytes", ScalarKind::Bytes),
       optional_field("file", ScalarKind::File), list_field("list")})});
  catalog.models[0].is_strict = false;
  EXPECT_EQ(text_of(objects_of(catalog), "t"), R"sql(CREATE TABLE IF NOT EXISTS "t" (
  "id" INTEGER NOT NULL PRIMARY KEY,
  "text" TEXT,
  "real" REAL,
  "flag" INTEGER,
  "at" TEXT,
  "json" TEXT,
  "bytes" BLOB,
  "file" TEXT,
  "list" TEXT NOT NULL DEFAULT '[]' CHECK (json_valid("list") AND json_type("list") = 'array')
);)sql");
}

TEST(DdlTest, DefaultsThatSqlCanGive) {
  ModelField stamped = model_field("changed", ScalarKind::DateTime);
  stamped.is_updated_at = true;
  ModelField list = with_default(list_field("list"), Value("[1]"));
  ModelField text_id = with_default(model_field("id"), FieldDefault::Kind::Uuid);
  text_id.is_id = true;
  const Catalog catalog = catalog_of(
      {model_of("T", "t",
                {text_id, with_default(model_field("word"), Value("it's")),
                 with_default(model_field("rate", ScalarKind::Real), Value(0.5)),
                 with_default(model_field("flag", ScalarKind::Boolean), Value(false)),
                 with_default(model_field("at", ScalarKind::DateTime), FieldDefault::Kind::Now),
                 stamped, list, with_default(model_field("code"), FieldDefault::Kind::Nanoid),
                 with_default(model_field("owner"), FieldDefault::Kind::Auth)})});
  EXPECT_EQ(text_of(objects_of(catalog), "t"), R"sql(CREATE TABLE IF NOT EXISTS "t" (
  "id" TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(4))) || '-' || lower(hex(randomblob(2))) || '-4' || substr(lower(hex(randomblob(2))), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) || substr(lower(hex(randomblob(2))), 2) || '-' || lower(hex(randomblob(6)))),
  "word" TEXT NOT NULL DEFAULT 'it''s',
  "rate" REAL NOT NULL DEFAULT 0.5,
  "flag" INTEGER NOT NULL DEFAULT 0,
  "at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  "changed" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  "list" TEXT NOT NULL DEFAULT '[1]' CHECK (json_valid("list") AND json_type("list") = 'array'),
  "code" TEXT NOT NULL,
  "owner" TEXT NOT NULL
) STRICT;)sql");
  MemoryDatabase database;
  database.run(ddl_text(objects_of(catalog)));
  database.run("INSERT INTO t(code,owner) VALUES('a','b')");
  EXPECT_THAT(database.text("SELECT id FROM t"),
              testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                                    "[0-9a-f]{12}"));
}

TEST(DdlTest, ConstraintsComeInTheirOrder) {
  Catalog catalog;
  catalog.enums.push_back({.name = "Role", .values = {"admin", "member"}, .transitions = {}});
  ModelField role = optional_field("role");
  role.enum_name = "Role";
  ModelField low = model_field("low", ScalarKind::Integer);
  low.check_sql = "low > 0";
  ModelField twice = generated_field("twice", "\"low\" * 2");
  twice.scalar = ScalarKind::Integer;
  ModelField kept = generated_field("kept", "upper(\"a\")");
  kept.is_generated_stored = true;
  ModelField a = model_field("a");
  ModelField b = model_field("b");
  a.is_id = b.is_id = true;
  Model model = model_of("Pair", "pair", {a, b, role, low, twice, kept});
  model.uniques = {{{"role", "low"}}};
  model.relations = {belongs_to("other", 1, "low", "id", "SetNull")};
  model.relations[0].on_update = "Cascade";
  model.relations.push_back(belongs_to("plain", 1, "low", "id"));
  catalog.models = {model, model_of("OtherThing", "other_thing", {id_field()})};
  const std::vector<SqlObject> objects = objects_of(catalog);
  EXPECT_EQ(text_of(objects, "pair"), R"sql(CREATE TABLE IF NOT EXISTS "pair" (
  "a" TEXT NOT NULL,
  "b" TEXT NOT NULL,
  "role" TEXT,
  "low" INTEGER NOT NULL CHECK (low > 0),
  "twice" INTEGER GENERATED ALWAYS AS ("low" * 2) VIRTUAL,
  "kept" TEXT GENERATED ALWAYS AS (upper("a")) STORED,
  CHECK ("role" IN ('admin', 'member')),
  PRIMARY KEY ("a", "b"),
  UNIQUE ("role", "low"),
  FOREIGN KEY ("low") REFERENCES "other_thing" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
  FOREIGN KEY ("low") REFERENCES "other_thing" ("id")
) STRICT;)sql");
  EXPECT_THAT(names_of(objects), ElementsAre("other_thing", "pair"));
  MemoryDatabase database;
  database.run(ddl_text(objects));
  database.run("INSERT INTO other_thing VALUES(3);INSERT INTO pair(a,b,low) VALUES('x','y',3)");
  EXPECT_EQ(database.text("SELECT twice||kept FROM pair"), "6X");
}

TEST(DdlTest, FieldsHaveTheColumnsTheyAreMappedTo) {
  Model model = example_catalog()->models[5];
  model.indexes = {{{"fullName"}}};
  model.search_fields = {"fullName"};
  const std::vector<SqlObject> objects = objects_of(catalog_of({model}));
  EXPECT_EQ(text_of(objects, "idx_person_full_name"),
            "CREATE INDEX IF NOT EXISTS \"idx_person_full_name\" ON \"person\" (\"full_name\");");
  EXPECT_EQ(text_of(objects, "person_fts"),
            "CREATE VIRTUAL TABLE IF NOT EXISTS \"person_fts\" USING fts5( full_name, "
            "content=\"person\", content_rowid=\"id\" );");
  MemoryDatabase().run(ddl_text(objects));
}

TEST(DdlTest, TablesComeBehindThoseTheyReferTo) {
  Model first = model_of("First", "first", {id_field(), optional_field("x", ScalarKind::Integer)});
  Model second = first;
  second.name = "Second";
  second.table = "second";
  Model third = first;
  third.name = "Third";
  third.table = "third";
  first.relations = {belongs_to("a", 1, "x", "id"), belongs_to("b", 2, "x", "id"),
                     belongs_to("self", 0, "x", "id")};
  Catalog catalog = catalog_of({first, second, third});
  EXPECT_THAT(names_of(objects_of(catalog)), ElementsAre("second", "third", "first"));
  catalog.models[1].relations = {belongs_to("back", 0, "x", "id")};
  const auto circle = ddl_of(catalog);
  ASSERT_FALSE(circle);
  EXPECT_EQ(circle.error().code(), ErrorCode::InvalidArgument);
  EXPECT_EQ(circle.error().message(),
            "Circular foreign key reference detected between: First, Second");
  // Nobody can watch over a table of another file, or over one that somebody else makes.
  catalog.models[1].database = "logs";
  catalog.models[2].is_external = true;
  EXPECT_THAT(names_of(objects_of(catalog)), ElementsAre("first"));
  EXPECT_THAT(names_of(objects_of(catalog, "logs")), ElementsAre("second"));
  EXPECT_THAT(text_of(objects_of(catalog, "logs"), "second"), Not(HasSubstr("FOREIGN KEY")));
  EXPECT_THAT(text_of(objects_of(catalog), "first"),
              HasSubstr("FOREIGN KEY (\"x\") REFERENCES \"first\" (\"id\")"));
}

TEST(DdlTest, AJoinTableHasBothKeys) {
  const std::vector<SqlObject> objects = objects_of(*example_catalog());
  EXPECT_EQ(text_of(objects, "_post_tag"), R"sql(CREATE TABLE IF NOT EXISTS "_post_tag" (
  "postId" INTEGER NOT NULL REFERENCES "post" ("id") ON DELETE CASCADE,
  "tagId" TEXT NOT NULL REFERENCES "tag" ("slug") ON DELETE CASCADE,
  PRIMARY KEY ("postId", "tagId")
) STRICT;)sql");
  EXPECT_EQ(text_of(objects, "_post_tag_tagId_idx"),
            "CREATE INDEX IF NOT EXISTS \"_post_tag_tagId_idx\" ON \"_post_tag\" (\"tagId\");");
  Catalog without_relations = *example_catalog();
  for (Model& model : without_relations.models) {
    if (model.is_join_table) model.relations.clear();
  }
  EXPECT_EQ(text_of(objects_of(without_relations), "_post_tag"), text_of(objects, "_post_tag"))
      << "the many-to-many relation says the same";
}

TEST(DdlTest, ObjectsComeInTheirOrder) {
  EXPECT_THAT(
      names_of(objects_of(*example_catalog())),
      ElementsAre("user", "tag", "setting", "event", "person", "post", "idx_post_authorId_title",
                  "idx_post_deletedAt", "post_fts", "post_fts_insert", "post_fts_delete",
                  "post_fts_update", "post_fts_soft_delete", "post_fts_restore", "post_updatedAt",
                  "_post_tag", "_post_tag_tagId_idx", "adult"));
  EXPECT_EQ(text_of(objects_of(*example_catalog()), "adult"),
            "CREATE VIEW IF NOT EXISTS \"adult\" AS\n"
            "SELECT \"id\", \"email\" FROM \"user\" WHERE \"age\" >= 18;");
  MemoryDatabase database;
  database.run(ddl_text(objects_of(*example_catalog())));
  database.run(ddl_text(objects_of(*example_catalog())));  // IF NOT EXISTS
}

constexpr std::string_view kCheckSearch =
    "INSERT INTO post_fts(post_fts, rank) VALUES('integrity-check', 0)";

class SearchDdlTest : public testing::Test {
 protected:
  void SetUp() override {
    database_.run(ddl_text(objects_of(*example_catalog())));
    database_.run("INSERT INTO user(id,email) VALUES(1,'a')");
  }
  std::string found(const std::string& word) {
    return database_.text("SELECT rowid FROM post_fts('" + word + "') ORDER BY rowid");
  }
  /// Terms that are left in the index of all posts once everything was taken out again.
  void expect_nothing_left() {
    database_.run("DELETE FROM post");
    database_.run("INSERT INTO post_fts(post_fts) VALUES('optimize')");
    database_.run("CREATE VIRTUAL TABLE words USING fts5vocab('post_fts','row')");
    EXPECT_EQ(database_.text("SELECT term FROM words"), "");
  }

  MemoryDatabase database_;
};

TEST_F(SearchDdlTest, TheIndexFollowsTheRows) {
  database_.run("INSERT INTO post(id,title,authorId) VALUES(1,'red fox',1),(2,'red dog',1)");
  EXPECT_EQ(found("red"), "1,2");
  database_.run("UPDATE post SET title='blue fox' WHERE id=1");
  EXPECT_EQ(found("red"), "2");
  EXPECT_EQ(found("blue"), "1");
  database_.run("UPDATE post SET id=7 WHERE id=1");
  EXPECT_EQ(found("blue"), "7");
  database_.run("UPDATE post SET deletedAt='now' WHERE id=7");
  EXPECT_EQ(found("blue"), "");
  database_.run("UPDATE post SET title='green' WHERE id=7");
  EXPECT_EQ(found("green"), "") << "it is deleted";
  database_.run("UPDATE post SET deletedAt=NULL WHERE id=7");
  EXPECT_EQ(found("green"), "7");
  database_.run("UPDATE post SET deletedAt='now', title='black' WHERE id=7");
  database_.run("INSERT INTO post(id,title,authorId,deletedAt) VALUES(3,'gone',1,'x')");
  EXPECT_EQ(found("gone"), "");
  database_.run("DELETE FROM post WHERE id=3");
  database_.run(std::string(kCheckSearch));
  expect_nothing_left();
}

TEST_F(SearchDdlTest, AnExistingTableIsFilledIn) {
  database_.run(
      "INSERT INTO post(id,title,authorId,deletedAt) VALUES(1,'red',1,NULL),(2,'red',1,1)");
  database_.run("DROP TABLE post_fts");
  for (const SqlObject& object : objects_of(*example_catalog())) {
    if (object.kind == SqlObject::Kind::Search) database_.run(object.text + object.fill);
  }
  EXPECT_EQ(found("red"), "1");
}

TEST_F(SearchDdlTest, UpdatesAreStamped) {
  database_.run("INSERT INTO post(id,title,authorId,updatedAt) VALUES(1,'a',1,'2000')");
  database_.run("UPDATE post SET title='b'");
  EXPECT_THAT(database_.text("SELECT updatedAt FROM post"),
              testing::MatchesRegex("20[0-9-]+T[0-9:.]+Z"));
  database_.run("UPDATE post SET updatedAt='1999'");
  EXPECT_EQ(database_.text("SELECT updatedAt FROM post"), "1999") << "who says a time means it";
  EXPECT_EQ(found("b"), "1");
  database_.run(std::string(kCheckSearch));
  expect_nothing_left();
}

TEST(DdlTest, TheTriggersHaveTheseTexts) {
  const std::vector<SqlObject> objects = objects_of(*example_catalog());
  EXPECT_EQ(text_of(objects, "post_fts"),
            "CREATE VIRTUAL TABLE IF NOT EXISTS \"post_fts\" USING fts5( title, content=\"post\", "
            "content_rowid=\"id\" );");
  EXPECT_EQ(text_of(objects, "post_updatedAt"),
            "CREATE TRIGGER IF NOT EXISTS \"post_updatedAt\" AFTER UPDATE ON \"post\" "
            R"sql(WHEN NEW."updatedAt" = OLD."updatedAt" BEGIN
  UPDATE "post" SET "updatedAt" = strftime('%Y-%m-%dT%H:%M:%fZ','now') WHERE rowid = NEW.rowid;
END;)sql");
  EXPECT_EQ(text_of(objects, "post_fts_soft_delete"),
            "CREATE TRIGGER IF NOT EXISTS \"post_fts_soft_delete\" AFTER UPDATE OF \"deletedAt\" "
            "ON \"post\" "
            R"sql(WHEN OLD."deletedAt" IS NULL AND NEW."deletedAt" IS NOT NULL BEGIN
  INSERT INTO "post_fts" ("post_fts", rowid, "title") VALUES ('delete', OLD."id", OLD."title");
END;)sql");
}

TEST(DdlTest, ASearchNeedsAWholeNumberAsKey) {
  Model model = example_catalog()->models[2];
  model.search_fields = {"label"};
  const auto refused = ddl_of(catalog_of({model}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "Model 'Tag': @@fts needs one @id field of type Integer");
}

TEST(DdlTest, AMaterialisedViewFollowsItsSources) {
  Catalog catalog = *example_catalog();
  Model& view = catalog.models.back();
  view.is_materialized = true;
  view.refresh_on = {"User"};
  view.view_sql += ";\n";
  const std::vector<SqlObject> objects = objects_of(catalog);
  EXPECT_EQ(text_of(objects, "adult"), R"sql(CREATE TABLE IF NOT EXISTS "adult" (
  "id" INTEGER,
  "email" TEXT
) STRICT;)sql");
  EXPECT_EQ(text_of(objects, "adult_refresh_on_User_update"),
            "CREATE TRIGGER IF NOT EXISTS \"adult_refresh_on_User_update\" "
            R"sql(AFTER UPDATE ON "user" BEGIN
  DELETE FROM "adult";
  INSERT INTO "adult" SELECT "id", "email" FROM "user" WHERE "age" >= 18;
END;)sql");
  MemoryDatabase database;
  database.run(ddl_text(objects));
  database.run("INSERT INTO user(id,email,age) VALUES(1,'a',20),(2,'b',10)");
  EXPECT_EQ(database.text("SELECT email FROM adult"), "a");
  database.run("UPDATE user SET age=18 WHERE id=2;DELETE FROM user WHERE id=1");
  EXPECT_EQ(database.text("SELECT email FROM adult"), "b");
}

}  // namespace
}  // namespace moonstone::store::sqlite
