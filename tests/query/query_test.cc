// Moonstone. Licence: see LICENSE.

#include "query/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/query/random_values.h"

namespace moonstone::query {
namespace {

using enum CompareOp;
using testing::ElementsAre;
using testing::IsEmpty;

const schema::Table& indexed_table() {
  static const schema::Table kTable = [] {
    schema::Table table = model_table();
    table.indexes = {{.name = "by_n_s", .fields = {"n", "s"}},
                     {.name = "by_b_time", .fields = {"b", "_creationTime"}},
                     {.name = "by_time_b", .fields = {"_creationTime", "b"}}};
    return table;
  }();
  return kTable;
}

Result<Query> with_index(std::string_view index,
                         const std::vector<RangeCondition>& range,
                         Direction direction = Direction::Ascending) {
  Query query;
  query.table = "t";
  MS_TRY_STATUS(apply_index(indexed_table(), index, range, direction, query));
  return query;
}

std::vector<std::string> sort_fields(const Result<Query>& query) {
  std::vector<std::string> fields;
  for (const SortKey& key : query->order)
    fields.push_back(key.field);
  return fields;
}

struct BadRange {
  std::string_view index;
  std::vector<RangeCondition> range;
  std::string_view message;
};

TEST(ApplyIndex, RefusesRangesThatAnIndexCannotAnswer) {
  for (const auto& [index, range, message] : {
           BadRange{"nope", {}, "Index \"nope\" not found on table \"t\""},
           BadRange{"by_n_s",
                    {{Eq, "s", 1}},
                    "Field \"s\" is not next in index \"by_n_s\" of table \"t\" (expected \"n\")"},
           BadRange{"by_n_s",
                    {{Eq, "n", 1}, {Eq, "n", 1}},
                    "Field \"n\" is not next in index \"by_n_s\" of table \"t\" (expected \"s\")"},
           BadRange{"by_n_s",
                    {{Gt, "n", 1}, {Eq, "s", 1}},
                    "Field \"s\" is not next in index \"by_n_s\" of table \"t\" (expected \"n\")"},
           BadRange{"by_n_s",
                    {{Gt, "n", 1}, {Eq, "n", 1}},
                    "Field \"n\" has a bound already; an equality must come before it in index "
                    "\"by_n_s\" of table \"t\""},
           BadRange{"by_n_s",
                    {{Gt, "n", 1}, {Gte, "n", 1}},
                    "Field \"n\" already has a lower bound in index \"by_n_s\" of table \"t\""},
           BadRange{"by_n_s",
                    {{Lt, "n", 1}, {Lt, "n", 1}},
                    "Field \"n\" already has an upper bound in index \"by_n_s\" of table \"t\""},
           BadRange{"by_n_s",
                    {{Eq, "n", 1}, {Eq, "s", 1}, {Eq, "b", 1}},
                    "Field \"b\" comes after the last field of index \"by_n_s\" of table \"t\""},
           BadRange{"by_n_s", {{Neq, "n", 1}}, "\"neq\" is no range; use a filter"},
       }) {
    const auto query = with_index(index, range);
    ASSERT_FALSE(query.has_value()) << message;
    EXPECT_EQ(query.error().message(), message);
    EXPECT_EQ(query.error().code(), ErrorCode::InvalidArgument);
  }
}

TEST(ApplyIndex, SortsByTheFieldsThatAreNotFixed) {
  EXPECT_THAT(sort_fields(with_index("by_n_s", {})), ElementsAre("n", "s"));
  EXPECT_THAT(sort_fields(with_index("by_n_s", {{Eq, "n", 1}})), ElementsAre("s"));
  EXPECT_THAT(sort_fields(with_index("by_n_s", {{Gt, "n", 1}, {Lt, "n", 3}})),
              ElementsAre("n", "s"));
  EXPECT_THAT(sort_fields(with_index("by_n_s", {{Eq, "n", 1}, {Eq, "s", "a"}})), IsEmpty());
  // The row number has the order of the creation times.
  EXPECT_THAT(sort_fields(with_index("by_b_time", {})), ElementsAre("b"));
  EXPECT_THAT(sort_fields(with_index("by_time_b", {})), ElementsAre("_creationTime", "b"));
  EXPECT_THAT(sort_fields(with_index("by_id", {{Gt, "_id", "t:"}})), IsEmpty());
  EXPECT_THAT(sort_fields(with_index("by_creation_time", {{Lt, "_creationTime", 5}})), IsEmpty());
}

TEST(ApplyIndex, TakesTheDirectionForAllKeys) {
  const auto query = with_index("by_n_s", {}, Direction::Descending);
  for (const SortKey& key : query->order)
    EXPECT_EQ(key.direction, Direction::Descending);
  EXPECT_EQ(query->tie_break, Direction::Descending);
}

TEST(ApplyIndex, KeepsTheFilter) {
  Query query;
  query.table = "t";
  query.where = Expr::compare(Eq, Expr::make_field("b"), Expr::make_literal(true));
  query.order = {{.field = "j"}};
  ASSERT_TRUE(apply_index(indexed_table(), "by_n_s", {{Eq, "n", 1}}, Direction::Ascending, query));
  Row row{.table = &indexed_table(), .number = 1, .id = model_id(1), .values = {}};
  row.values = {1.0, "a", true, Value()};
  EXPECT_EQ(evaluate(*query.where, StoredRowView(row)), Truth::True);
  row.values[0] = 2.0;
  EXPECT_EQ(evaluate(*query.where, StoredRowView(row)), Truth::False);
  row.values = {1.0, "a", false, Value()};
  EXPECT_EQ(evaluate(*query.where, StoredRowView(row)), Truth::False);
  ASSERT_EQ(query.order.size(), 1U);
  EXPECT_EQ(query.order[0].field, "s");
}

TEST(ApplyIndex, FindsAbsentFieldsByAnEqualityWithNull) {
  Row row{.table = &indexed_table(), .number = 1, .id = model_id(1), .values = {}};
  row.values = {Value(), "a", true, Value()};
  for (const Value& null : {Value(), Value(nullptr)}) {
    const auto equal = with_index("by_n_s", {{Eq, "n", null}});
    EXPECT_EQ(evaluate(*equal->where, StoredRowView(row)), Truth::True);
    const auto greater = with_index("by_n_s", {{Gt, "n", null}});
    EXPECT_EQ(evaluate(*greater->where, StoredRowView(row)), Truth::Unknown);
  }
}

TEST(CompareRows, SortsAbsentFirstAndByRowNumberLast) {
  Dice dice(6);
  Row absent = random_row(dice, 1);
  Row small = random_row(dice, 2);
  Row same = random_row(dice, 3);
  absent.values[0] = Value();
  small.values[0] = 1.0;
  same.values[0] = 1.0;
  Query query;
  query.order = {{.field = "n", .direction = Direction::Ascending}};
  EXPECT_TRUE(compare_rows(query, absent, small) < 0);
  EXPECT_TRUE(compare_rows(query, small, same) < 0);
  query.order[0].direction = Direction::Descending;
  EXPECT_TRUE(compare_rows(query, absent, small) > 0);
  EXPECT_TRUE(compare_rows(query, small, same) < 0);
  query.tie_break = Direction::Descending;
  EXPECT_TRUE(compare_rows(query, small, same) > 0);
  EXPECT_TRUE(compare_rows(query, small, small) == 0);
}

TEST(CompareRows, FollowsPathsIntoJson) {
  Dice dice(7);
  Row rome = random_row(dice, 1);
  Row oslo = random_row(dice, 2);
  rome.values[3] = Object{{"city", "Rome"}};
  oslo.values[3] = Object{{"city", "Oslo"}};
  Query query;
  query.order = {{.field = "j.city"}};
  EXPECT_TRUE(compare_rows(query, oslo, rome) < 0);
}

TEST(CompareRows, IsATotalOrder) {
  Dice dice(8);
  for (int round = 0; round < 5'000; ++round) {
    const Query query = random_query(dice);
    const auto row = [&dice] { return random_row(dice, static_cast<std::int64_t>(dice.roll(3))); };
    const Row a = row();
    const Row b = row();
    const Row c = row();
    EXPECT_EQ(compare_rows(query, a, b), 0 <=> compare_rows(query, b, a));
    if (compare_rows(query, a, b) <= 0 && compare_rows(query, b, c) <= 0) {
      EXPECT_TRUE(compare_rows(query, a, c) <= 0);
    }
  }
}

}  // namespace
}  // namespace moonstone::query
