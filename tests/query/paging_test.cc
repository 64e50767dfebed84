// Moonstone. Licence: see LICENSE.
// Cursors over random queries and rows: the pages together are the whole result, in order.

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "query/cursor.h"
#include "tests/query/random_values.h"

namespace moonstone::query {
namespace {

std::vector<Row> select(const std::vector<Row>& rows, const Query& query) {
  std::vector<Row> found;
  for (const Row& row : rows) {
    if (query.where == nullptr || evaluate(*query.where, StoredRowView(row)) == Truth::True) {
      found.push_back(row);
    }
  }
  std::ranges::sort(found,
                    [&query](const Row& a, const Row& b) { return compare_rows(query, a, b) < 0; });
  return found;
}

std::vector<std::string> ids_of(const std::vector<Row>& rows) {
  std::vector<std::string> ids;
  for (const Row& row : rows)
    ids.push_back(row.id);
  return ids;
}

TEST(Paging, PagesOfRandomQueriesHoldEveryRowOnce) {
  Dice dice(14);
  for (int round = 0; round < 1'000; ++round) {
    std::vector<Row> rows;
    for (std::int64_t number = 1; number <= 12; ++number)
      rows.push_back(random_row(dice, number));
    const Query query = random_query(dice);
    const std::vector<std::string> expected = ids_of(select(rows, query));
    std::vector<std::string> paged;
    std::string cursor;
    for (std::size_t pages = 0; pages <= expected.size(); ++pages) {
      Query page_query = query;
      ASSERT_TRUE(apply_cursor(cursor, page_query).has_value());
      std::vector<Row> page = select(rows, page_query);
      if (page.empty()) break;
      page.resize(std::min<std::size_t>(page.size(), 1 + dice.roll(4)));
      for (const std::string& id : ids_of(page))
        paged.push_back(id);
      cursor = make_cursor(query, page.back());
    }
    ASSERT_EQ(paged, expected) << "round " << round;
  }
}

}  // namespace
}  // namespace moonstone::query
