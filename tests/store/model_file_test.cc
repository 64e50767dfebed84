// Moonstone. Licence: see LICENSE.
// Files of models: what is made, adopted, read again, changed from outside and emptied.

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "schema/lite/catalog.h"
#include "schema/lite/parse.h"
#include "store/sqlite/ddl.h"
#include "tests/store/conformance/fixture.h"
#include "tests/store/model_catalog.h"
#include "tests/store/model_store.h"
#include "tests/store/other_program.h"

namespace moonstone::store {
namespace {

using conformance::all_of;
using conformance::field_of;
using conformance::ids_of;
using conformance::message_of;
using conformance::reason_of;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = query::WritePlan::Kind;

class ModelFileTest : public ModelStoreTest {
 protected:
  std::vector<std::string> ids(std::string_view table_name) {
    ReadBudget budget;
    auto rows = writer().select(all_of(table_name), budget);
    EXPECT_TRUE(rows) << message_of(rows);
    return ids_of(rows.value_or(std::vector<query::Row>()));
  }
};

TEST_F(ModelFileTest, TheTablesAreThoseOfTheDdl) {
  const auto objects = sqlite::ddl_of(*example_catalog());
  ASSERT_TRUE(objects);
  OtherProgram other(path());
  for (const sqlite::SqlObject& object : *objects) {
    EXPECT_EQ(other.text("SELECT name FROM sqlite_schema WHERE name='" + object.name + "'"),
              object.name + "\n");
  }
  EXPECT_EQ(other.text("SELECT name FROM sqlite_schema WHERE name='old'"), "")
      << "somebody else makes it";
}

TEST_F(ModelFileTest, ASchemaIsReadAgain) {
  begin();
  insert("user", {{"email", "a@x"}});
  commit();
  open();
  ASSERT_NE(writer().schema()->catalog, nullptr);
  EXPECT_EQ(writer().schema()->tables.size(), example_catalog()->models.size());
  begin();
  EXPECT_THAT(ids("user"), ElementsAre("user:1"));
  commit();
  apply_models();
  auto reader = store_->new_reader();
  ASSERT_TRUE(reader && (*reader)->begin());
  EXPECT_EQ((*reader)->begin().value_or(SnapshotInfo()).schema_version, 1U)
      << "the same models are no change";
}

TEST_F(ModelFileTest, ForeignKeysAreWatchedAgainAfterASchemaChange) {
  begin();
  const auto orphan = plan_of(Kind::Insert, "post", {{"title", "t"}, {"authorId", 9}});
  EXPECT_EQ(reason_of(run(orphan)), "foreign_key");
  writer().rollback();
  apply_models();
  const auto checked = writer().check_schema(*writer().schema());
  ASSERT_TRUE(checked) << message_of(checked);
  EXPECT_TRUE(checked->losses.empty() && checked->violations.empty());
  begin();
  EXPECT_EQ(reason_of(run(orphan)), "foreign_key");
}

TEST_F(ModelFileTest, EverythingGoesWhateverRefersToIt) {
  begin();
  insert("user", {{"id", 1}, {"email", "a@x"}});
  insert("post", {{"title", "word"}, {"authorId", 1}});
  commit();
  ASSERT_TRUE(writer().reset({}));
  begin();
  EXPECT_EQ(sql("SELECT count(*) FROM user"), "0");
  EXPECT_EQ(sql("SELECT count(*) FROM post"), "0");
  EXPECT_EQ(sql("SELECT count(*) FROM post_fts('word')"), "0");
  EXPECT_EQ(reason_of(run(plan_of(Kind::Insert, "post", {{"title", "t"}, {"authorId", 1}}))),
            "foreign_key");
}

TEST_F(ModelFileTest, WhatAnotherProgramWroteIsThere) {
  begin();
  insert("user", {{"id", 1}, {"email", "a@x"}});
  commit();
  auto reader = store_->new_reader();
  ASSERT_TRUE(reader);
  const SnapshotInfo before = (*reader)->begin().value_or(SnapshotInfo());
  OtherProgram other(path());
  other.run("INSERT INTO user(id,email) VALUES(7,'b@x')");
  ReadBudget budget;
  EXPECT_EQ((*reader)->count(all_of("user"), budget).value_or(0), 1U) << "a snapshot stays";
  EXPECT_TRUE(begin().outside_change);
  insert("user", {{"email", "c@x"}});
  EXPECT_THAT(ids("user"), ElementsAre("user:1", "user:7", "user:8"));
  commit();
  const SnapshotInfo after = (*reader)->begin().value_or(SnapshotInfo());
  EXPECT_EQ(after.epoch, before.epoch + 1);
  EXPECT_EQ((*reader)->count(all_of("user"), budget).value_or(0), 3U);
  EXPECT_EQ(other.text("SELECT id FROM user WHERE email='c@x'"), "8\n");
}

class AdoptTest : public ModelStoreTest {
 protected:
  void SetUp() override {
    OtherProgram other(path());
    other.run(
        "PRAGMA page_size=1024;"
        "CREATE TABLE tag(slug TEXT NOT NULL PRIMARY KEY, label TEXT NOT NULL) STRICT;"
        "CREATE TABLE mine(x);"
        "INSERT INTO tag VALUES('red','Red');INSERT INTO mine VALUES(1)");
  }
  SqliteOptions adopting() const {
    SqliteOptions adopting = options();
    adopting.foreign_file = ForeignFile::Adopt;
    return adopting;
  }
};

TEST_F(AdoptTest, AFileOfSomebodyElseIsTakenOnlyIfAsked) {
  EXPECT_EQ(reason_of(open_sqlite_store(options())), "foreign_file");
  auto opened = open_sqlite_store(adopting());
  ASSERT_TRUE(opened) << message_of(opened);
  store_ = *std::move(opened);
  apply_models();
  begin();
  ReadBudget budget;
  EXPECT_THAT(ids_of(writer().select(all_of("tag"), budget).value_or(std::vector<query::Row>())),
              ElementsAre("tag:red"));
  const Mark from = mark();
  sql("UPDATE tag SET label='Rot'");
  EXPECT_EQ(changes_since(from).size(), 1U);
  commit();
  OtherProgram other(path());
  EXPECT_EQ(other.text("SELECT count(*) FROM sqlite_schema WHERE name='user'"), "0\n")
      << "what their file lacks is for their migrations to make";
  EXPECT_EQ(other.text("SELECT x FROM mine"), "1\n");
  EXPECT_EQ(other.text("PRAGMA application_id"), "0\n") << "the file stays theirs";
  EXPECT_EQ(other.text("PRAGMA page_size"), "1024\n");
  store_.reset();
  EXPECT_TRUE(open_sqlite_store(options())) << "once adopted it is one of ours";
}

TEST(ModelFilePageTest, NewFilesHaveThePagesThatAreAskedFor) {
  const TemporaryFolder folder;
  SqliteOptions options;
  options.path = folder.file("data.db");
  options.page_bytes = kModelPageBytes;
  ASSERT_TRUE(open_sqlite_store(options));
  EXPECT_EQ(OtherProgram(options.path).text("PRAGMA page_size"), "8192\n");
}

/// The models of a schema in the language that people write.
schema::Schema lite_schema(std::string_view text) {
  const lite::ParseResult parsed = lite::parse(text);
  EXPECT_TRUE(parsed.valid) << (parsed.errors.empty() ? "" : parsed.errors.front().text);
  auto catalog = lite::make_catalog(*parsed.schema);
  EXPECT_TRUE(catalog) << message_of(catalog);
  auto schema = schema::make_schema(*catalog);
  EXPECT_TRUE(schema) << message_of(schema);
  return *std::move(schema);
}

TEST(LiteFileTest, ALiteSchemaIsKeptInTheFile) {
  const TemporaryFolder folder;
  SqliteOptions options;
  options.path = folder.file("data.db");
  constexpr std::string_view kFirst = "model User { id Int @id\n name String @unique }";
  constexpr std::string_view kSecond =
      "model User { id Int @id\n name String @unique\n age Int? }\n"
      "model Post { id Int @id\n title String\n userId Int\n"
      "  user User @relation(fields: [userId], references: [id], onDelete: Cascade)\n"
      "  @@fts([title]) }";
  {
    auto store = open_sqlite_store(options);
    ASSERT_TRUE(store) << message_of(store);
    Writer& writer = (*store)->writer();
    const auto applied = writer.apply_schema(lite_schema(kFirst), Writer::AllowDataLoss::No);
    ASSERT_TRUE(applied) << message_of(applied);
    ASSERT_TRUE(writer.begin());
    ASSERT_TRUE(writer.run_sql("INSERT INTO user VALUES(1,'Ann')", {}));
    ASSERT_TRUE(writer.commit());
  }
  auto store = open_sqlite_store(options);
  ASSERT_TRUE(store) << message_of(store);
  Writer& writer = (*store)->writer();
  ASSERT_NE(writer.schema()->catalog, nullptr);
  EXPECT_EQ(writer.schema()->catalog->models.front().name, "User");
  const auto same = writer.apply_schema(lite_schema(kFirst), Writer::AllowDataLoss::No);
  ASSERT_TRUE(same) << message_of(same);
  EXPECT_EQ(same->schema_version, 1U);
  const auto grown = writer.apply_schema(lite_schema(kSecond), Writer::AllowDataLoss::No);
  ASSERT_TRUE(grown) << message_of(grown);
  EXPECT_EQ(grown->schema_version, 2U);
  ASSERT_TRUE(writer.begin());
  ReadBudget budget;
  const auto users = writer.select(all_of("user"), budget);
  ASSERT_TRUE(users) << message_of(users);
  ASSERT_EQ(users->size(), 1U);
  EXPECT_EQ(field_of(users->front(), "name"), Value("Ann"));
  EXPECT_EQ(field_of(users->front(), "age"), Value(nullptr));
  writer.rollback();
  const auto shrunk = writer.check_schema(lite_schema("model User { id Int @id }"));
  ASSERT_TRUE(shrunk) << message_of(shrunk);
  EXPECT_THAT(shrunk->losses, ElementsAre(HasSubstr("user.name")));
  EXPECT_EQ(reason_of(writer.apply_schema(lite_schema("model User { id Int @id }"),
                                          Writer::AllowDataLoss::No)),
            "data_loss");
}

TEST(LiteFileTest, DocumentsMakeRoomForModels) {
  const TemporaryFolder folder;
  auto store = open_sqlite_store({.path = folder.file("data.db")});
  ASSERT_TRUE(store) << message_of(store);
  Writer& writer = (*store)->writer();
  constexpr std::string_view kDocuments =
      R"({"tables":{"user":{"fields":{"name":{"type":"string"}},"indexes":[]}}})";
  ASSERT_TRUE(writer.apply_schema(conformance::schema_of(kDocuments), Writer::AllowDataLoss::No));
  ASSERT_TRUE(writer.begin());
  ASSERT_TRUE(writer.run_sql("INSERT INTO user(_id,name) VALUES('user:x','Ann')", {}));
  ASSERT_TRUE(writer.commit());
  const schema::Schema models = lite_schema("model User { id Int @id }");
  EXPECT_EQ(reason_of(writer.apply_schema(models, Writer::AllowDataLoss::No)), "data_loss");
  const auto applied = writer.apply_schema(models, Writer::AllowDataLoss::Yes);
  ASSERT_TRUE(applied) << message_of(applied);
  ASSERT_TRUE(writer.begin());
  ReadBudget budget;
  EXPECT_EQ(writer.count(all_of("user"), budget).value_or(9), 0U);
}

TEST(LiteFileTest, ModelsMakeRoomForDocuments) {
  const TemporaryFolder folder;
  auto store = open_sqlite_store({.path = folder.file("data.db")});
  ASSERT_TRUE(store) << message_of(store);
  Writer& writer = (*store)->writer();
  const schema::Schema models = lite_schema(
      "model User { id Int @id\n posts Post[] }\n"
      "model Post { id Int @id\n userId Int\n"
      "  user User @relation(fields: [userId], references: [id]) }");
  ASSERT_TRUE(writer.apply_schema(models, Writer::AllowDataLoss::No));
  ASSERT_TRUE(writer.begin());
  ASSERT_TRUE(writer.run_sql("INSERT INTO user VALUES(1)", {}));
  ASSERT_TRUE(writer.commit());
  // The models go, their rows stay until somebody wants the name.
  ASSERT_TRUE(
      writer.apply_schema(conformance::schema_of(R"({"tables":{}})"), Writer::AllowDataLoss::No));
  const schema::Schema documents = conformance::schema_of(
      R"({"tables":{"user":{"fields":{"name":{"type":"string"}},"indexes":[]},)"
      R"("post":{"fields":{"text":{"type":"string"}},"indexes":[]}}})");
  const auto checked = writer.check_schema(documents);
  ASSERT_TRUE(checked) << message_of(checked);
  EXPECT_THAT(checked->losses, ElementsAre("table \"user\" of a model that was removed (1 row)"));
  EXPECT_EQ(reason_of(writer.apply_schema(documents, Writer::AllowDataLoss::No)), "data_loss");
  const auto applied = writer.apply_schema(documents, Writer::AllowDataLoss::Yes);
  ASSERT_TRUE(applied) << message_of(applied);
  ASSERT_TRUE(writer.begin());
  ReadBudget budget;
  EXPECT_EQ(writer.count(all_of("user"), budget).value_or(9), 0U);
  EXPECT_EQ(writer.count(all_of("post"), budget).value_or(9), 0U);
}

}  // namespace
}  // namespace moonstone::store
