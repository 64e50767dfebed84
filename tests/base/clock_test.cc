// Moonstone. Licence: see LICENSE.
#include "base/clock.h"

#include <chrono>
#include <set>

#include <gtest/gtest.h>

namespace moonstone {
namespace {

TEST(ClockTest, ManualClockMovesOnlyWhenTold) {
  ManualClock clock(1000);
  const auto start = clock.monotonic();
  EXPECT_EQ(clock.unix_ms(), 1000);
  EXPECT_EQ(clock.monotonic(), start);
  clock.advance(std::chrono::milliseconds(250));
  EXPECT_EQ(clock.unix_ms(), 1250);
  EXPECT_EQ(clock.monotonic() - start, std::chrono::milliseconds(250));
  clock.set(42);
  EXPECT_EQ(clock.unix_ms(), 42);
}

TEST(ClockTest, SystemClockIsAfterThisWasWrittenAndMonotonic) {
  EXPECT_GT(system_clock().unix_ms(), 1'760'000'000'000);
  const auto first = system_clock().monotonic();
  EXPECT_GE(system_clock().monotonic(), first);
}

TEST(RandomTest, ASeedGivesOneStream) {
  // The published outputs of SplitMix64 for the seed 1234567.
  SeededRandom random(1234567);
  EXPECT_EQ(random.next(), 6457827717110365317U);
  EXPECT_EQ(random.next(), 3203168211198807973U);
  EXPECT_EQ(random.next(), 9817491932198370423U);
}

TEST(RandomTest, SystemRandomDoesNotRepeat) {
  std::set<std::uint64_t> numbers;
  for (int count = 0; count < 1000; ++count) {
    numbers.insert(system_random().next());
  }
  EXPECT_EQ(numbers.size(), 1000U);
}

}  // namespace
}  // namespace moonstone
