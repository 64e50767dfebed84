// Moonstone. Licence: see LICENSE.
// Pages of random queries over rows with every kind of value: nulls, absent fields, duplicates.

#include <map>
#include <set>

#include <gmock/gmock.h>

#include "query/page.h"
#include "tests/store/conformance/fixture.h"
#include "tests/store/random_data.h"
#include "tests/store/support.h"

namespace moonstone::store::conformance {
namespace {

class PagingTest : public StoreConformanceTest {
 protected:
  void SetUp() override {
    StoreConformanceTest::SetUp();
    apply(random_schema_json());
    begin();
    for (int i = 0; i < 60; ++i)
      insert_random();
    commit();
  }

  void insert_random() {
    insert("things", ++last_, data_.document());
    present_.insert(last_);
  }
  void erase_random() {
    auto victim = present_.begin();
    std::advance(victim, static_cast<std::ptrdiff_t>(data_.below(present_.size())));
    ASSERT_TRUE(writer().erase(table("things"), id_of("things", *victim)));
    present_.erase(victim);
  }

  query::Query random_query() {
    query::Query query = all_of("things");
    if (!data_.chance(3)) query.where = data_.predicate(2);
    query.order = data_.order();
    query.tie_break = data_.chance(2) ? query::Direction::Ascending : query::Direction::Descending;
    return query;
  }

  query::Page page(const query::Query& query, std::string_view cursor, std::uint64_t size) {
    const auto reader = reader_at_now();
    auto read =
        query::read_page(query, {.cursor = cursor, .size = size, .secret = reader->secret()},
                         [&](const query::Query& part) {
                           ReadBudget budget;
                           return reader->select(part, budget);
                         });
    EXPECT_TRUE(read) << message_of(read);
    return read ? *std::move(read) : query::Page{.rows = {}, .cursor = {}, .is_done = true};
  }

  RandomData data_{announced_seed()};
  std::set<std::int64_t> present_;
  std::int64_t last_ = 0;
};

TEST_P(PagingTest, PagesTogetherAreTheWholeResult) {
  std::size_t rows_in_all = 0;
  for (int round = 0; round < 120; ++round) {
    const query::Query query = random_query();
    const std::vector<std::string> whole = ids_of(select(*reader_at_now(), query));
    std::vector<std::string> paged;
    std::string cursor;
    const std::uint64_t size = 1 + data_.below(9);
    while (paged.size() <= whole.size()) {
      const query::Page read = page(query, cursor, size);
      for (const std::string& id : ids_of(read.rows))
        paged.push_back(id);
      if (read.is_done) break;
      cursor = read.cursor;
    }
    ASSERT_EQ(paged, whole) << "round " << round;
    rows_in_all += whole.size();
  }
  EXPECT_GT(rows_in_all, 500U);
}

TEST_P(PagingTest, WhatStaysIsSeenOnceWhileRowsComeAndGo) {
  for (int round = 0; round < 60; ++round) {
    const query::Query query = random_query();
    const std::vector<query::Row> before = select(*reader_at_now(), query);
    std::vector<std::int64_t> seen;
    std::string cursor;
    while (seen.size() < 500) {
      const query::Page read = page(query, cursor, 1 + data_.below(9));
      for (const query::Row& row : read.rows)
        seen.push_back(row.number);
      if (read.is_done) break;
      cursor = read.cursor;
      begin();
      insert_random();
      erase_random();
      if (data_.chance(2)) erase_random();
      if (data_.chance(2)) insert_random();
      commit();
    }
    std::vector<std::int64_t> stayed;
    for (const query::Row& row : before) {
      if (present_.contains(row.number)) stayed.push_back(row.number);
    }
    const std::set<std::int64_t> staying(stayed.begin(), stayed.end());
    EXPECT_EQ(std::set<std::int64_t>(seen.begin(), seen.end()).size(), seen.size()) << "twice";
    std::erase_if(seen, [&](std::int64_t number) { return !staying.contains(number); });
    ASSERT_EQ(seen, stayed) << "round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Store, PagingTest, testing::ValuesIn(databases_under_test()));

}  // namespace
}  // namespace moonstone::store::conformance
