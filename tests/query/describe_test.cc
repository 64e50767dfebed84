// Moonstone. Licence: see LICENSE.
#include "query/describe.h"

#include <gtest/gtest.h>

#include "schema/type.h"

namespace moonstone::query {
namespace {

using enum CompareOp;

ExprPtr is(CompareOp op, std::string_view field, Value value) {
  return Expr::compare(op, Expr::make_field(field), Expr::make_literal(std::move(value)));
}

Dependency rows_of(Query query) {
  Dependency dependency;
  dependency.kind = DependencyKind::Rows;
  dependency.table = query.table;
  dependency.query = std::move(query);
  return dependency;
}

Query query_of(std::string table, ExprPtr where) {
  Query query;
  query.table = std::move(table);
  query.where = std::move(where);
  return query;
}

TEST(DescribeTest, ReadsPredicatesAsPeopleWriteThem) {
  EXPECT_EQ(describe(*is(Eq, "channel", "general")), R"(channel = "general")");
  EXPECT_EQ(describe(*is(Neq, "address.city", nullptr)), "address.city != null");
  EXPECT_EQ(describe(*Expr::all_of({is(Gte, "rank", 3), is(Lt, "rank", 7.5)})),
            "rank >= 3 and rank < 7.5");
  EXPECT_EQ(
      describe(*Expr::all_of({is(Gt, "a", 1), Expr::any_of({is(Lte, "b", 2), is(Eq, "c", true)})})),
      "a > 1 and (b <= 2 or c = true)");
  EXPECT_EQ(describe(*Expr::negate(is(Eq, "done", true))), "not (done = true)");
  EXPECT_EQ(describe(*Expr::in(Expr::make_field("state"), {"open", "late"})),
            R"(state in ["open","late"])");
  EXPECT_EQ(describe(*Expr::all_of({})), "true");
  EXPECT_EQ(describe(*Expr::any_of({})), "false");
}

TEST(DescribeTest, CutsLongValuesAndLongPredicatesBetweenCharacters) {
  const std::string long_text(1000, 'x');
  const std::string one = describe(*is(Eq, "a", long_text));
  EXPECT_LT(one.size(), kDescribedValueBytesMax + 20);
  EXPECT_TRUE(one.ends_with("…"));
  std::vector<ExprPtr> many;
  for (int i = 0; i < 1000; ++i)
    many.push_back(is(Eq, "field", i));
  const std::string all = describe(*Expr::any_of(std::move(many)));
  EXPECT_LE(all.size(), kDescribedBytesMax + 3);
  EXPECT_TRUE(all.ends_with("…"));
  EXPECT_EQ(shortened_text("aéb", 2), "a…");
  EXPECT_EQ(shortened_text("aéb", 3), "aé…");
  EXPECT_EQ(shortened_text("aéb", 4), "aéb");
}

TEST(DescribeTest, SaysWhatADependencyStandsFor) {
  Dependency document;
  document.kind = DependencyKind::Document;
  document.table = "users";
  document.id = "users:1";
  EXPECT_EQ(describe(document).text, "the document users:1");
  EXPECT_EQ(describe(document).found_by, R"(_id = "users:1")");

  Dependency whole;
  whole.table = "users";
  EXPECT_EQ(describe(whole).text, "everything in users");
  EXPECT_EQ(describe(whole).found_by, "");

  Dependency count = rows_of(query_of("tasks", is(Eq, "done", false)));
  count.kind = DependencyKind::Count;
  EXPECT_EQ(describe(count).text, "how many rows of tasks where done = false");
}

TEST(DescribeTest, ShowsOrderLimitAndTheBoundaryOfAFullPage) {
  schema::Table table;
  table.name = "tasks";
  table.fields.push_back(
      {.name = "rank", .type = schema::Type::scalar(schema::TypeKind::Number), .id = {1}});
  Dependency page = rows_of({.table = "tasks",
                             .where = Expr::all_of({is(Gte, "rank", 3), is(Lt, "rank", 9)}),
                             .order = {{.field = "rank", .direction = Direction::Descending}},
                             .limit = 10});
  page.boundary = Row{.table = &table, .number = 5, .id = "tasks:5", .values = {4.0}};
  const DescribedDependency parts = describe(page);
  EXPECT_EQ(parts.kind, "rows");
  EXPECT_EQ(parts.limit, "10");
  EXPECT_EQ(parts.order, "rank descending");
  EXPECT_EQ(parts.boundary, "tasks:5, rank 4");
  EXPECT_EQ(parts.found_by, "rank from 4 to 9");
  EXPECT_EQ(parts.text,
            "rows of tasks where rank >= 3 and rank < 9, by rank descending, the first 10, up to "
            "tasks:5, rank 4");
}

TEST(DescribeTest, OneShapeForAllValues) {
  Query few = query_of("tasks", Expr::all_of({is(Eq, "owner", "ada"), is(Gt, "rank", 3)}));
  few.limit = 10;
  Query other = query_of("tasks", Expr::all_of({is(Eq, "owner", "bob"), is(Gt, "rank", 9)}));
  other.limit = 20;
  EXPECT_EQ(shape_of(few), "tasks where owner = ? and rank > ?, the first ?");
  EXPECT_EQ(shape_of(few), shape_of(other));
}

TEST(DescribeTest, NamesTheSearchedText) {
  Query query = query_of("notes", nullptr);
  query.search = SearchClause{.field = "text", .text = "fix*", .skipped = {}};
  EXPECT_EQ(describe(rows_of(std::move(query))).text,
            R"(rows of notes, found by searching text for "fix*", by relevance)");
}

}  // namespace
}  // namespace moonstone::query
