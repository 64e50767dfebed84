// Moonstone. Licence: see LICENSE.
#include "query/cursor.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/json.h"
#include "query/page.h"

namespace moonstone::query {
namespace {

schema::Schema make_schema() {
  auto json = parse_json(R"json({"tables":{"t":{"fields":{
      "rank":{"type":"optional","value":{"type":"number"}},
      "name":{"type":"optional","value":{"type":"union","value":[{"type":"string"},{"type":"null"}]}}},
    "indexes":[{"name":"by_rank","fields":["rank"]}]}}})json");
  return schema::parse_schema_json(*json).value();
}

constexpr std::string_view kSecret = "secret";

std::string cursor_after(const Query& query, const std::vector<Row>& page) {
  const auto cursor = make_cursor(query, page, kSecret);
  EXPECT_TRUE(cursor) << cursor.error().message();
  return cursor.value_or("");
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
        ASSERT_TRUE(apply_cursor(cursor, kSecret, page_query));
        page_query.limit = 7;
        const std::vector<Row> page = select(page_query);
        if (page.empty()) break;
        paged.insert(paged.end(), page.begin(), page.end());
        cursor = cursor_after(query, page);
      }
      EXPECT_EQ(paged, expected);
    }
  }
}

TEST_F(CursorTest, TakesUnreadableTextAsTheFirstPage) {
  for (const char* text : {"", "%%%", "bm9wZQ==", "WzEsMl0=", "WzIsIjEiLCJ0OjEiLFtdXQ=="}) {
    Query query{.table = "t", .where = nullptr, .order = {}, .limit = {}};
    EXPECT_TRUE(apply_cursor(text, kSecret, query)) << text;
    EXPECT_EQ(query.where, nullptr) << text;
  }
  Query query{.table = "t", .where = nullptr, .order = {}, .limit = {}};
  EXPECT_TRUE(apply_cursor(std::string(kCursorBytesMax + 1, 'A'), kSecret, query));
  EXPECT_EQ(query.where, nullptr);
}

TEST_F(CursorTest, RefusesTheCursorOfAnotherQuery) {
  const Query first{.table = "t", .where = nullptr, .order = {{.field = "rank"}}, .limit = {}};
  const std::string cursor = cursor_after(first, rows_);
  Query other_order = first;
  other_order.order[0].field = "name";
  Query other_direction = first;
  other_direction.order[0].direction = Direction::Descending;
  Query other_filter = first;
  other_filter.where =
      Expr::compare(CompareOp::Eq, Expr::make_field("name"), Expr::make_literal("n"));
  Query other_table = first;
  other_table.table = "u";
  Query a_search = first;
  a_search.search = SearchClause{.field = "name", .text = "n", .skipped = {}};
  for (Query* query : {&other_order, &other_direction, &other_filter, &other_table, &a_search}) {
    const Status refused = apply_cursor(cursor, kSecret, *query);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message(), "Invalid cursor");
    EXPECT_EQ(refused.error().code(), ErrorCode::InvalidArgument);
  }
  Query same = first;
  EXPECT_TRUE(apply_cursor(cursor, kSecret, same));
  EXPECT_NE(same.where, nullptr);
}

TEST_F(CursorTest, TellsNothingAndTakesNothingThatIsNotItsOwn) {
  Query query{.table = "t", .where = nullptr, .order = {{.field = "name"}}, .limit = {}};
  Row row = rows_[0];
  row.values[1] = "a name that the function keeps to itself";
  const std::string cursor = cursor_after(query, {row});
  EXPECT_EQ(cursor, cursor_after(query, {row})) << "results are compared as text";
  const std::string bytes = from_base64(cursor).value();
  EXPECT_EQ(bytes.find("keeps"), std::string::npos);
  EXPECT_EQ(bytes.find(row.id), std::string::npos);
  // Another database, or a cursor with any byte changed, is no cursor: the first page.
  EXPECT_TRUE(apply_cursor(cursor, "another secret", query));
  EXPECT_EQ(query.where, nullptr);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string forged = bytes;
    forged[i] = static_cast<char>(forged[i] ^ 1);
    EXPECT_TRUE(apply_cursor(to_base64(forged), kSecret, query));
    ASSERT_EQ(query.where, nullptr) << i;
  }
}

TEST_F(CursorTest, RefusesToMakeACursorThatCouldNotBeRead) {
  const Query query{.table = "t", .where = nullptr, .order = {{.field = "name"}}, .limit = {}};
  Row row = rows_[0];
  row.values[1] = std::string(kCursorBytesMax, 'x');
  const auto made = make_cursor(query, std::vector<Row>{row}, kSecret);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().reason(), "cursor_size");
  EXPECT_NE(made.error().message().find("Order by a shorter field"), std::string::npos);
}

TEST_F(CursorTest, ThatOfASearchHoldsTheRowsSoFar) {
  Query query{.table = "t", .where = nullptr, .order = {}, .limit = {}};
  query.search = SearchClause{.field = "name", .text = "n", .skipped = {}};
  const std::string first = cursor_after(query, {rows_[40], rows_[7]});
  Query second = query;
  ASSERT_TRUE(apply_cursor(first, kSecret, second));
  EXPECT_EQ(second.search->skipped, (std::vector<std::int64_t>{7, 40}));
  EXPECT_EQ(second.where, nullptr);
  Query third = query;
  ASSERT_TRUE(apply_cursor(cursor_after(second, {rows_[21]}), kSecret, third));
  EXPECT_EQ(third.search->skipped, (std::vector<std::int64_t>{7, 21, 40}));
  Query other_text = query;
  other_text.search->text = "m";
  EXPECT_EQ(apply_cursor(first, kSecret, other_text).error().message(), "Invalid cursor");

  for (std::size_t i = 0; i < kSearchRowsPagedMax; ++i)
    query.search->skipped.push_back(static_cast<std::int64_t>(i + 1) * 25'000);
  const auto too_many = make_cursor(query, std::vector<Row>{rows_[1]}, kSecret);
  ASSERT_FALSE(too_many);
  EXPECT_EQ(too_many.error().reason(), "cursor_size");
  query.search->skipped.pop_back();
  EXPECT_TRUE(make_cursor(query, std::vector<Row>{rows_[1]}, kSecret));
}

TEST_F(CursorTest, APairGivesWhatLiesBetweenItsCursors) {
  for (const Direction direction : {Direction::Ascending, Direction::Descending}) {
    for (const std::vector<std::string>& fields :
         {std::vector<std::string>{}, {"rank"}, {"name", "rank"}}) {
      Query query{.table = "t", .where = nullptr, .order = {}, .tie_break = direction, .limit = {}};
      for (const std::string& field : fields)
        query.order.push_back({.field = field, .direction = direction});
      const std::vector<Row> all = select(query);
      const auto cursor_at = [&](std::size_t end) {
        return end == 0 ? std::string() : cursor_after(query, {all[end - 1]});
      };
      for (std::size_t start = 0; start < all.size(); start += 7) {
        for (std::size_t end = start + 1; end <= all.size(); end += 5) {
          const std::string pair = cursor_at(start) + "~" + cursor_at(end);
          const auto page = read_page(
              query, {.cursor = pair, .size = 1, .secret = kSecret},
              [&](const Query& part) -> Result<std::vector<Row>> { return select(part); });
          ASSERT_TRUE(page) << page.error().message();
          EXPECT_EQ(page->cursor, cursor_at(end));
          EXPECT_FALSE(page->is_done);
          ASSERT_EQ(page->rows.size(), end - start);
          for (std::size_t i = start; i < end; ++i)
            EXPECT_EQ(page->rows[i - start].number, all[i].number);
        }
      }
    }
  }
}

TEST_F(CursorTest, APairThatCannotBeReadIsTheFirstPage) {
  const Query query{.table = "t", .where = nullptr, .order = {}, .limit = {}};
  const std::string cursor = cursor_after(query, select(query));
  const auto read = [&](const std::string& text) {
    return read_page(query, {.cursor = text, .size = 2, .secret = kSecret},
                     [&](const Query& part) -> Result<std::vector<Row>> { return select(part); });
  };
  const std::string texts[] = {"~", "~x", "x~" + cursor, cursor + "~",
                               cursor + "~" + cursor + "~" + cursor};
  for (const std::string& text : texts) {
    ASSERT_TRUE(read(text)) << text;
    EXPECT_EQ(read(text)->rows.size(), 2U) << text;
  }
  Query other = query;
  other.tie_break = Direction::Descending;
  const std::string foreign = cursor_after(other, select(other));
  for (const std::string& text : {"~" + foreign, foreign + "~" + cursor}) {
    ASSERT_FALSE(read(text)) << text;
    EXPECT_EQ(read(text).error().message(), "Invalid cursor");
  }
}

TEST_F(CursorTest, APairOfASearchKeepsTheRowsThatItHad) {
  Query query{.table = "t", .where = nullptr, .order = {}, .limit = {}};
  query.search = SearchClause{.field = "name", .text = "n", .skipped = {}};
  const std::string start = cursor_after(query, {rows_[4], rows_[2]});
  Query second = query;
  second.search->skipped = {2, 4};
  const std::string end = cursor_after(second, {rows_[9], rows_[3]});
  const auto parts = range_between({.start = start, .end = end}, kSecret, query);
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 1U);
  EXPECT_TRUE(parts->front().search->skipped.empty());
  query.where = parts->front().where;
  query.search.reset();
  const std::vector<Row> rows = select(query);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].number, 3);
  EXPECT_EQ(rows[1].number, 9);
}

TEST_F(CursorTest, PagesSayWhetherTheyAreTheLast) {
  const Query query{.table = "t", .where = nullptr, .order = {}, .limit = {}};
  int selects = 0;
  const auto read = [&](std::uint64_t size) {
    return read_page(query, {.cursor = "", .size = size, .secret = kSecret},
                     [&](const Query& part) -> Result<std::vector<Row>> {
                       ++selects;
                       return select(part);
                     });
  };
  EXPECT_TRUE(read(60)->is_done);
  EXPECT_EQ(read(60)->cursor, "");
  EXPECT_FALSE(read(59)->is_done);
  EXPECT_EQ(read(59)->rows.size(), 59U);
  EXPECT_NE(read(59)->cursor, "");
  const auto none = read(0);
  EXPECT_FALSE(none->is_done);
  EXPECT_EQ(none->cursor, "");
  selects = 0;
  const auto refused = read(kPageRowsMax + 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), ".paginate(): numItems is 10001; at most 10000 are allowed");
  EXPECT_EQ(selects, 0);
}

}  // namespace
}  // namespace moonstone::query
