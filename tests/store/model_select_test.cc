// Moonstone. Licence: see LICENSE.
// Reads of models: outputs, orders, groups, limits, and what a run costs (litestone.md 10-14).

#include "store/sqlite/internal/model_select.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "query/expr.h"
#include "tests/store/model_catalog.h"
#include "tests/store/model_read_fixture.h"

namespace moonstone::store::sqlite {
namespace {

using query::AggregateFunction;
using query::CompareOp;
using query::Direction;
using query::Expr;
using query::ExprPtr;
using query::NullsOrder;
using query::Select;
using query::Term;
using query::TimeUnit;
using testing::HasSubstr;
using testing::StartsWith;

ExprPtr literal(Value value) {
  return Expr::make_literal(std::move(value));
}
ExprPtr parameter(std::size_t position) {
  return Expr::make_parameter(position);
}
ExprPtr equals(std::string_view field, Value value) {
  return Expr::compare(CompareOp::Eq, Expr::make_field(field), literal(std::move(value)));
}

class ModelSelectTest : public ModelReadTest {
 protected:
  void SetUp() override {
    ModelReadTest::SetUp();
    fill();
  }

  /// The ids of the posts in that order, as JSON.
  std::string ids_by(std::vector<query::OrderKey> order, std::string_view table = "post") {
    Select select = select_fields(table, {"id"});
    select.order = std::move(order);
    const auto rows = read(select);
    if (!rows) return rows.error().message();
    std::string ids;
    for (std::size_t i = 0; i < rows->count; ++i)
      ids += std::to_string(static_cast<int>(rows->row(i)[0].as_number()));
    return ids;
  }
};

TEST_F(ModelSelectTest, CellsAreValuesOfTheirFields) {
  Select select = select_fields(
      "post", {"id", "title", "rating", "published", "tags", "meta", "photo", "note", "authorId"});
  select.where = Expr::compare(CompareOp::Lte, Expr::make_field("id"), literal(2));
  select.order = {by(field_term("id"))};
  EXPECT_EQ(sql_of(select),
            "SELECT \"id\", \"title\", \"rating\", \"published\", \"tags\", \"meta\", \"photo\", "
            "\"the note\", \"authorId\" FROM \"post\" WHERE \"id\" <= ? ORDER BY \"id\" ASC");
  EXPECT_EQ(json_of(select),
            R"([{"id":1,"title":"Root","rating":4.5,"published":true,"tags":["a","b"],)"
            R"("meta":{"city":"Oslo","n":[1]},"photo":"AP8=","note":"first","authorId":1},)"
            R"({"id":2,"title":"Child","rating":null,"published":false,"tags":[],"meta":null,)"
            R"("photo":null,"note":null,"authorId":1}])");
  const auto rows = read(select);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->model, layout_->schema->catalog->find_table("post"));
  EXPECT_EQ(rows->row(0)[0], Value(1.0));
  EXPECT_EQ(rows->row(0)[5].as_object().find("n")->as_array()[0], Value(1.0));
  EXPECT_TRUE(rows->row(0)[6].is_bytes());
}

TEST_F(ModelSelectTest, WholeNumbersBeyondDoublesStayExact) {
  run_sql("UPDATE post SET views = 9007199254740993, meta = 'no json', rating = 3 WHERE id = 1");
  Select select = select_fields("post", {"views", "meta", "rating"});
  select.where = equals("id", 1);
  const auto rows = read(select);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->row(0)[0], Value(std::int64_t{9007199254740993}));
  EXPECT_EQ(rows->row(0)[1], Value("no json"));
  EXPECT_EQ(rows->row(0)[2], Value(3.0));
}

TEST_F(ModelSelectTest, DerivedFieldsAreValuesAndObjects) {
  Select select =
      select_fields("account", {"id", "postCount", "views", "bestViews", "hasPosts", "isSilent"});
  select.order = {by(field_term("postCount"), Direction::Descending), by(field_term("name"))};
  EXPECT_EQ(json_of(select),
            R"([{"id":1,"postCount":2,"views":105,"bestViews":100,"hasPosts":true,)"
            R"("isSilent":false},{"id":2,"postCount":1,"views":20,"bestViews":20,)"
            R"("hasPosts":true,"isSilent":false},{"id":3,"postCount":0,"views":0,)"
            R"("bestViews":null,"hasPosts":false,"isSilent":true}])");
  Select objects = select_fields("account", {"lastPost", "firstPost"});
  objects.where = equals("id", 1);
  EXPECT_EQ(
      json_of(objects),
      R"([{"lastPost":{"id":2,"title":"Child","body":"a lazy dog","authorId":1,"parentId":1,)"
      R"("rating":null,"views":5,"published":false,"tags":[],"meta":null,)"
      R"("at":"2026-02-10T11:30:00.000Z","photo":null,"path":[],"note":null},)"
      R"("firstPost":{"id":1,"title":"Root","body":"the quick fox","authorId":1,"parentId":null,)"
      R"("rating":4.5,"views":100,"published":true,"tags":["a","b"],)"
      R"("meta":{"city":"Oslo","n":[1]},"at":"2026-01-05T10:00:00.000Z","photo":"AP8=",)"
      R"("path":[],"note":"first"}}])");
  objects.where = equals("id", 3);
  EXPECT_EQ(json_of(objects), R"([{"lastPost":null,"firstPost":null}])");
}

TEST_F(ModelSelectTest, ObjectsOfWideModelsAreWhole) {
  auto catalog = std::make_shared<schema::Catalog>();
  std::vector<schema::ModelField> fields = {id_field()};
  for (int i = 0; i < 150; ++i)
    fields.push_back(optional_field("f" + std::to_string(i), schema::ScalarKind::Integer));
  fields.push_back(derived_field("copy", schema::DerivedField::Operation::First));
  catalog->models = {model_of("Wide", "wide", fields)};
  open(catalog);
  run_sql("INSERT INTO wide(id, f0, f59, f60, f149) VALUES (7, 1, 2, 3, 4)");
  const auto rows = read(select_fields("wide", {"copy"}));
  ASSERT_TRUE(rows) << rows.error().message();
  const Object& object = rows->row(0)[0].as_object();
  EXPECT_EQ(object.size(), 151U);
  EXPECT_EQ(*object.find("id"), Value(7.0));
  EXPECT_EQ(*object.find("f59"), Value(2.0));
  EXPECT_EQ(*object.find("f60"), Value(3.0));
  EXPECT_EQ(*object.find("f149"), Value(4.0));
  EXPECT_TRUE(object.find("f100")->is_null());
}

TEST_F(ModelSelectTest, OrdersKeepTheirKeys) {
  EXPECT_EQ(ids_by({by(field_term("rating"), Direction::Ascending)}), "2341");
  EXPECT_EQ(ids_by({by(field_term("rating"), Direction::Ascending, NullsOrder::Last)}), "3412");
  EXPECT_EQ(ids_by({by(field_term("rating"), Direction::Descending, NullsOrder::First)}), "2143");
  EXPECT_EQ(ids_by({by(field_term("views"), Direction::Descending),
                    by(field_term("title"), Direction::Descending)}),
            "1432");
  Select select = select_fields("post", {"id"});
  select.order = {by(field_term("rating"), Direction::Descending, NullsOrder::Last)};
  EXPECT_THAT(sql_of(select), HasSubstr("ORDER BY \"rating\" DESC NULLS LAST"));
  EXPECT_THAT(sql_of(select_fields("post", {"id"})), testing::Not(HasSubstr("ORDER")));
}

TEST_F(ModelSelectTest, OrdersGoOverRelationsToOne) {
  // Authors: Ada, Ada, Lin, none. Teams: Blue, Blue, Amber, none.
  EXPECT_EQ(ids_by({by(via_term({"author"}, "name"), Direction::Descending),
                    by(field_term("id"), Direction::Descending)}),
            "3214");
  EXPECT_EQ(ids_by({by(via_term({"author", "team"}, "name")), by(field_term("id"))}), "4312");
  EXPECT_EQ(ids_by({by(via_term({"parent", "parent", "author"}, "name"), Direction::Descending),
                    by(field_term("id"))}),
            "3124");
  EXPECT_EQ(
      ids_by({by(via_term({"author"}, "postCount"), Direction::Descending), by(field_term("id"))}),
      "1234");
  EXPECT_EQ(ids_by({by(via_term({"labels"}, "name"))}),
            "relation 'labels' of 'Post' leads to several rows");
  EXPECT_EQ(ids_by({by(via_term({"nope"}, "name"))}), "relation 'nope' not found on 'Post'");
  Select select = select_fields("post", {"id"});
  select.where = Expr::raw("name IS NULL OR id > 0", {});
  select.order = {by(via_term({"author"}, "name"))};
  EXPECT_THAT(json_of(select), HasSubstr("no such column: name"));
  select.where = Expr::raw("id > 2", {});  // both tables have an id
  select.order.push_back(by(field_term("id")));
  EXPECT_EQ(json_of(select), R"([{"id":4},{"id":3}])");
}

TEST_F(ModelSelectTest, OrdersAndOutputsAggregateRelations) {
  EXPECT_EQ(ids_by({by(relation_term("posts", {}), Direction::Descending)}, "account"), "123");
  EXPECT_EQ(
      ids_by({by(relation_term("posts", {.function = AggregateFunction::Avg, .field = "views"}))},
             "account"),
      "321");
  EXPECT_EQ(ids_by({by(relation_term("labels", {}), Direction::Descending), by(field_term("id"))}),
            "1423");
  Select select = select_fields("account", {"id"});
  select.order = {by(field_term("id"))};
  select.outputs.push_back(output_of(
      "n", relation_term("posts", {.filter = Expr::raw("published = ?", {parameter(0)})})));
  EXPECT_EQ(json_of(select, {true}), R"([{"id":1,"n":1},{"id":2,"n":1},{"id":3,"n":0}])");
  Select labelled = select_fields("post", {"id"});
  labelled.where = equals("id", 1);
  labelled.outputs.push_back(
      output_of("names", relation_term("labels", {.function = AggregateFunction::TextJoin,
                                                  .field = "name",
                                                  .separator = literal("+"),
                                                  .order_by = "name"})));
  labelled.outputs.push_back(
      output_of("new", relation_term("labels", {.filter = equals("name", "new")})));
  EXPECT_EQ(json_of(labelled), R"([{"id":1,"names":"long+new","new":1}])");
  EXPECT_THAT(ids_by({by(relation_term("author", {}))}), HasSubstr("is belongsTo"));
}

TEST_F(ModelSelectTest, LimitsMayBeAbsentNegativeOrZero) {
  Select select = select_fields("post", {"id"});
  select.order = {by(field_term("id"))};
  select.limit = parameter(0);
  EXPECT_THAT(sql_of(select), testing::EndsWith(" LIMIT ?"));
  EXPECT_EQ(json_of(select, {0.0}), "[]");
  EXPECT_EQ(json_of(select, {2.0}), R"([{"id":1},{"id":2}])");
  EXPECT_EQ(json_of(select, {-1.0}), R"([{"id":1},{"id":2},{"id":3},{"id":4}])");
  EXPECT_EQ(json_of(select, {nullptr}), R"([{"id":1},{"id":2},{"id":3},{"id":4}])");
  EXPECT_EQ(json_of(select, {1.5}), ": limit must be a whole number");
  EXPECT_EQ(json_of(select, {"2"}), ": limit must be a whole number");
  select.offset = parameter(1);
  EXPECT_EQ(json_of(select, {1.0, 2.0}), R"([{"id":3}])");
  select.limit = literal(nullptr);
  EXPECT_THAT(sql_of(select), testing::EndsWith(" LIMIT -1 OFFSET ?"));
  EXPECT_EQ(json_of(select, {1.0, 3.0}), R"([{"id":4}])");
  EXPECT_EQ(json_of(select, {1.0, -3.0}), R"([{"id":1},{"id":2},{"id":3},{"id":4}])");
}

TEST_F(ModelSelectTest, DistinctAndEmptyOutputs) {
  Select select = select_fields("post", {"views"});
  select.is_distinct = true;
  select.order = {by(field_term("views"))};
  EXPECT_EQ(json_of(select), R"([{"views":5},{"views":20},{"views":100}])");
  EXPECT_EQ(json_of(select_fields("team", {})), "[{},{}]");
  Select hidden = select_fields("team", {"id", "name"});
  hidden.outputs[0].is_hidden = true;
  EXPECT_EQ(json_of(hidden), R"([{"name":"Blue"},{"name":"Amber"}])");
  hidden.outputs.push_back(hidden.outputs[1]);
  EXPECT_EQ(json_of(hidden), ": two outputs have the name 'name'");
  EXPECT_THAT(json_of(select_fields("nope", {"id"})), HasSubstr("nope"));
}

TEST_F(ModelSelectTest, AggregatesOfAllRows) {
  Select select{.table = "post"};
  const auto add = [&](std::string_view name, AggregateSpec aggregate) {
    select.outputs.push_back(output_of(name, aggregate_term(std::move(aggregate))));
  };
  add("n", {});
  add("rated", {.field = "rating"});
  add("different", {.field = "views", .is_distinct = true});
  add("sum", {.function = AggregateFunction::Sum, .field = "views"});
  add("average", {.function = AggregateFunction::Avg, .field = "views"});
  add("least", {.function = AggregateFunction::Min, .field = "title"});
  add("most", {.function = AggregateFunction::Max, .field = "published"});
  add("popular", {.filter = Expr::raw("views > ?", {parameter(0)})});
  add("titles", {.function = AggregateFunction::TextJoin,
                 .field = "title",
                 .separator = parameter(1),
                 .order_by = "views"});
  add("plain",
      {.function = AggregateFunction::TextJoin, .field = "body", .separator = literal("|")});
  select.where = Expr::compare(CompareOp::Lt, Expr::make_field("id"), parameter(2));
  // Places stand in the order of the text: filters of outputs before WHERE.
  EXPECT_EQ(json_of(select, {10.0, "/", 4.0}),
            R"([{"n":3,"rated":2,"different":3,"sum":125,"average":41.666666666666664,)"
            R"("least":"Child","most":1,"popular":2,"titles":"Child/Leaf/Root",)"
            R"("plain":"the quick fox|a lazy dog"}])");
  select.where = equals("id", 99);
  EXPECT_EQ(json_of(select, {10.0, "/", 4.0}),
            R"([{"n":0,"rated":0,"different":0,"sum":null,"average":null,"least":null,)"
            R"("most":null,"popular":0,"titles":null,"plain":null}])");
  const auto rows = read(select, {10.0, "/", 4.0});
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->model, nullptr);
  add("bad", {.function = AggregateFunction::Sum});
  EXPECT_THAT(json_of(select), HasSubstr("without a field"));
}

TEST_F(ModelSelectTest, GroupsWithConditionsAndOrders) {
  Select select = select_fields("post", {"published"});
  select.group_by = {field_term("published")};
  const auto count = aggregate_term({});
  const auto sum = aggregate_term({.function = AggregateFunction::Sum, .field = "views"});
  select.outputs.push_back(output_of("n", count));
  select.outputs.push_back(output_of("sum", sum));
  select.order = {by(sum, Direction::Descending)};
  EXPECT_EQ(sql_of(select),
            "SELECT \"published\", COUNT(*), SUM(\"views\") FROM \"post\" GROUP BY \"published\" "
            "ORDER BY SUM(\"views\") DESC");
  EXPECT_EQ(json_of(select), R"([{"published":1,"n":3,"sum":140},{"published":0,"n":1,"sum":5}])");
  select.having = {{.term = count, .op = CompareOp::Gt, .operand = parameter(0)},
                   {.term = sum, .op = CompareOp::Neq, .operand = literal(nullptr)}};
  EXPECT_EQ(json_of(select, {1.0}), R"([{"published":1,"n":3,"sum":140}])");
  select.limit = parameter(1);
  select.offset = parameter(2);
  EXPECT_EQ(json_of(select, {0.0, 5.0, 1.0}), R"([{"published":0,"n":1,"sum":5}])");
  select.group_by = {count};
  EXPECT_THAT(json_of(select), HasSubstr("grouped by fields"));
}

TEST_F(ModelSelectTest, BucketsHaveTheLabelsOfTheSpecification) {
  struct Case {
    TimeUnit unit;
    std::string_view labels;
  };
  const Case cases[] = {
      {TimeUnit::Year, R"([{"b":"2026","n":4}])"},
      {TimeUnit::Quarter, R"([{"b":"2026-Q1","n":2},{"b":"2026-Q2","n":1},{"b":"2026-Q4","n":1}])"},
      {TimeUnit::Month, R"([{"b":"2026-01","n":1},{"b":"2026-02","n":1},{"b":"2026-04","n":1},)"
                        R"({"b":"2026-12","n":1}])"},
      {TimeUnit::Week, R"([{"b":"2026-W01","n":1},{"b":"2026-W06","n":1},{"b":"2026-W13","n":1},)"
                       R"({"b":"2026-W52","n":1}])"},
      {TimeUnit::Day, R"([{"b":"2026-01-05","n":1},{"b":"2026-02-10","n":1},)"
                      R"({"b":"2026-04-01","n":1},{"b":"2026-12-31","n":1}])"},
      {TimeUnit::Hour, R"([{"b":"2026-01-05T10","n":1},{"b":"2026-02-10T11","n":1},)"
                       R"({"b":"2026-04-01T00","n":1},{"b":"2026-12-31T23","n":1}])"},
  };
  for (const Case& c : cases) {
    const query::TermPtr bucket = bucket_term("at", c.unit);
    Select select{.table = "post"};
    select.outputs = {output_of("b", bucket), output_of("n", aggregate_term({}))};
    select.group_by = {bucket};
    select.order = {by(bucket)};
    EXPECT_EQ(json_of(select), c.labels);
  }
}

TEST_F(ModelSelectTest, PredicatesAreValues) {
  Select select = select_fields("post", {"id"});
  select.outputs.push_back(output_of(
      "hit",
      std::make_shared<const Term>(Term{
          .kind = Term::Kind::Expression,
          .expression = Expr::compare(CompareOp::Gt, Expr::make_field("rating"), parameter(0))})));
  select.order = {by(field_term("id"))};
  EXPECT_EQ(json_of(select, {3.0}),
            R"([{"id":1,"hit":1},{"id":2,"hit":null},{"id":3,"hit":0},{"id":4,"hit":1}])");
}

TEST_F(ModelSelectTest, TermsInTheWrongPlaceAreRefused) {
  Select select = select_fields("post", {"id"});
  for (const Term::Kind kind : {Term::Kind::Depth, Term::Kind::SearchRank,
                                Term::Kind::SearchHighlight, Term::Kind::Expression}) {
    select.order = {by(plain_term(kind))};
    EXPECT_FALSE(compile(select));
  }
  select.order.clear();
  select.limit = Expr::make_field("id");
  EXPECT_THAT(sql_of(select), HasSubstr("limit must be a value"));
  Select wide{.table = "post"};
  for (int i = 0; i <= 2'000; ++i)
    wide.outputs.push_back(output_of(std::to_string(i), field_term("id")));
  EXPECT_THAT(sql_of(wide), HasSubstr("at most 2000"));
  wide.outputs.pop_back();
  EXPECT_TRUE(read(wide));
}

// Runs.

TEST_F(ModelSelectTest, NoTextIsCompiledTwice) {
  Select select = select_fields("post", {"id"});
  select.where = Expr::in_parameter(Expr::make_field("id"), 0);
  select.limit = parameter(1);
  const auto compiled = compile(select);
  ASSERT_TRUE(compiled);
  const std::uint64_t before = connection_->statements().compiled();
  for (int i = 0; i < 10; ++i) {
    Array ids(static_cast<std::size_t>(i), Value(i));
    const std::vector<Value> values = {std::move(ids), static_cast<double>(i)};
    ASSERT_TRUE(run_select(*connection_, **compiled, 7, values, budget_));
  }
  EXPECT_EQ(connection_->statements().compiled(), before + 1);
}

TEST_F(ModelSelectTest, PlansOfAnotherSchemaAreStale) {
  const auto compiled = compile(select_fields("post", {"id"}));
  ASSERT_TRUE(compiled);
  const auto rows = run_select(*connection_, **compiled, 8, {}, budget_);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code(), ErrorCode::FailedPrecondition);
  EXPECT_EQ(rows.error().reason(), "stale_plan");
}

TEST_F(ModelSelectTest, ReadsAreChargedAndBounded) {
  const Select select = select_fields("post", {"id", "title"});
  budget_.rows_left = 4;
  EXPECT_THAT(json_of(select), StartsWith("[{"));
  EXPECT_EQ(budget_.rows_left, 0U);
  EXPECT_THAT(json_of(select), StartsWith("read_rows: "));
  budget_ = {};
  budget_.bytes_left = 4 * 2 * 16 + 4 + 5 + 4 + 5;  // cells and titles
  EXPECT_THAT(json_of(select), StartsWith("[{"));
  EXPECT_EQ(budget_.bytes_left, 0U);
  EXPECT_THAT(json_of(select), StartsWith("read_bytes: "));
  budget_ = {};
  budget_.deadline = std::chrono::steady_clock::now();
  EXPECT_THAT(json_of(select), StartsWith("read_time: "));
}

TEST_F(ModelSelectTest, EndlessReadsAreStopped) {
  Select select = select_fields("post", {"id"});
  select.where = Expr::raw(
      "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n)",
      {});
  budget_.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  EXPECT_THAT(json_of(select), StartsWith("read_time: "));
}

TEST_F(ModelSelectTest, PeopleSeeTextAndValues) {
  Select select = select_fields("post", {"id"});
  select.where =
      Expr::all_of({Expr::in_parameter(Expr::make_field("id"), 1), equals("title", "a"),
                    Expr::compare(CompareOp::Eq, Expr::make_field("published"), parameter(0))});
  const auto compiled = compile(select);
  ASSERT_TRUE(compiled);
  EXPECT_EQ((*compiled)->sql(),
            "SELECT \"id\" FROM \"post\" WHERE \"id\" IN (SELECT value FROM json_each(?)) AND "
            "\"title\" = ? AND \"published\" = ?");
  const std::vector<Value> parameters = {true, Array{1.0, 2.0}};
  EXPECT_EQ((*compiled)->sql_values(parameters), (std::vector<Value>{"[1,2]", "a", true}));
}

}  // namespace
}  // namespace moonstone::store::sqlite
