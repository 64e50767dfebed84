// Moonstone. Licence: see LICENSE.
// What is captured of writes to models, whoever makes them, and what stands in the change log.

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "base/json.h"
#include "tests/store/conformance/fixture.h"
#include "tests/store/model_store.h"
#include "tests/store/other_program.h"

namespace moonstone::store {
namespace {

using conformance::field_of;
using conformance::message_of;
using conformance::reason_of;
using query::Change;
using query::Expr;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Kind = query::WritePlan::Kind;

class ModelCaptureTest : public ModelStoreTest {
 protected:
  void SetUp() override {
    ModelStoreTest::SetUp();
    begin();
    insert("user", {{"id", 1}, {"email", "a@x"}});
    insert("tag", {{"slug", "red"}, {"label", "Red"}});
    insert("post", {{"id", 5}, {"title", "one"}, {"authorId", 1}, {"updatedAt", "2000-01-01"}});
    insert("_post_tag", {{"postId", 5}, {"tagId", "red"}});
    commit();
    begin();
  }

  /// "+user:1", "~user:1" or "-user:1".
  static std::vector<std::string> kinds_of(const std::vector<Change>& changes) {
    std::vector<std::string> kinds;
    for (const Change& change : changes) {
      const char* const sign = !change.before ? "+" : change.after ? "~" : "-";
      kinds.push_back(sign + change.key);
    }
    return kinds;
  }
};

TEST_F(ModelCaptureTest, AWriteIsOneChangeWithBothImages) {
  const Mark from = mark();
  insert("user", {{"email", "b@x"}, {"data", R"({"a":1})"}, {"active", 0}});
  query::WritePlan update = plan_of(Kind::Update, "user", {{"age", 7}});
  update.where = equals("id", 1);
  ASSERT_TRUE(run(update));
  ASSERT_TRUE(run(update)) << "nothing changes";
  const auto changes = changes_since(from);
  EXPECT_THAT(kinds_of(changes), ElementsAre("+user:2", "~user:1"));
  const query::Row& added = *changes[0].after;
  EXPECT_EQ(added.number, 2);
  EXPECT_EQ(to_json(Value(query::document_of(added))),
            R"({"_id":"user:2","id":2,"email":"b@x","name":null,"age":null,"role":"member",)"
            R"("active":false,"score":null,"data":{"a":1},"tags":[],"photo":null})");
  ReadBudget budget;
  EXPECT_EQ(writer().get(table("user"), "user:2", budget).value_or(std::nullopt), added)
      << "an image is what a read gives";
  EXPECT_EQ(field_of(*changes[1].before, "age"), Value(nullptr));
  EXPECT_EQ(field_of(*changes[1].after, "age"), Value(7.0));
}

TEST_F(ModelCaptureTest, TriggersAndSearchTablesBelongToTheRow) {
  const Mark from = mark();
  query::WritePlan update = plan_of(Kind::Update, "post", {{"title", "two"}});
  ASSERT_TRUE(run(update));
  const auto changes = changes_since(from);
  EXPECT_THAT(kinds_of(changes), ElementsAre("~post:5")) << "tables of FTS5 are no rows of anybody";
  EXPECT_EQ(field_of(*changes[0].before, "updatedAt"), Value("2000-01-01"));
  EXPECT_NE(field_of(*changes[0].after, "updatedAt"), Value("2000-01-01"));
  EXPECT_EQ(sql("SELECT rowid FROM post_fts('two')"), "5");
}

TEST_F(ModelCaptureTest, CascadesAreCaptured) {
  const Mark from = mark();
  query::WritePlan erase = plan_of(Kind::Delete, "user", {});
  erase.where = equals("id", 1);
  const auto erased = run(erase);
  ASSERT_TRUE(erased) << message_of(erased);
  EXPECT_EQ(erased->count, 1U);
  const auto changes = changes_since(from);
  EXPECT_THAT(kinds_of(changes),
              UnorderedElementsAre("-user:1", "-post:5", R"(-_post_tag:[5,"red"])"));
  for (const Change& change : changes) {
    if (change.table->name == "post") EXPECT_EQ(field_of(*change.before, "title"), Value("one"));
  }
  ASSERT_TRUE(writer().rollback_to(from));
  EXPECT_THAT(changes_since(from), IsEmpty());
  EXPECT_EQ(sql("SELECT count(*) FROM _post_tag"), "1");
}

TEST_F(ModelCaptureTest, TrustedSqlIsCapturedToo) {
  const Mark from = mark();
  EXPECT_FALSE(writer().run_sql("UPDATE user SET id=3, email='c@x' WHERE id=1", {}));
  // The post refers to the user that has gone; nothing of it may stay.
  EXPECT_THAT(changes_since(from), IsEmpty());
  sql("DELETE FROM post");
  sql("UPDATE user SET id=3, email='c@x' WHERE id=1");
  sql("UPDATE tag SET slug='blue'");
  EXPECT_THAT(kinds_of(changes_since(from)),
              UnorderedElementsAre("-post:5", R"(-_post_tag:[5,"red"])", "-user:1", "+user:3",
                                   "-tag:red", "+tag:blue"));
}

TEST_F(ModelCaptureTest, AStatementThatFailsLeavesNoTrace) {
  insert("user", {{"id", 2}, {"email", "b@x"}});
  insert("user", {{"id", 3}, {"email", "c@x"}});
  const Mark from = mark();
  const auto failed = run(plan_of(Kind::Update, "user", {{"email", "same"}}));
  EXPECT_EQ(reason_of(failed), "unique") << "the first row was written by then";
  EXPECT_THAT(changes_since(from), IsEmpty());
  query::WritePlan orphan = plan_of(Kind::Update, "post", {{"authorId", 99}});
  EXPECT_EQ(reason_of(run(orphan)), "foreign_key");
  EXPECT_THAT(changes_since(from), IsEmpty());
  EXPECT_FALSE(writer().run_sql("UPDATE post SET authorId=98", {}));
  EXPECT_THAT(changes_since(from), IsEmpty());
  const auto light = writer().light_mark();
  ASSERT_TRUE(light);
  EXPECT_EQ(reason_of(run(orphan)), "foreign_key");
  EXPECT_TRUE(writer().rollback_to(*light)) << "nothing was written since";
}

TEST_F(ModelCaptureTest, GeneratedColumnsAreInTheImages) {
  const Mark from = mark();
  insert("person", {{"fullName", "Ann"}});
  sql("UPDATE person SET full_name='Bo' WHERE id=1");
  auto changes = changes_since(from);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(field_of(*changes[0].after, "shout"), Value("BO"));
  EXPECT_EQ(field_of(*changes[0].after, "fullName"), Value("Bo"));
  const Mark later = mark();
  sql("UPDATE person SET full_name='Cy' WHERE id=1");
  changes = changes_since(later);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(field_of(*changes[0].before, "shout"), Value("BO"));
  EXPECT_EQ(field_of(*changes[0].after, "shout"), Value("CY"));
}

TEST_F(ModelCaptureTest, ARowWithoutAKeyIsKnownByItsNumber) {
  const Mark from = mark();
  insert("event", {{"text", "a"}});
  insert("event", {{"text", "b"}});
  sql("DELETE FROM event WHERE text='a'");
  EXPECT_THAT(kinds_of(changes_since(from)), ElementsAre("+event:2"));
}

TEST_F(ModelCaptureTest, OtherTablesAreNotCaptured) {
  const Mark from = mark();
  sql("CREATE TABLE mine(x)");
  sql("INSERT INTO mine VALUES(1)");
  const SequenceScope scope{.model = "User", .field = "n", .scope = "1"};
  EXPECT_EQ(writer().next_number(scope, std::nullopt).value_or(0), 1);
  EXPECT_THAT(changes_since(from), IsEmpty());
}

TEST_F(ModelCaptureTest, TheLogHasKeysAndFields) {
  const Mark from = mark();
  query::WritePlan update = plan_of(Kind::Update, "user", {{"data", R"([1])"}, {"active", 0}});
  ASSERT_TRUE(run(update));
  sql("DELETE FROM _post_tag");
  insert("person", {{"fullName", "Ann"}});
  ASSERT_TRUE(writer().append_log(1, 1000, {}, changes_since(from)));
  ASSERT_TRUE(writer().set_version(1));
  commit();
  const auto log = store_->read_log(0, 10);
  ASSERT_TRUE(log) << message_of(log);
  ASSERT_EQ(log->size(), 3U);
  EXPECT_EQ((*log)[0].table, "user");
  EXPECT_EQ((*log)[0].key, "user:1");
  EXPECT_EQ((*log)[0].operation, LogEntry::Operation::Update);
  EXPECT_EQ(to_json((*log)[0].old_fields), R"({"active":true,"data":null})");
  EXPECT_EQ(to_json((*log)[0].new_fields), R"({"active":false,"data":[1]})");
  EXPECT_EQ((*log)[1].key, R"(_post_tag:[5,"red"])");
  EXPECT_EQ(to_json((*log)[1].old_fields), R"({"postId":5,"tagId":"red"})");
  EXPECT_EQ(to_json((*log)[2].new_fields), R"({"id":1,"fullName":"Ann","shout":"ANN"})");
}

TEST_F(ModelCaptureTest, AColumnThatWasAddedLaterHasItsDefault) {
  commit();
  // As a migration adds a field to a table with rows: they are not written anew.
  OtherProgram other(path());
  other.run("ALTER TABLE tag DROP COLUMN label");
  other.run("ALTER TABLE tag ADD COLUMN label TEXT NOT NULL DEFAULT 'none'");
  EXPECT_TRUE(begin().outside_change);
  const Mark from = mark();
  sql("UPDATE tag SET label='x' WHERE slug='red'");
  const auto changes = changes_since(from);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(field_of(*changes[0].before, "label"), Value("none"));
  EXPECT_EQ(field_of(*changes[0].after, "label"), Value("x"));
}

TEST_F(ModelCaptureTest, ATableThatSomebodyDroppedStopsNothing) {
  commit();
  OtherProgram other(path());
  other.run("DROP TABLE event");
  other.run("ALTER TABLE user ADD COLUMN more TEXT");
  begin();
  const Mark from = mark();
  EXPECT_EQ(reason_of(run(plan_of(Kind::Insert, "event", {{"text", "x"}}))), "sql");
  insert("user", {{"email", "b@x"}});
  EXPECT_THAT(kinds_of(changes_since(from)), ElementsAre("+user:2"));
}

}  // namespace
}  // namespace moonstone::store
