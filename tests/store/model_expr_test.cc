// Moonstone. Licence: see LICENSE.
// Predicates of models: the texts of litestone.md 11, word for word, and what SQLite makes of them.

#include "store/sqlite/internal/model_expr.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "query/expr.h"
#include "store/sqlite/internal/raw_expression.h"
#include "tests/store/model_catalog.h"
#include "tests/store/model_read_fixture.h"

namespace moonstone::store::sqlite {
namespace {

using query::CompareOp;
using query::Expr;
using query::ExprPtr;
using testing::HasSubstr;
using testing::StartsWith;

ExprPtr field(std::string_view path) {
  return Expr::make_field(path);
}
ExprPtr value(Value literal) {
  return Expr::make_literal(std::move(literal));
}
ExprPtr parameter(std::size_t position) {
  return Expr::make_parameter(position);
}
ExprPtr compare(std::string_view path, CompareOp op, ExprPtr right) {
  return Expr::compare(op, field(path), std::move(right));
}
ExprPtr equals(std::string_view path, ExprPtr right) {
  return compare(path, CompareOp::Eq, std::move(right));
}

using ModelExprTest = ModelReadTest;

TEST_F(ModelExprTest, OperatorsHaveTheTextsOfTheSpecification) {
  struct Case {
    ExprPtr where;
    std::string_view sql;
  };
  const Case cases[] = {
      {equals("title", value(nullptr)), "\"title\" IS NULL"},
      {equals("title", value("a")), "\"title\" = ?"},
      {equals("published", parameter(0)), "\"published\" = ?"},
      {compare("views", CompareOp::Gt, parameter(0)), "\"views\" > ?"},
      {compare("views", CompareOp::Gte, parameter(0)), "\"views\" >= ?"},
      {compare("views", CompareOp::Lt, parameter(0)), "\"views\" < ?"},
      {compare("views", CompareOp::Lte, parameter(0)), "\"views\" <= ?"},
      {Expr::compare(CompareOp::Lt, parameter(0), field("views")), "\"views\" > ?"},
      {compare("title", CompareOp::Neq, parameter(0)), "\"title\" != ?"},
      {compare("title", CompareOp::Neq, value(nullptr)), "\"title\" IS NOT NULL"},
      {Expr::in(field("views"), {1, 2}), "\"views\" IN (?, ?)"},
      {Expr::in(field("views"), {}), "0 = 1"},
      {Expr::in_parameter(field("views"), 0), "\"views\" IN (SELECT value FROM json_each(?))"},
      {Expr::any_of({Expr::negate(Expr::in(field("views"), {1})), equals("views", value(nullptr))}),
       "\"views\" NOT IN (?) OR \"views\" IS NULL"},
      {Expr::like(field("title"), parameter(0)), "\"title\" LIKE ?"},
      {Expr::has_element(field("tags"), parameter(0)),
       "EXISTS (SELECT 1 FROM json_each(\"tags\") WHERE value = ?)"},
      {Expr::compare(CompareOp::Eq, Expr::list_length(field("tags")), value(0)),
       "json_array_length(\"tags\") = ?"},
      {Expr::negate(equals("views", parameter(0))), "NOT (\"views\" = ?)"},
      {Expr::all_of({equals("views", parameter(0)),
                     Expr::any_of({equals("id", parameter(1)), equals("id", parameter(2))})}),
       "\"views\" = ? AND (\"id\" = ? OR \"id\" = ?)"},
      {Expr::raw("price > ?", {parameter(0)}), "(price > ?)"},
      {equals("meta.city", parameter(0)), "json_extract(\"meta\", '$.city') = ?"},
      {equals("meta.coords.lat", value(nullptr)), "json_extract(\"meta\", '$.coords.lat') IS NULL"},
      {Expr::like(field("meta.city"), parameter(0)),
       "CAST(json_extract(\"meta\", '$.city') AS TEXT) LIKE ?"},
      {equals("meta", value(nullptr)), "\"meta\" IS NULL"},
      {equals("note", parameter(0)), "\"the note\" = ?"},
      {Expr::opaque(equals("views", parameter(0))), "\"views\" = ?"},
  };
  for (const Case& c : cases)
    EXPECT_EQ(where_sql("post", c.where), c.sql);
}

TEST_F(ModelExprTest, DerivedFieldsStandInPredicates) {
  fill();
  EXPECT_EQ(where_sql("account", compare("postCount", CompareOp::Gt, parameter(0))),
            "(SELECT COUNT(*) FROM \"post\" AS \"_f\" WHERE \"_f\".\"authorId\" = "
            "\"account\".\"id\") > ?");
  EXPECT_EQ(where_sql("account", equals("hasPosts", value(true))),
            "EXISTS (SELECT 1 FROM \"post\" AS \"_f\" WHERE \"_f\".\"authorId\" = "
            "\"account\".\"id\")");
  EXPECT_THAT(where_sql("account", equals("hasPosts", value(false))), StartsWith("NOT EXISTS ("));
  const auto ids = [&](const ExprPtr& where, const std::vector<Value>& parameters) {
    return ids_where(where, parameters, "account");
  };
  EXPECT_EQ(ids(compare("postCount", CompareOp::Gt, parameter(0)), {1.0}), "1");
  EXPECT_EQ(ids(equals("popularCount", parameter(0)), {1.0}), "1,2");
  EXPECT_EQ(ids(compare("views", CompareOp::Gte, parameter(0)), {0.0}), "1,2,3");
  EXPECT_EQ(ids(compare("bestViews", CompareOp::Gt, parameter(0)), {0.0}), "1,2");
  EXPECT_EQ(ids(equals("hasPosts", value(false)), {}), "3");
  EXPECT_EQ(ids(compare("hasPosts", CompareOp::Neq, value(false)), {}), "1,2");
  EXPECT_EQ(ids(equals("isSilent", parameter(0)), {true}), "3");
}

TEST_F(ModelExprTest, ValuesOfAnotherClassAreNotConverted) {
  fill();
  run_sql("UPDATE post SET title = '5' WHERE id = 2");
  // SQLite alone would find '5' by 5 and 20 by '20'.
  EXPECT_EQ(ids_where(equals("title", parameter(0)), {5.0}), "");
  EXPECT_EQ(ids_where(compare("title", CompareOp::Neq, parameter(0)), {5.0}), "1,2,3,4");
  EXPECT_EQ(ids_where(equals("title", parameter(0)), {"5"}), "2");
  EXPECT_EQ(ids_where(equals("views", parameter(0)), {"20"}), "");
  EXPECT_EQ(ids_where(compare("views", CompareOp::Lt, parameter(0)), {"0"}), "1,2,3,4");
  EXPECT_EQ(ids_where(compare("rating", CompareOp::Gte, parameter(0)), {"0"}), "");
  EXPECT_EQ(ids_where(Expr::in_parameter(field("title"), 0), {Value(Array{5, "Leaf"})}), "3");
  EXPECT_EQ(ids_where(Expr::in_parameter(field("views"), 0), {Value(Array{"20", 5})}), "2");
  EXPECT_EQ(ids_where(Expr::in(field("title"), {5, "Leaf"})), "3");
  EXPECT_EQ(ids_where(compare("title", CompareOp::Gt, value(5))), "1,2,3,4");
  EXPECT_EQ(ids_where(compare("title", CompareOp::Lte, value(5))), "");
  EXPECT_EQ(ids_where(compare("title", CompareOp::Gt, parameter(0)), {5.0}),
            "type: field 'title' of model 'Post' holds text, which has no order among numbers");
}

TEST_F(ModelExprTest, NumbersBeyondDoublesAreExact) {
  fill();
  constexpr std::int64_t kBig = (std::int64_t{1} << 53) + 1;
  run_sql("UPDATE post SET rating = 9007199254740992.0, views = 9007199254740993 WHERE id = 1");
  EXPECT_EQ(ids_where(equals("rating", parameter(0)), {kBig}), "");
  EXPECT_EQ(ids_where(equals("rating", parameter(0)), {kBig - 1}), "1");
  EXPECT_EQ(ids_where(compare("rating", CompareOp::Lt, parameter(0)), {kBig}), "1,3,4");
  EXPECT_EQ(ids_where(compare("rating", CompareOp::Gte, parameter(0)), {kBig}), "");
  EXPECT_EQ(ids_where(compare("rating", CompareOp::Gt, parameter(0)), {kBig}), "");
  EXPECT_EQ(ids_where(compare("rating", CompareOp::Lte, parameter(0)), {kBig - 2}), "3,4");
  EXPECT_EQ(ids_where(equals("views", parameter(0)), {kBig}), "1");
  EXPECT_EQ(ids_where(equals("views", parameter(0)), {static_cast<double>(kBig)}), "");
  EXPECT_EQ(ids_where(Expr::in_parameter(field("views"), 0), {Value(Array{kBig})}), "1");
  EXPECT_EQ(ids_where(compare("rating", CompareOp::Lt, parameter(0)),
                      {std::numeric_limits<double>::infinity()}),
            "1,3,4");
  EXPECT_EQ(ids_where(equals("rating", parameter(0)), {std::nan("")}), "");
}

TEST_F(ModelExprTest, ListsOfAnyLengthAreOnePlace) {
  fill();
  EXPECT_EQ(ids_where(Expr::in_parameter(field("id"), 0), {Value(Array{})}), "");
  EXPECT_EQ(ids_where(Expr::in_parameter(field("id"), 0), {Value(Array{1, nullptr, 4})}), "1,4");
  EXPECT_EQ(ids_where(Expr::negate(Expr::in_parameter(field("id"), 0)), {Value(Array{1, nullptr})}),
            "");
  EXPECT_EQ(ids_where(Expr::in_parameter(field("photo"), 0),
                      {Value(Array{Bytes{std::string("\0\xff", 2)}, "00FF"})}),
            "1");
  EXPECT_EQ(ids_where(Expr::in(field("photo"), {Bytes{std::string("\0\xff", 2)}})), "1");
  EXPECT_EQ(ids_where(Expr::in_parameter(field("published"), 0), {Value(Array{false})}), "2");
  EXPECT_EQ(ids_where(Expr::in_parameter(field("rating"), 0), {Value(Array{4.5, 2})}), "1,3");
  Array many;
  for (int i = 0; i < 100'000; ++i)
    many.emplace_back(i);
  EXPECT_EQ(ids_where(Expr::in_parameter(field("id"), 0), {Value(many)}), "1,2,3,4");
}

TEST_F(ModelExprTest, ListsAndPathsAreRead) {
  fill();
  run_sql("UPDATE post SET path = '[\"x\"]' WHERE id = 3");
  EXPECT_EQ(ids_where(Expr::has_element(field("tags"), parameter(0)), {"b"}), "1,3");
  EXPECT_EQ(ids_where(Expr::has_element(field("tags"), parameter(0)), {5.0}), "4");
  EXPECT_EQ(ids_where(Expr::has_element(field("tags"), parameter(0)), {"5"}), "");
  // json_each has a column of that name.
  EXPECT_EQ(ids_where(Expr::has_element(field("path"), parameter(0)), {"x"}), "3");
  EXPECT_EQ(ids_where(Expr::compare(CompareOp::Gt, Expr::list_length(field("tags")), value(1))),
            "1,4");
  EXPECT_EQ(ids_where(equals("meta.city", parameter(0)), {"Rome"}), "3");
  EXPECT_EQ(ids_where(compare("meta.deep.x", CompareOp::Gte, parameter(0)), {3.0}), "3");
  EXPECT_EQ(ids_where(Expr::has_element(field("meta.n"), parameter(0)), {1.0}), "1");
  EXPECT_EQ(ids_where(Expr::like(field("meta.deep.x"), parameter(0)), {"3%"}), "3");
  EXPECT_EQ(ids_where(equals("meta.$x", value(nullptr))), "1,2,3,4");
  EXPECT_EQ(ids_where(equals("title.x", parameter(0)), {"a"}),
            "unknown_field: field 'title' of model 'Post' has no members");
}

TEST_F(ModelExprTest, RawSqlIsOneExpressionWithItsValues) {
  fill();
  EXPECT_EQ(ids_where(Expr::raw("views > ? AND title <> ?", {parameter(1), value("Other")}),
                      {"unused", 10.0}),
            "1,3");
  // After the places of others, and before them.
  EXPECT_EQ(ids_where(Expr::all_of({equals("views", parameter(0)),
                                    Expr::raw("id = ? -- the ? of a comment", {value(4)}),
                                    equals("published", parameter(1))}),
                      {20.0, true}),
            "4");
  EXPECT_EQ(ids_where(Expr::raw("title = 'a?;b)' OR \"id\" = 2 OR [id] = 3 OR `id` = 1", {})),
            "1,2,3");
  EXPECT_THAT(ids_where(Expr::raw("nope = 1", {})), StartsWith("sql: no such column: nope"));
  EXPECT_THAT(ids_where(Expr::raw("views +", {})), StartsWith("sql: "));
}

TEST_F(ModelExprTest, RawSqlCannotLeaveItsParentheses) {
  struct Case {
    std::string_view text;
    std::size_t places;
    std::string_view error;
  };
  const Case cases[] = {
      {"1) OR (1", 0, "closes a parenthesis"},
      {"(1", 0, "is not closed"},
      {"1; DROP TABLE post", 0, "without ;"},
      {"1 /* open", 0, "comment that does not end"},
      {"'open", 0, "quotation that does not end"},
      {"\"open", 0, "quotation that does not end"},
      {"[open", 0, "quotation that does not end"},
      {"id = ?1", 1, "without numbers"},
      {"id = :name", 1, "without names"},
      {"id = @name", 1, "without names"},
      {"id = $name", 1, "without names"},
      {"id = ?", 0, "1 places for 0 values"},
      {"id = 1", 1, "0 places for 1 values"},
      {"  -- nothing", 0, "is empty"},
      {"", 0, "is empty"},
      {std::string_view("a\0b", 3), 0, "U+0000"},
  };
  for (const Case& c : cases) {
    std::string out;
    const Status status = append_raw_sql(c.text, c.places, out);
    ASSERT_FALSE(status) << c.text;
    EXPECT_EQ(status.error().reason(), "sql");
    EXPECT_THAT(status.error().message(), HasSubstr(c.error)) << c.text;
    EXPECT_EQ(out, "") << c.text;
  }
}

TEST_F(ModelExprTest, UnknownFieldsAreNamed) {
  EXPECT_EQ(ids_where(equals("nope", parameter(0)), {1.0}),
            "unknown_field: Unknown field 'nope' on model 'Post'");
  EXPECT_EQ(ids_where(equals("x\" OR 1=1 --", parameter(0)), {1.0}),
            "unknown_field: Unknown field 'x\" OR 1=1 --' on model 'Post'");
  ExprPtr nested = value(true);
  for (std::size_t i = 0; i < query::kExprDepthMax; ++i)
    nested = Expr::negate(nested);
  EXPECT_THAT(ids_where(nested), HasSubstr("nested deeper than"));
}

TEST_F(ModelExprTest, LongChainsAreNoDeepTrees) {
  fill();
  std::vector<ExprPtr> alternatives;
  for (int i = 0; i < 600; ++i)
    alternatives.push_back(equals("id", value(i * 2)));
  EXPECT_EQ(ids_where(Expr::any_of(alternatives)), "2,4");
  EXPECT_EQ(ids_where(Expr::negate(Expr::any_of(alternatives))), "1,3");
}

TEST_F(ModelExprTest, TextWithNulIsRefused) {
  EXPECT_THAT(ids_where(equals("title", parameter(0)), {std::string("a\0b", 3)}),
              StartsWith("nul_in_text"));
  EXPECT_THAT(
      ids_where(Expr::in_parameter(field("title"), 0), {Value(Array{std::string("a\0b", 3)})}),
      StartsWith("nul_in_text"));
}

TEST_F(ModelExprTest, HostileNamesAreQuoted) {
  auto catalog = std::make_shared<schema::Catalog>();
  schema::Model model = model_of("Odd", "_f", {id_field(), model_field("a\"b' --")});
  using Operation = schema::DerivedField::Operation;
  const schema::ModelField count = derived_field("count", Operation::Count);
  const schema::ModelField first = derived_field("first", Operation::First);
  schema::ModelField row = model_field("rowid");
  model.fields.insert(model.fields.end(), {count, first, row});
  catalog->models = {model};
  open(catalog);
  run_sql("INSERT INTO _f VALUES (1, 'x', 'r')");
  const std::string_view odd = "a\"b' --";
  EXPECT_EQ(ids_where(Expr::all_of({equals(odd, parameter(0)), equals("count", parameter(1))}),
                      {"x", 1.0}, "_f"),
            "1");
  EXPECT_EQ(json_of(select_fields("_f", {"first"})),
            R"([{"first":{"id":1,"a\"b' --":"x","rowid":"r"}}])");
  EXPECT_EQ(where_sql("_f", equals(query::kRowNumberField, parameter(0))), "\"_rowid_\" = ?");
}

TEST_F(ModelExprTest, DerivedFieldsThatNeedEachOtherAreRefused) {
  auto catalog = std::make_shared<schema::Catalog>();
  const schema::ModelField circle =
      derived_field("circle", schema::DerivedField::Operation::Max, "circle");
  catalog->models = {model_of("Loop", "loop", {id_field(), circle})};
  open(catalog);
  EXPECT_THAT(sql_of(select_fields("loop", {"circle"})), HasSubstr("refer to each other"));
}

}  // namespace
}  // namespace moonstone::store::sqlite
