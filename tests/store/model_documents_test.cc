// Moonstone. Licence: see LICENSE.
// Rows of models as documents, and their ids.

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "base/json.h"
#include "query/page.h"
#include "query/row_key.h"
#include "tests/store/conformance/fixture.h"
#include "tests/store/model_store.h"
#include "tests/store/other_program.h"

namespace moonstone::store {
namespace {

using conformance::all_of;
using conformance::field_of;
using conformance::ids_of;
using conformance::message_of;
using conformance::reason_of;
using query::CompareOp;
using query::Expr;
using query::ExprPtr;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ModelDocumentsTest : public ModelStoreTest {
 protected:
  void SetUp() override {
    ModelStoreTest::SetUp();
    begin();
    insert("user", {{"id", 1},
                    {"email", "a@x"},
                    {"age", 20},
                    {"score", 1.5},
                    {"data", R"({"n":[1,2.5,"x"],"big":9007199254740993})"},
                    {"tags", R"(["one"])"},
                    {"photo", Bytes{"\x01\x02"}}});
    insert("user", {{"id", 10}, {"email", "b@x"}, {"active", 0}, {"age", 30}});
    insert("user", {{"id", 9}, {"email", "c@x"}, {"role", "admin"}});
    insert("tag", {{"slug", "red"}, {"label", "Red"}});
    insert("setting", {{"scope", "app"}, {"name", "a:b"}, {"value", "true"}});
    insert("event", {{"text", "first"}});
  }

  std::vector<query::Row> rows(const query::Query& query) {
    ReadBudget budget;
    auto selected = writer().select(query, budget);
    EXPECT_TRUE(selected) << message_of(selected);
    return selected.value_or(std::vector<query::Row>());
  }
  std::vector<std::string> ids_where(std::string_view table_name, ExprPtr where) {
    query::Query query = all_of(table_name);
    query.where = std::move(where);
    return ids_of(rows(query));
  }
  std::optional<query::Row> get(std::string_view id) {
    ReadBudget budget;
    const std::string_view name = id.substr(0, id.find(':'));
    auto row = writer().get(table(name), id, budget);
    EXPECT_TRUE(row) << message_of(row);
    return row.value_or(std::nullopt);
  }
  query::Row row_of(std::string_view table_name, std::string_view id, const Object& fields) {
    query::Row row;
    row.table = &table(table_name);
    row.id = id;
    for (const schema::Field& field : row.table->fields) {
      const Value* const value = fields.find(field.name);
      row.values.push_back(value == nullptr ? Value() : *value);
    }
    return row;
  }
};

ExprPtr id_is(CompareOp op, const Value& id) {
  return Expr::compare(op, Expr::make_field("_id"), Expr::make_literal(id));
}

TEST_F(ModelDocumentsTest, ADocumentHasItsKeyAsId) {
  const auto user = get("user:1");
  ASSERT_TRUE(user);
  EXPECT_EQ(to_json(Value(query::document_of(*user))),
            R"({"_id":"user:1","id":1,"email":"a@x","name":null,"age":20,"role":"member",)"
            R"("active":true,"score":1.5,"data":{"n":[1,2.5,"x"],"big":9007199254740993},)"
            R"("tags":["one"],"photo":"AQI="})");
  std::string text;
  query::write_document_json(*user, text);
  EXPECT_EQ(text, to_json(Value(query::document_of(*user))));
  EXPECT_EQ(query::creation_time_of(*user), 0);
  EXPECT_EQ(query::StoredRowView(*user).field("_creationTime"), nullptr);
  EXPECT_EQ(field_of(*user, "age"), Value(20.0)) << "numbers are those of JavaScript";
  EXPECT_EQ(user->number, 1);
  EXPECT_EQ(field_of(*get("tag:red"), "label"), Value("Red"));
  EXPECT_EQ(field_of(*get(R"(setting:["app","a:b"])"), "value"), Value(true));
  EXPECT_THAT(ids_of(rows(all_of("event"))), ElementsAre("event:1"));
  EXPECT_TRUE(get("event:1"));
  for (const std::string_view id : {"user:01", "user:2", "user:x", "tag:", "event:2",
                                    R"(setting:["app", "a:b"])", R"(setting:["app"])"}) {
    EXPECT_FALSE(get(id)) << id;
  }
}

TEST_F(ModelDocumentsTest, ControlCharactersInAKeyAreWrittenAsJson) {
  insert("tag", {{"slug", "a\nb"}, {"label", "x"}});
  insert("tag", {{"slug", R"(["a\nb"])"}, {"label", "y"}});
  EXPECT_EQ(field_of(*get("tag:[\"a\\nb\"]"), "label"), Value("x"));
  EXPECT_THAT(ids_of(rows(all_of("tag"))),
              ElementsAre("tag:red", R"(tag:["a\nb"])", R"(tag:["[\"a\\nb\"]"])"));
  EXPECT_EQ(field_of(*get(R"(tag:["[\"a\\nb\"]"])"), "label"), Value("y"));
}

TEST_F(ModelDocumentsTest, RowsComeInTheOrderOfTheirNumbers) {
  EXPECT_THAT(ids_of(rows(all_of("user"))), ElementsAre("user:1", "user:9", "user:10"));
  query::Query query = all_of("user");
  query.order = {{.field = "age", .direction = query::Direction::Descending}};
  query.limit = 2;
  EXPECT_THAT(ids_of(rows(query)), ElementsAre("user:10", "user:1"));
  query.order = {{.field = "_id", .direction = query::Direction::Descending}};
  EXPECT_THAT(ids_of(rows(query)), ElementsAre("user:10", "user:9"));
  const std::vector<query::Row> found = rows(query);
  EXPECT_TRUE(query::compare_rows(query, found[0], found[1]) < 0) << "as SQL has it";
  ReadBudget budget;
  EXPECT_EQ(writer().count(all_of("user"), budget).value_or(0), 3U);
}

TEST_F(ModelDocumentsTest, IdsAreComparedAsKeys) {
  EXPECT_THAT(ids_where("user", id_is(CompareOp::Eq, "user:9")), ElementsAre("user:9"));
  EXPECT_THAT(ids_where("user", id_is(CompareOp::Eq, "user:09")), IsEmpty());
  EXPECT_THAT(ids_where("user", id_is(CompareOp::Eq, nullptr)), IsEmpty());
  EXPECT_THAT(ids_where("user", id_is(CompareOp::Neq, "user:9")), ElementsAre("user:1", "user:10"));
  EXPECT_THAT(ids_where("setting", id_is(CompareOp::Eq, R"(setting:["app","a:b"])")),
              ElementsAre(R"(setting:["app","a:b"])"));
  EXPECT_THAT(ids_where("user", Expr::in(Expr::make_field("_id"), {"user:10", "user:1", "tag:1"})),
              ElementsAre("user:1", "user:10"));
  EXPECT_THAT(
      ids_where("user", Expr::all_of({id_is(CompareOp::Neq, "user:1"), equals("role", "member")})),
      ElementsAre("user:10"));
  EXPECT_THAT(ids_where("event", Expr::negate(Expr::in(Expr::make_field("_id"), {"event:7"}))),
              ElementsAre("event:1"));
  for (const ExprPtr& refused :
       {id_is(CompareOp::Gt, "user:1"), equals("_creationTime", 1), Expr::make_field("_id")}) {
    query::Query query = all_of("user");
    query.where = refused;
    ReadBudget budget;
    const auto result = writer().select(query, budget);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), ErrorCode::InvalidArgument);
    EXPECT_THAT(result.error().message(), HasSubstr("belongs to a model"));
  }
}

TEST_F(ModelDocumentsTest, EveryConditionHoldsForTheImageOfARowAsForTheRow) {
  const std::vector<ExprPtr> conditions = {id_is(CompareOp::Eq, "user:9"),
                                           id_is(CompareOp::Neq, "user:9"),
                                           equals("active", true),
                                           equals("age", 20.0),
                                           Expr::negate(equals("age", 20.0)),
                                           equals("name", nullptr),
                                           Expr::in(Expr::make_field("_id"), {"user:1", nullptr})};
  for (const ExprPtr& condition : conditions) {
    const std::vector<std::string> ids = ids_where("user", condition);
    for (const query::Row& row : rows(all_of("user"))) {
      const bool is_found = std::ranges::find(ids, row.id) != ids.end();
      const bool holds =
          query::evaluate(*condition, query::StoredRowView(row)) == query::Truth::True;
      EXPECT_EQ(is_found, holds) << row.id;
    }
  }
}

TEST_F(ModelDocumentsTest, PagesGoOnBehindTheLastRow) {
  query::Query query = all_of("user");
  query.order = {{.field = "role", .direction = query::Direction::Descending}};
  std::vector<std::string> ids;
  std::string cursor;
  for (int page_number = 0; page_number < 3; ++page_number) {
    const auto page =
        query::read_page(query, {.cursor = cursor, .size = 1, .secret = writer().secret()},
                         [&](const query::Query& part) -> Result<std::vector<query::Row>> {
                           ReadBudget budget;
                           return writer().select(part, budget);
                         });
    ASSERT_TRUE(page) << message_of(page);
    ASSERT_EQ(page->rows.size(), 1U);
    ids.push_back(page->rows.front().id);
    EXPECT_EQ(page->is_done, page_number == 2);
    cursor = page->cursor;
  }
  EXPECT_THAT(ids, ElementsAre("user:1", "user:10", "user:9"));
}

TEST_F(ModelDocumentsTest, DocumentsAreWritten) {
  ASSERT_TRUE(writer().insert(
      row_of("user", "",
             {{"email", "d@x"}, {"data", "text"}, {"tags", Array{"x", "y"}}, {"active", false}})));
  auto added = get("user:11");
  ASSERT_TRUE(added) << "SQLite gives whole numbers as keys";
  EXPECT_EQ(field_of(*added, "role"), Value("member")) << "a default";
  EXPECT_EQ(field_of(*added, "data"), Value("text"));
  EXPECT_EQ(field_of(*added, "tags"), Value(Array{"x", "y"}));
  EXPECT_EQ(field_of(*added, "active"), Value(false));
  added->values[1] = "e@x";
  added->values[7] = nullptr;
  ASSERT_TRUE(writer().update(*added));
  EXPECT_EQ(*get("user:11"), *added);
  query::Row moved = *added;
  moved.values[0] = 12.0;
  EXPECT_EQ(reason_of(writer().update(moved)), "key");
  moved.id = "user:12";
  EXPECT_EQ(reason_of(writer().update(moved)), "no_document");
  EXPECT_EQ(writer().erase(table("user"), "user:11").value_or(false), true);
  EXPECT_EQ(writer().erase(table("user"), "user:11").value_or(true), false);
  EXPECT_EQ(writer().erase(table("user"), "nonsense").value_or(true), false);
  const Status taken = writer().insert(row_of("user", "", {{"email", "a@x"}}));
  EXPECT_EQ(reason_of(taken), "unique");
  EXPECT_EQ(writer().greatest_id(table("user")).value_or("?"), "") << "keys are no ULIDs";
}

TEST_F(ModelDocumentsTest, GeneratedAndRenamedColumnsAreFields) {
  ASSERT_TRUE(writer().insert(row_of("person", "", {{"fullName", "Ann"}, {"shout", "ignored"}})));
  EXPECT_EQ(to_json(Value(query::document_of(*get("person:1")))),
            R"({"_id":"person:1","id":1,"fullName":"Ann","shout":"ANN"})");
  EXPECT_THAT(ids_where("person", equals("shout", "ANN")), ElementsAre("person:1"));
}

TEST_F(ModelDocumentsTest, ViewsAndTablesOfOthersAreRead) {
  EXPECT_THAT(ids_of(rows(all_of("adult"))).size(), 2U);
  EXPECT_EQ(field_of(rows(all_of("adult")).front(), "email"), Value("a@x"));
  const Status refused = writer().insert(row_of("adult", "", {{"email", "x"}}));
  EXPECT_THAT(message_of(refused), HasSubstr("is a view"));
  ReadBudget budget;
  EXPECT_FALSE(writer().select(all_of("old"), budget)) << "nobody has made it";
  commit();
  OtherProgram(path()).run(
      "CREATE TABLE old(id INTEGER PRIMARY KEY, text);"
      "INSERT INTO old VALUES(5,'five')");
  begin();
  EXPECT_THAT(ids_of(rows(all_of("old"))), ElementsAre("old:5"));
}

TEST_F(ModelDocumentsTest, APersonSeesThemInSql) {
  commit();
  const auto first = [&](std::string_view select) -> Value {
    const auto rows = store_->query_sql(select, {});
    EXPECT_TRUE(rows) << message_of(rows);
    return rows && !rows->rows.empty() ? rows->rows.front().front() : Value();
  };
  EXPECT_EQ(first("SELECT _id FROM user WHERE email='b@x'"), Value("user:10"));
  EXPECT_EQ(first("SELECT _id FROM setting"), Value(R"(setting:["app","a:b"])"));
  EXPECT_EQ(first("SELECT _id FROM event"), Value("event:1"));
  EXPECT_EQ(first("SELECT count(fullName) FROM person"), Value(0));
  EXPECT_EQ(reason_of(store_->query_sql("SELECT * FROM main.user", {})), "sql");
}

TEST_F(ModelDocumentsTest, AQueryIsExplained) {
  commit();
  query::Query query = all_of("user");
  query.where = id_is(CompareOp::Eq, "user:9");
  const auto plan = store_->explain_query(query, ReadKind::Rows);
  ASSERT_TRUE(plan) << message_of(plan);
  EXPECT_FALSE(plan->is_scan);
  query.where = equals("name", "x");
  EXPECT_TRUE(store_->explain_query(query, ReadKind::Count).value_or(ReadPlan()).is_scan);
}

}  // namespace
}  // namespace moonstone::store
