// Moonstone. Licence: see LICENSE.
// Windows, recursion, search and pages of related rows (litestone.md 13.3, 17, 32.4, 32.5).

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "query/expr.h"
#include "tests/store/model_read_fixture.h"

namespace moonstone::store::sqlite {
namespace {

using query::CompareOp;
using query::Direction;
using query::Expr;
using query::ExprPtr;
using query::Frame;
using query::FrameBound;
using query::Recursion;
using query::Select;
using query::Term;
using query::WindowFunction;
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

class ModelShapesTest : public ModelReadTest {
 protected:
  void SetUp() override {
    ModelReadTest::SetUp();
    fill();
  }

  /// The values of one window function, in the order of ids, as JSON.
  std::string values_of(WindowSpec window, const std::vector<Value>& parameters = {}) {
    Select select{.table = "post"};
    select.outputs = {output_of("w", window_term(std::move(window)))};
    select.order = {by(field_term("id"))};
    const auto rows = read(select, parameters);
    if (!rows) return rows.error().reason() + ": " + rows.error().message();
    std::string values;
    for (const Value& cell : rows->cells) {
      values += (values.empty() ? "" : ",");
      values += cell.is_text()   ? cell.as_text()
                : cell.is_null() ? "null"
                                 : std::to_string(cell.to_double()).substr(0, 4);
    }
    return values;
  }
};

TEST_F(ModelShapesTest, EveryWindowFunction) {
  const std::vector<query::OrderKey> by_views = {by(field_term("views")), by(field_term("id"))};
  const auto of = [&](WindowFunction function, std::string field = "", ExprPtr offset = nullptr,
                      ExprPtr default_value = nullptr) {
    return values_of({.function = function,
                      .field = std::move(field),
                      .offset = std::move(offset),
                      .default_value = std::move(default_value),
                      .order = by_views});
  };
  // By views: 2 (5), 3 (20), 4 (20), 1 (100).
  EXPECT_EQ(of(WindowFunction::RowNumber), "4.00,1.00,2.00,3.00");
  EXPECT_EQ(values_of({.function = WindowFunction::Rank, .order = {by(field_term("views"))}}),
            "4.00,1.00,2.00,2.00");
  EXPECT_EQ(values_of({.function = WindowFunction::DenseRank, .order = {by(field_term("views"))}}),
            "3.00,1.00,2.00,2.00");
  EXPECT_EQ(of(WindowFunction::CumeDist), "1.00,0.25,0.50,0.75");
  EXPECT_EQ(of(WindowFunction::PercentRank), "1.00,0.00,0.33,0.66");
  EXPECT_EQ(of(WindowFunction::Lag, "title"), "Other,null,Child,Leaf");
  EXPECT_EQ(of(WindowFunction::Lag, "title", literal(2), literal("-")), "Leaf,-,-,Child");
  EXPECT_EQ(of(WindowFunction::Lead, "title", nullptr, literal("-")), "-,Leaf,Other,Root");
  EXPECT_EQ(of(WindowFunction::FirstValue, "title"), "Child,Child,Child,Child");
  EXPECT_EQ(of(WindowFunction::LastValue, "title"), "Root,Child,Leaf,Other");
  EXPECT_EQ(of(WindowFunction::NthValue, "title", literal(2)), "Leaf,null,Leaf,Leaf");
  EXPECT_EQ(of(WindowFunction::NthValue, "title"), "Child,Child,Child,Child");
  EXPECT_EQ(of(WindowFunction::Ntile, "", literal(2)), "2.00,1.00,1.00,2.00");
  EXPECT_EQ(of(WindowFunction::Sum, "views"), "145.,5.00,25.0,45.0");
  EXPECT_EQ(of(WindowFunction::Avg, "views"), "36.2,5.00,12.5,15.0");
  EXPECT_EQ(of(WindowFunction::Min, "title"), "Child,Child,Child,Child");
  EXPECT_EQ(of(WindowFunction::Max, "views"), "100.,5.00,20.0,20.0");
  EXPECT_EQ(of(WindowFunction::Count), "4.00,1.00,2.00,3.00");
  EXPECT_EQ(of(WindowFunction::Count, "rating"), "3.00,0.00,1.00,2.00");
  EXPECT_THAT(of(WindowFunction::Sum), HasSubstr("needs a field"));
  EXPECT_THAT(of(WindowFunction::Ntile), HasSubstr("needs a number"));
}

TEST_F(ModelShapesTest, WindowsHavePartitionsFramesAndFilters) {
  WindowSpec window{.function = WindowFunction::Sum,
                    .field = "views",
                    .partition_by = {"published"},
                    .order = {by(field_term("id"))},
                    .frame = Frame{.unit = Frame::Unit::Rows,
                                   .begin = {.kind = FrameBound::Kind::Preceding, .offset = 1},
                                   .end = {.kind = FrameBound::Kind::CurrentRow}}};
  EXPECT_EQ(values_of(window), "100.,5.00,120.,40.0");
  window.filter = Expr::raw("views < ?", {parameter(0)});
  EXPECT_EQ(values_of(window, {50.0}), "null,5.00,20.0,40.0");
  window.frame = Frame{.unit = Frame::Unit::Range,
                       .begin = {.kind = FrameBound::Kind::Unbounded},
                       .end = {.kind = FrameBound::Kind::Unbounded}};
  window.filter = nullptr;
  EXPECT_EQ(values_of(window), "140.,5.00,140.,140.");
  window.frame->end = {.kind = FrameBound::Kind::Following, .offset = -1};
  EXPECT_THAT(values_of(window), HasSubstr("negative"));
  EXPECT_THAT(values_of({.function = WindowFunction::Rank, .filter = equals("id", 1)}),
              HasSubstr("takes a filter"));
  // Orders may read related rows.
  EXPECT_EQ(values_of({.function = WindowFunction::RowNumber,
                       .order = {by(via_term({"author"}, "name"), Direction::Descending),
                                 by(field_term("id"))}}),
            "2.00,3.00,1.00,4.00");
}

TEST_F(ModelShapesTest, WindowsSeeAllFilteredRowsBeforeTheLimit) {
  Select select = select_fields("post", {"id"});
  select.outputs.insert(
      select.outputs.begin(),
      output_of("n", window_term({.function = WindowFunction::Count,
                                  .filter = Expr::raw("views < ?", {parameter(0)})})));
  select.where = Expr::compare(CompareOp::Lt, Expr::make_field("id"), parameter(1));
  select.order = {by(field_term("id"))};
  select.limit = parameter(2);
  EXPECT_EQ(json_of(select, {50.0, 4.0, 1.0}), R"([{"n":2,"id":1}])");
}

class ModelRecursionTest : public ModelShapesTest {
 protected:
  /// "id:depth" of the walk from the posts of `where`.
  std::string walk(Recursion::Direction direction,
                   ExprPtr where,
                   ExprPtr depth_max = nullptr,
                   ExprPtr filter = nullptr) {
    Select select = select_fields("post", {"id"});
    select.outputs.push_back(output_of("_depth", plain_term(Term::Kind::Depth)));
    select.where = std::move(where);
    select.order = {by(plain_term(Term::Kind::Depth)), by(field_term("id"))};
    select.recursion = Recursion{.direction = direction,
                                 .relation = "parent",
                                 .depth_max = std::move(depth_max),
                                 .filter = std::move(filter)};
    const auto rows = read(select, {2.0, 10.0});
    if (!rows) return rows.error().reason() + ": " + rows.error().message();
    std::string walked;
    for (std::size_t i = 0; i < rows->count; ++i) {
      const auto row = rows->row(i);
      walked += (i > 0 ? " " : "") + std::to_string(static_cast<int>(row[0].as_number())) + ":" +
                std::to_string(static_cast<int>(row[1].as_number()));
    }
    return walked;
  }

  static constexpr auto kDown = Recursion::Direction::Descendants;
  static constexpr auto kUp = Recursion::Direction::Ancestors;
};

// 1 <- 2 <- 3, 1 <- 4.
TEST_F(ModelRecursionTest, WalksDownAndUp) {
  EXPECT_EQ(walk(kDown, equals("id", 1)), "2:1 4:1 3:2");
  EXPECT_EQ(walk(kUp, equals("id", 3)), "2:1 1:2");
  EXPECT_EQ(walk(kDown, equals("id", 3)), "");
  EXPECT_EQ(walk(kUp, equals("id", 1)), "");
  // From several rows: the shortest way counts.
  EXPECT_EQ(walk(kDown, Expr::in(Expr::make_field("id"), {1, 2})), "2:1 3:1 4:1");
  EXPECT_EQ(walk(kUp, nullptr), "1:1 2:1");
}

TEST_F(ModelRecursionTest, DepthIsBoundedAndFiltersPrune) {
  EXPECT_EQ(walk(kDown, equals("id", 1), literal(1)), "2:1 4:1");
  EXPECT_EQ(walk(kDown, equals("id", 1), parameter(0)), "2:1 4:1 3:2");
  // Not 2, and so not 3 behind it.
  EXPECT_EQ(walk(kDown, equals("id", 1), nullptr, Expr::raw("views > ?", {parameter(1)})), "4:1");
  EXPECT_EQ(walk(kUp, equals("id", 3), nullptr, equals("published", true)), "");
}

TEST_F(ModelRecursionTest, CirclesEnd) {
  run_sql("UPDATE post SET parentId = 3 WHERE id = 1");
  EXPECT_EQ(walk(kDown, equals("id", 1)), "2:1 4:1 3:2");
  EXPECT_EQ(walk(kUp, equals("id", 4)), "1:1 3:2 2:3");
  run_sql("UPDATE post SET parentId = 1 WHERE id = 1");
  EXPECT_EQ(walk(kDown, equals("id", 1)), "2:1 4:1 3:2");
  EXPECT_EQ(walk(kUp, equals("id", 3)), "2:1 1:2");
}

TEST_F(ModelRecursionTest, OtherRelationsAreRefused) {
  Select select = select_fields("post", {"id"});
  select.recursion.emplace().relation = "author";
  EXPECT_THAT(json_of(select), HasSubstr("no self-referential relation 'author' on 'Post'"));
  select.recursion->relation = "parent";
  select.search = literal("x");
  EXPECT_THAT(json_of(select), HasSubstr("cannot be recursive"));
}

class ModelSearchTest : public ModelShapesTest {
 protected:
  Select search(std::vector<std::string> names = {"id"}) {
    Select select = select_fields("post", std::move(names));
    select.search = parameter(0);
    return select;
  }
};

TEST_F(ModelSearchTest, RowsComeByRank) {
  EXPECT_EQ(json_of(search(), {"quick"}), R"([{"id":4},{"id":1}])");
  EXPECT_EQ(json_of(search(), {"lazy OR root"}), R"([{"id":1},{"id":2}])");
  EXPECT_EQ(json_of(search(), {"title: quick"}), "[]");
  Select ordered = search();
  ordered.order = {by(field_term("id"))};
  EXPECT_EQ(json_of(ordered, {"quick"}), R"([{"id":1},{"id":4}])");
}

TEST_F(ModelSearchTest, FiltersComeBeforeTheLimit) {
  Select select = search();
  select.where = Expr::raw("title = ? AND id = 1", {parameter(1)});  // columns of both tables
  select.limit = parameter(2);
  EXPECT_EQ(json_of(select, {"quick", "Root", 1.0}), R"([{"id":1}])");
}

TEST_F(ModelSearchTest, MarksAndRanks) {
  Select select = search();
  const auto mark = [&](std::string_view name, Term term) {
    select.outputs.push_back(output_of(name, std::make_shared<const Term>(std::move(term))));
  };
  mark("h", {.kind = Term::Kind::SearchHighlight, .field = "body"});
  mark("s", {.kind = Term::Kind::SearchSnippet,
             .field = "body",
             .search_open = parameter(1),
             .search_close = literal("]"),
             .search_ellipsis = literal("~"),
             .search_tokens = literal(2)});
  EXPECT_EQ(json_of(select, {"fox", "["}),
            R"([{"id":1,"h":"the quick <mark>fox</mark>","s":"~quick [fox]"},)"
            R"({"id":4,"h":"quick quick <mark>fox</mark>","s":"~quick [fox]"}])");
  Select ranked = search();
  ranked.outputs.push_back(output_of("_rank", plain_term(Term::Kind::SearchRank)));
  const auto rows = read(ranked, {"quick"});
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->count, 2U);
  EXPECT_LT(rows->row(0)[1].as_number(), rows->row(1)[1].as_number());
  EXPECT_LT(rows->row(1)[1].as_number(), 0);
  mark("bad", {.kind = Term::Kind::SearchHighlight, .field = "views"});
  EXPECT_THAT(json_of(select, {"fox", "["}), HasSubstr("is not searched. Fields: title, body"));
}

TEST_F(ModelSearchTest, MistakesAreTold) {
  for (const std::string_view text : {"", "\"open", "AND", "fox AND", "nope: fox", "*", "fox)"})
    EXPECT_THAT(json_of(search(), {text}), StartsWith("search_syntax: ")) << text;
  EXPECT_THAT(json_of(search(), {5.0}), StartsWith("search_syntax: "));
  Select other = select_fields("team", {"id"});
  other.search = literal("x");
  EXPECT_THAT(json_of(other), HasSubstr("it has no @@fts"));
}

TEST_F(ModelSearchTest, MatchesAreCounted) {
  Select select{.table = "post"};
  select.search = parameter(0);
  select.outputs = {output_of("n", aggregate_term({}))};
  EXPECT_EQ(json_of(select, {"quick"}), R"([{"n":2}])");
}

using ModelPagesTest = ModelShapesTest;

TEST_F(ModelPagesTest, EachGroupHasItsOwnLimit) {
  Select select = select_fields("post", {"published", "id"});
  select.limit_by = "published";
  select.order = {by(field_term("views"), Direction::Descending), by(field_term("id"))};
  select.limit = parameter(0);
  EXPECT_EQ(json_of(select, {2.0}),
            R"([{"published":false,"id":2},{"published":true,"id":1},{"published":true,"id":3}])");
  EXPECT_EQ(json_of(select, {0.0}), "[]");
  EXPECT_THAT(json_of(select, {-1.0}), HasSubstr(R"({"published":true,"id":4}])"));
  select.offset = parameter(1);
  EXPECT_EQ(json_of(select, {1.0, 1.0}), R"([{"published":true,"id":3}])");
  select.limit = nullptr;
  EXPECT_EQ(json_of(select, {1.0, 1.0}),
            R"([{"published":true,"id":3},{"published":true,"id":4}])");
  select.order.clear();
  select.where = Expr::in_parameter(Expr::make_field("id"), 0);
  EXPECT_EQ(json_of(select, {Array{1, 4}, 1.0}), R"([{"published":true,"id":4}])");
  select.is_distinct = true;
  EXPECT_THAT(json_of(select), HasSubstr("grouped or distinct"));
}

TEST_F(ModelPagesTest, PagesHaveDerivedFieldsAndRelations) {
  Select select = select_fields("account", {"name", "postCount", "hasPosts"});
  select.limit_by = "teamId";
  select.limit = literal(1);
  select.order = {by(relation_term("posts", {}), Direction::Descending),
                  by(via_term({"team"}, "name"))};
  EXPECT_THAT(json_of(select), HasSubstr(R"({"name":"Ada","postCount":2,"hasPosts":true})"));
}

}  // namespace
}  // namespace moonstone::store::sqlite
