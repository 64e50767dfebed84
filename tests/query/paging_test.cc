// Moonstone. Licence: see LICENSE.
// Cursors over random queries and rows: the pages together are the whole result, in order.

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "query/cursor.h"
#include "query/page.h"
#include "tests/query/random_values.h"

namespace moonstone::query {
namespace {

constexpr std::string_view kSecret = "secret";

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
      ASSERT_TRUE(apply_cursor(cursor, kSecret, page_query).has_value());
      std::vector<Row> page = select(rows, page_query);
      if (page.empty()) break;
      page.resize(std::min<std::size_t>(page.size(), 1 + dice.roll(4)));
      for (const std::string& id : ids_of(page))
        paged.push_back(id);
      const auto made = make_cursor(query, page, kSecret);
      ASSERT_TRUE(made.has_value()) << made.error().message();
      cursor = *made;
    }
    ASSERT_EQ(paged, expected) << "round " << round;
  }
}

/// A reader goes through the pages while rows come, go and change. What was there all the time, and
/// kept its place, is seen exactly once, in order; nothing is seen twice.
TEST(Paging, PagesOfAChangingTableHoldWhatStaysOnce) {
  Dice dice(15);
  int seen_in_all = 0;
  int changed_in_all = 0;
  for (int round = 0; round < 400; ++round) {
    std::int64_t last_number = 0;
    std::map<std::string, Row> rows;
    const auto insert = [&] {
      const Row row = random_row(dice, ++last_number);
      rows.emplace(row.id, row);
    };
    for (int i = 0; i < 14; ++i)
      insert();
    const Query query = random_query(dice);
    const std::map<std::string, Row> at_first = rows;
    std::set<std::string> changed;
    const auto now = [&] {
      std::vector<Row> all;
      for (const auto& [id, row] : rows)
        all.push_back(row);
      return all;
    };
    std::vector<std::string> seen;
    std::string cursor;
    while (true) {
      const auto page =
          read_page(query, {.cursor = cursor, .size = 1 + dice.roll(4), .secret = kSecret},
                    [&](const Query& part) -> Result<std::vector<Row>> {
                      std::vector<Row> found = select(now(), part);
                      if (found.size() > *part.limit) found.resize(*part.limit);
                      return found;
                    });
      ASSERT_TRUE(page.has_value()) << page.error().message();
      for (const std::string& id : ids_of(page->rows))
        seen.push_back(id);
      ASSERT_EQ(page->is_done, page->cursor.empty());
      if (page->is_done) break;
      cursor = page->cursor;
      for (std::size_t writes = dice.roll(4); writes > 0; --writes) {
        if (dice.one_in(2) || rows.empty()) {
          insert();
          continue;
        }
        auto victim = rows.begin();
        std::advance(victim, static_cast<std::ptrdiff_t>(dice.roll(rows.size())));
        changed.insert(victim->first);
        if (dice.one_in(2)) {
          rows.erase(victim);
        } else {
          victim->second = random_row(dice, victim->second.number);
        }
        ++changed_in_all;
      }
    }
    std::vector<Row> stayed;
    for (const auto& [id, row] : at_first) {
      if (!changed.contains(id)) stayed.push_back(row);
    }
    std::vector<std::string> seen_of_stayed;
    std::map<std::string, int> times;
    for (const std::string& id : seen) {
      if (at_first.contains(id) && !changed.contains(id)) seen_of_stayed.push_back(id);
      // A row that changes may move to a later place and be met there again; no other one may.
      if (!changed.contains(id)) ASSERT_EQ(++times[id], 1) << "round " << round;
    }
    ASSERT_EQ(seen_of_stayed, ids_of(select(stayed, query))) << "round " << round;
    seen_in_all += static_cast<int>(seen_of_stayed.size());
  }
  EXPECT_GT(seen_in_all, 600) << "the test has lost its point";
  EXPECT_GT(changed_in_all, 200);
}

}  // namespace
}  // namespace moonstone::query
