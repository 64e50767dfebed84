// Moonstone. Licence: see LICENSE.
#include "bench/load/latency.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace moonstone::bench {
namespace {

using Duration = Latency::Duration;

TEST(LatencyTest, IsZeroWithoutDurations) {
  const Latency latency;
  EXPECT_EQ(latency.count(), 0U);
  EXPECT_EQ(latency.percentile(0.5), Duration(0));
  EXPECT_EQ(latency.max(), Duration(0));
}

TEST(LatencyTest, KeepsShortDurationsExactly) {
  Latency latency;
  for (int ns = 255; ns >= 0; --ns)
    latency.add(Duration(ns));
  EXPECT_EQ(latency.count(), 256U);
  EXPECT_EQ(latency.percentile(0), Duration(0));
  EXPECT_EQ(latency.percentile(0.5), Duration(127));
  EXPECT_EQ(latency.percentile(1), Duration(255));
}

TEST(LatencyTest, AnswersTheShortestDurationThatTheShareDoesNotExceed) {
  Latency latency;
  for (int i = 0; i < 99; ++i)
    latency.add(Duration(10));
  latency.add(Duration(200));
  EXPECT_EQ(latency.percentile(0.99), Duration(10));
  EXPECT_EQ(latency.percentile(0.991), Duration(200));
}

TEST(LatencyTest, StaysWithinItsErrorFromNanosecondsToCenturies) {
  for (int bit = 0; bit < 63; ++bit) {
    for (const std::int64_t beside : {-1, 0, 1}) {
      const std::int64_t ns = (std::int64_t{1} << bit) + beside;
      Latency latency;
      latency.add(Duration(ns));
      latency.add(Duration::max());  // or the longest one would be cut to what it is
      const std::int64_t error = std::abs(latency.percentile(0.5).count() - ns);
      EXPECT_LE(error, ns / 256) << ns;
    }
  }
}

TEST(LatencyTest, AgreesWithSortedDurations) {
  std::mt19937_64 random(1);  // NOLINT(cert-msc51-cpp): the same durations in every run
  std::lognormal_distribution<double> distribution(13, 2);
  Latency latency;
  std::vector<std::int64_t> all;
  for (int i = 0; i < 10'000; ++i) {
    all.push_back(static_cast<std::int64_t>(distribution(random)));
    latency.add(Duration(all.back()));
  }
  std::ranges::sort(all);
  for (const int per_mille : {1, 500, 900, 990, 999, 1000}) {
    const std::int64_t truth = all[static_cast<std::size_t>(per_mille) * 10 - 1];
    const std::int64_t found = latency.percentile(per_mille / 1000.0).count();
    EXPECT_LE(std::abs(found - truth), truth / 256 + 1) << per_mille;
  }
  EXPECT_EQ(latency.max().count(), all.back());
}

TEST(LatencyTest, TakesNegativeDurationsAsNone) {
  Latency latency;
  latency.add(Duration(-5));
  EXPECT_EQ(latency.percentile(1), Duration(0));
}

}  // namespace
}  // namespace moonstone::bench
