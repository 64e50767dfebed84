// Moonstone. Licence: see LICENSE.
#include "live/internal/interval_index.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "query/expr.h"
#include "tests/live/live_test_support.h"

namespace moonstone::live {
namespace {

using testing::Dice;

std::vector<std::uint32_t> stab(const IntervalIndex& index, const Value& point) {
  std::vector<std::uint32_t> payloads;
  index.stab(point, payloads);
  std::ranges::sort(payloads);
  return payloads;
}

using Hits = std::vector<std::uint32_t>;

TEST(IntervalIndexTest, FindsIntervalsThatContainThePointWithBothEnds) {
  IntervalIndex index;
  index.insert({.low = Value(1), .high = Value(3)}, 13);
  index.insert({.low = Value(3), .high = Value(5)}, 35);
  index.insert({.low = Value(4), .high = Value(4)}, 44);
  EXPECT_EQ(stab(index, 0), Hits{});
  EXPECT_EQ(stab(index, 1), Hits{13});
  EXPECT_EQ(stab(index, 3), (Hits{13, 35}));
  EXPECT_EQ(stab(index, 4), (Hits{35, 44}));
  EXPECT_EQ(stab(index, 4.5), Hits{35});
  EXPECT_EQ(stab(index, 6), Hits{});
}

TEST(IntervalIndexTest, OpenEndsReachToNullAndBeyondText) {
  IntervalIndex index;
  index.insert({.low = std::nullopt, .high = Value(3)}, 1);
  index.insert({.low = Value(3), .high = std::nullopt}, 2);
  index.insert({.low = std::nullopt, .high = std::nullopt}, 3);
  EXPECT_EQ(stab(index, nullptr), (Hits{1, 3}));
  EXPECT_EQ(stab(index, 3), (Hits{1, 2, 3}));
  EXPECT_EQ(stab(index, "text"), (Hits{2, 3}));
}

TEST(IntervalIndexTest, CrossedEndsContainNothing) {
  IntervalIndex index;
  index.insert({.low = Value(5), .high = Value(2)}, 1);
  for (int point = 0; point < 7; ++point)
    EXPECT_EQ(stab(index, point), Hits{});
}

TEST(IntervalIndexTest, ErasedIntervalsAreNotFoundAndHandlesAreReused) {
  IntervalIndex index;
  const auto first = index.insert({.low = Value(1), .high = Value(9)}, 1);
  index.insert({.low = Value(1), .high = Value(9)}, 2);
  index.erase(first);
  EXPECT_EQ(stab(index, 5), Hits{2});
  EXPECT_EQ(index.insert({.low = Value(5), .high = Value(5)}, 3), first);
  EXPECT_EQ(stab(index, 5), (Hits{2, 3}));
  EXPECT_EQ(index.size(), 2U);
}

std::optional<Value> random_end(Dice& dice) {
  switch (dice.below(8)) {
    case 0:
      return std::nullopt;
    case 1:
      return Value(static_cast<double>(dice.signed_below(40)) + 0.5);
    case 2:
      return Value(std::string(1, static_cast<char>('a' + dice.signed_below(5))));
    case 3:
      return Value(nullptr);
    default:
      return Value(dice.signed_below(40));
  }
}

bool contains(const Interval& interval, const Value& point) {
  return (!interval.low || query::compare_values(*interval.low, point) <= 0) &&
         (!interval.high || query::compare_values(point, *interval.high) <= 0);
}

TEST(IntervalIndexTest, AgreesWithAListUnderRandomInsertsAndErases) {
  const std::uint64_t seed = testing::seed_or(1);
  SCOPED_TRACE(::testing::Message() << "MOONSTONE_SEED=" << seed);
  Dice dice(seed);
  IntervalIndex index;
  std::map<IntervalIndex::Handle, std::pair<Interval, std::uint32_t>> model;
  std::uint32_t payload = 0;
  for (int step = 0; step < 4'000; ++step) {
    const bool grows = model.empty() || dice.below(10) < (step < 2'500 ? 7U : 3U);
    if (grows) {
      const Interval interval{.low = random_end(dice), .high = random_end(dice)};
      const auto handle = index.insert(interval, ++payload);
      ASSERT_TRUE(model.emplace(handle, std::pair(interval, payload)).second);
    } else {
      const auto victim =
          std::next(model.begin(), static_cast<std::ptrdiff_t>(dice.below(model.size())));
      index.erase(victim->first);
      model.erase(victim);
    }
    const Value point = random_end(dice).value_or(Value(nullptr));
    Hits expected;
    for (const auto& [handle, entry] : model) {
      if (contains(entry.first, point)) expected.push_back(entry.second);
    }
    std::ranges::sort(expected);
    ASSERT_EQ(stab(index, point), expected) << "step " << step;
    if (step % 100 == 0) ASSERT_TRUE(index.is_consistent()) << "step " << step;
  }
  while (!model.empty()) {
    index.erase(model.begin()->first);
    model.erase(model.begin());
  }
  EXPECT_TRUE(index.empty());
  EXPECT_TRUE(index.is_consistent());
}

}  // namespace
}  // namespace moonstone::live
