// Moonstone. Licence: see LICENSE.
#include "bench/load/meter.h"

#include <gtest/gtest.h>
#include <unistd.h>

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
  EXPECT_FALSE(meter.measured().cost);
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

void use_processor_time(std::chrono::milliseconds duration) {
  const auto before = *processor_time(0);
  while (*processor_time(0) - before < duration) {
  }
}

TEST(MeterTest, DividesProcessorTimeByTheAnswersBehindTheFirst) {
  Meter meter(getpid());  // the same process in both parts
  const Time from = now() + seconds(1);
  meter.measure(from, from + seconds(10));
  meter.answered(from, from);  // ends the time that does not count
  use_processor_time(std::chrono::milliseconds(2));
  for (int i = 0; i < 2; ++i)
    meter.answered(from, from + seconds(11));
  const auto cost = meter.measured().cost;
  ASSERT_TRUE(cost);
  ASSERT_TRUE(cost->server_us);
  EXPECT_GE(cost->generator_us, 1000);
  EXPECT_GE(*cost->server_us, 1000);
}

TEST(MeterTest, CountsProcessorTimeFromTheStartIfThereIsNoWarmup) {
  Meter meter;
  meter.measure(now(), now() + seconds(10));
  use_processor_time(std::chrono::milliseconds(2));
  meter.answered(now());
  const auto cost = meter.measured().cost;
  ASSERT_TRUE(cost);
  EXPECT_GE(cost->generator_us, 2000);
  EXPECT_FALSE(cost->server_us) << "nobody said which process it is";
}

TEST(MeterTest, DoesNotKnowWhatAProcessThatIsNotThereUses) {
  constexpr int kPidMax = 1 << 22;  // of Linux on any machine
  EXPECT_FALSE(processor_time(kPidMax + 1));
}

}  // namespace
}  // namespace moonstone::bench
