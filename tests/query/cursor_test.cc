// Moonstone. Licence: see LICENSE.
#include "query/cursor.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "base/json.h"

namespace moonstone::query {
namespace {

schema::Schema make_schema() {
  auto json = parse_json(R"json({"tables":{"t":{"fields":{
      "rank":{"type":"optional","value":{"type":"number"}},
      "name":{"type":"optional","value":{"type":"union","value":[{"type":"string"},{"type":"null"}]}}},
    "indexes":[{"name":"by_rank","fields":["rank"]}]}}})json");
  return schema::parse_schema_json(*json).value();
}

class CursorTest : public ::testing::Test {
 protected:
  CursorTest() {
    std::mt19937 random(7);
    for (int i = 0; i < 60; ++i) {
      Row row{
          .table = &schema_.tables[0], .number = i, .id = id_of(i), .values = {Value(), Value()}};
      if (random() % 3 != 0) row.values[0] = Value(static_cast<double>(random() % 4));
      if (random() % 3 != 0) row.values[1] = random() % 2 == 0 ? Value(nullptr) : Value("n");
      rows_.push_back(std::move(row));
    }
  }

  static std::string id_of(int i) {
    std::string digits = std::to_string(i);
    return "t:" + std::string(26 - digits.size(), '0') + digits;
  }

  /// What a store would return.
  std::vector<Row> select(const Query& query) const {
    std::vector<Row> found;
    for (const Row& row : rows_) {
      if (query.where == nullptr || evaluate(*query.where, StoredRowView(row)) == Truth::True) {
        found.push_back(row);
      }
    }
    std::ranges::sort(found,
                      [&](const Row& a, const Row& b) { return compare_rows(query, a, b) < 0; });
    if (query.limit && found.size() > *query.limit) found.resize(*query.limit);
    return found;
  }

  schema::Schema schema_ = make_schema();
  std::vector<Row> rows_;
};

TEST_F(CursorTest, PagesHoldEveryRowOnceInEveryOrder) {
  for (const Direction direction : {Direction::Ascending, Direction::Descending}) {
    for (const std::vector<std::string>& fields :
         {std::vector<std::string>{}, {"rank"}, {"name", "rank"}}) {
      Query query{.table = "t", .where = nullptr, .order = {}, .tie_break = direction, .limit = {}};
      for (const std::string& field : fields)
        query.order.push_back({field, direction});
      const std::vector<Row> expected = select(query);
      std::vector<Row> paged;
      std::string cursor;
      while (true) {
        Query page_query = query;
        ASSERT_TRUE(apply_cursor(cursor, page_query));
        page_query.limit = 7;
        const std::vector<Row> page = select(page_query);
        if (page.empty()) break;
        paged.insert(paged.end(), page.begin(), page.end());
        cursor = make_cursor(query, page.back());
      }
      EXPECT_EQ(paged, expected);
    }
  }
}

TEST_F(CursorTest, TakesUnreadableTextAsTheFirstPage) {
  for (const char* text : {"", "%%%", "bm9wZQ==", "WzEsMl0=", "WzIsIjEiLCJ0OjEiLFtdXQ=="}) {
    Query query{.table = "t", .where = nullptr, .order = {}, .limit = {}};
    EXPECT_TRUE(apply_cursor(text, query)) << text;
    EXPECT_EQ(query.where, nullptr) << text;
  }
  Query query{.table = "t", .where = nullptr, .order = {}, .limit = {}};
  EXPECT_TRUE(apply_cursor(std::string(kCursorBytesMax + 1, 'A'), query));
  EXPECT_EQ(query.where, nullptr);
}

TEST_F(CursorTest, RefusesTheCursorOfAnotherQuery) {
  const Query first{.table = "t", .where = nullptr, .order = {{.field = "rank"}}, .limit = {}};
  Query second{.table = "t", .where = nullptr, .order = {{.field = "name"}}, .limit = {}};
  const Status refused = apply_cursor(make_cursor(first, rows_[3]), second);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "Invalid cursor");
}

}  // namespace
}  // namespace moonstone::query
