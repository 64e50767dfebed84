// Moonstone. Licence: see LICENSE.
// Labels of time buckets (litestone.md 14.2).

#include "orm/internal/buckets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moonstone::orm {
namespace {

using query::TimeUnit;
using testing::ElementsAre;
using testing::SizeIs;

std::int64_t at(std::string_view text) {
  const auto seconds = parse_unix_seconds(text);
  EXPECT_TRUE(seconds) << text;
  return seconds.value_or(0);
}

std::vector<std::string> labels(TimeUnit unit, std::string_view first, std::string_view last) {
  auto result = bucket_labels(unit, at(first), at(last));
  EXPECT_TRUE(result) << result.error().message();
  return result ? *std::move(result) : std::vector<std::string>();
}

TEST(BucketsTest, ReadsTimes) {
  EXPECT_EQ(at("1970-01-01"), 0);
  EXPECT_EQ(at("1970-01-02T00:00:01Z"), 86'401);
  EXPECT_EQ(at("1970-01-01T02:00:00.250+02:00"), 0);
  EXPECT_EQ(at("1969-12-31 22:30-01:30"), 0);
  for (const std::string_view text : {"", "1970", "1970-13-01", "1970-02-30", "1970-01-01T",
                                      "1970-01-01T25:00", "1970-01-01T00:00:00X", "x970-01-01"})
    EXPECT_FALSE(parse_unix_seconds(text)) << text;
}

TEST(BucketsTest, LabelsAreThoseOfTheStore) {
  const std::int64_t time = at("2024-05-06T09:59:59Z");
  EXPECT_EQ(bucket_label(TimeUnit::Year, time), "2024");
  EXPECT_EQ(bucket_label(TimeUnit::Quarter, time), "2024-Q2");
  EXPECT_EQ(bucket_label(TimeUnit::Month, time), "2024-05");
  EXPECT_EQ(bucket_label(TimeUnit::Week, time), "2024-W19");
  EXPECT_EQ(bucket_label(TimeUnit::Day, time), "2024-05-06");
  EXPECT_EQ(bucket_label(TimeUnit::Hour, time), "2024-05-06T09");
  EXPECT_EQ(bucket_label(TimeUnit::Week, at("2023-01-01")), "2023-W00") << "a Sunday";
  EXPECT_EQ(bucket_label(TimeUnit::Week, at("2023-01-02")), "2023-W01");
  EXPECT_EQ(bucket_label(TimeUnit::Hour, at("1969-12-31T23:00:00Z")), "1969-12-31T23");
}

TEST(BucketsTest, ListsEveryBucketOnce) {
  EXPECT_THAT(labels(TimeUnit::Month, "2025-11-30", "2026-02-01"),
              ElementsAre("2025-11", "2025-12", "2026-01", "2026-02"));
  EXPECT_THAT(labels(TimeUnit::Month, "2026-01-31", "2026-03-01"),
              ElementsAre("2026-01", "2026-02", "2026-03"))
      << "no month is jumped over";
  EXPECT_THAT(labels(TimeUnit::Year, "2023-12-31", "2025-01-01"),
              ElementsAre("2023", "2024", "2025"));
  EXPECT_THAT(labels(TimeUnit::Quarter, "2025-12-31", "2026-04-01"),
              ElementsAre("2025-Q4", "2026-Q1", "2026-Q2"));
  EXPECT_THAT(labels(TimeUnit::Week, "2025-12-28", "2026-01-06"),
              ElementsAre("2025-W51", "2025-W52", "2026-W00", "2026-W01"));
  EXPECT_THAT(labels(TimeUnit::Day, "2024-02-28", "2024-03-01"),
              ElementsAre("2024-02-28", "2024-02-29", "2024-03-01"));
  EXPECT_THAT(labels(TimeUnit::Hour, "2026-01-01T22:30:00Z", "2026-01-02T00:00:00Z"),
              ElementsAre("2026-01-01T22", "2026-01-01T23", "2026-01-02T00"));
  EXPECT_THAT(labels(TimeUnit::Day, "2024-01-02", "2024-01-01"), SizeIs(0));
}

TEST(BucketsTest, TheirNumberIsBounded) {
  const auto too_many = bucket_labels(TimeUnit::Hour, at("1000-01-01"), at("3000-01-01"));
  ASSERT_FALSE(too_many);
  EXPECT_EQ(too_many.error().reason(), "buckets");
}

}  // namespace
}  // namespace moonstone::orm
