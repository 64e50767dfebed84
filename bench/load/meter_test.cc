// Moonstone. Licence: see LICENSE.
#include "bench/load/meter.h"

#include <thread>

#include <gtest/gtest.h>

namespace moonstone::bench {
namespace {

using std::chrono::seconds;

TEST(MeterTest, CountsWhatBeganInItsTimeHoweverLateTheAnswerIs) {
  Meter meter;
  const Time from = now() - seconds(100);
  meter.measure(from, from + seconds(10));
  meter.answered(from - seconds(1));
  meter.answered(from);
  meter.answered(from + seconds(9));
  meter.answered(from + seconds(10));
  const Measured measured = meter.measured();
  EXPECT_EQ(measured.answers, 4U);
  EXPECT_EQ(measured.latency.count(), 2U);
  EXPECT_GE(measured.latency.max(), seconds(100));
  EXPECT_GE(measured.seconds, 100) << "to the last answer";
}

TEST(MeterTest, LastsAsLongAsItMeasuresWithoutAnswers) {
  Meter meter;
  const Time from = now();
  meter.measure(from, from + seconds(10));
  EXPECT_EQ(meter.measured().seconds, 10);
  EXPECT_FALSE(meter.is_over());
  meter.measure(from - seconds(10), from);
  EXPECT_TRUE(meter.is_over());
}

TEST(MeterTest, KeepsTheFirstFailureWhichEndsTheRun) {
  Meter meter;
  meter.measure(now(), now() + seconds(10));
  EXPECT_EQ(meter.failure(), std::nullopt);
  meter.failed("first");
  meter.failed("second");
  EXPECT_EQ(meter.failure(), "first");
  EXPECT_TRUE(meter.is_over());
}

TEST(ArrivalsTest, WakeWhoWaitsForThem) {
  Meter meter;
  Arrivals arrivals(meter);
  std::jthread other([&arrivals] {
    for (int i = 0; i < 3; ++i)
      arrivals.add();
  });
  EXPECT_TRUE(arrivals.wait_for(2, "two"));
  EXPECT_TRUE(arrivals.wait_for(3, "three"));
  EXPECT_TRUE(arrivals.wait_for(1, "what is long there"));
}

TEST(ArrivalsTest, AreNotWaitedForAfterAFailure) {
  Meter meter;
  Arrivals arrivals(meter);
  std::jthread other([&meter] { meter.failed("why"); });
  EXPECT_FALSE(arrivals.wait_for(1, "one"));
  EXPECT_EQ(meter.failure(), "why");
}

TEST(ArrivalsTest, CanBeCountedAnew) {
  Meter meter;
  Arrivals arrivals(meter);
  arrivals.add();
  EXPECT_TRUE(arrivals.wait_for(1, "one"));
  arrivals.reset();
  meter.failed("nothing came");
  EXPECT_FALSE(arrivals.wait_for(1, "another one"));
}

}  // namespace
}  // namespace moonstone::bench
