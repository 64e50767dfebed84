// Moonstone. Licence: see LICENSE.

#include <bit>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "query/expr.h"
#include "tests/query/random_values.h"

namespace moonstone::query {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kInt64Max = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kInt64Min = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kTwoTo53 = std::int64_t{1} << 53;

TEST(Comparable, IsADatabaseValue) {
  using enum Nesting;
  EXPECT_EQ(comparable(Value(), TopLevel), Value(nullptr));
  EXPECT_EQ(comparable(nullptr, Nested), Value(nullptr));
  EXPECT_EQ(comparable(true, TopLevel), Value(1));
  EXPECT_EQ(comparable(false, Nested), Value(0));
  EXPECT_EQ(comparable(1.0, TopLevel), Value(1));
  EXPECT_EQ(comparable(-0.0, TopLevel), Value(0));
  EXPECT_EQ(comparable(1.5, Nested), Value(1.5));
  EXPECT_EQ(comparable(1e300, Nested), Value(1e300));
  EXPECT_EQ(comparable(std::nan(""), TopLevel), Value(nullptr));
  EXPECT_EQ(comparable(std::nan(""), Nested), Value(R"({"$number":"NaN"})"));
  EXPECT_EQ(comparable(kInfinity, TopLevel), Value(kInfinity));
  EXPECT_EQ(comparable(-kInfinity, Nested), Value(R"({"$number":"-Infinity"})"));
  EXPECT_EQ(comparable(Bytes{"a"}, TopLevel), Value(Bytes{"a"}));
  EXPECT_EQ(comparable(Bytes{"a"}, Nested), Value(R"({"$bytes":"YQ=="})"));
  EXPECT_EQ(comparable(Array{1, "x"}, TopLevel), Value(R"([1,"x"])"));
  EXPECT_EQ(comparable(Object{{"b", 1}, {"a", 2.0}}, TopLevel), Value(R"({"b":1,"a":2})"));
}

TEST(CompareValues, OrdersTypesFirst) {
  const std::vector<Value> ascending{nullptr,
                                     -kInfinity,
                                     -1e300,
                                     kInt64Min,
                                     -kTwoTo53 - 1,
                                     -9007199254740992.0,
                                     -1,
                                     -0.5,
                                     0,
                                     0.5,
                                     1,
                                     kTwoTo53 - 1,
                                     9007199254740992.0,
                                     kTwoTo53 + 1,
                                     kInt64Max,
                                     9223372036854775808.0,
                                     kInfinity,
                                     "",
                                     "A",
                                     "a",
                                     "ab",
                                     "é",
                                     "\uFFFD",
                                     "\U0001F600",
                                     Bytes{""},
                                     Bytes{"a"},
                                     Bytes{"\xff"}};
  for (std::size_t a = 0; a < ascending.size(); ++a) {
    for (std::size_t b = 0; b < ascending.size(); ++b) {
      EXPECT_EQ(compare_values(ascending[a], ascending[b]), a <=> b) << a << " and " << b;
    }
  }
}

TEST(CompareValues, ComparesIntegersAndDoublesExactly) {
  EXPECT_EQ(compare_values(kTwoTo53, 9007199254740992.0), std::strong_ordering::equal);
  EXPECT_EQ(compare_values(kTwoTo53 + 1, 9007199254740992.0), std::strong_ordering::greater);
  EXPECT_EQ(compare_values(9223372036854775808.0, kInt64Max), std::strong_ordering::greater);
  EXPECT_EQ(compare_values(kInt64Min, -9223372036854775808.0), std::strong_ordering::equal);
  EXPECT_EQ(compare_values(0, -0.0), std::strong_ordering::equal);
  EXPECT_EQ(compare_values(-1, -1.5), std::strong_ordering::greater);
  EXPECT_EQ(compare_values(1, 1.5), std::strong_ordering::less);
}

/// 64 bits of mantissa hold every int64 and every double.
TEST(CompareValues, AgreesWithExtendedPrecision) {
  if (std::numeric_limits<long double>::digits < 64) GTEST_SKIP() << "no wide long double here";
  Dice dice(3);
  for (int round = 0; round < 20'000; ++round) {
    const auto integer = static_cast<std::int64_t>(dice.bits() >> dice.roll(64));
    const int distance = static_cast<int>(dice.roll(3)) - 1;
    double number = static_cast<double>(integer);
    if (distance != 0) number = std::nextafter(number, distance * kInfinity);
    const auto wide = static_cast<long double>(integer);
    const auto expected = wide < number   ? std::strong_ordering::less
                          : wide > number ? std::strong_ordering::greater
                                          : std::strong_ordering::equal;
    EXPECT_EQ(compare_values(integer, number), expected) << integer << " and " << number;
    EXPECT_EQ(compare_values(number, integer), 0 <=> expected);
  }
}

TEST(CompareValues, IsATotalOrder) {
  Dice dice(4);
  const auto draw = [&dice] {
    return comparable(random_value(dice, 2), dice.one_in(2) ? Nesting::TopLevel : Nesting::Nested);
  };
  for (int round = 0; round < 20'000; ++round) {
    const Value a = draw();
    const Value b = draw();
    const Value c = draw();
    EXPECT_EQ(compare_values(a, a), std::strong_ordering::equal);
    EXPECT_EQ(compare_values(a, b), 0 <=> compare_values(b, a));
    // One form per value: what compares equal is equal.
    EXPECT_EQ(compare_values(a, b) == 0, a == b);
    if (compare_values(a, b) <= 0 && compare_values(b, c) <= 0) {
      EXPECT_TRUE(compare_values(a, c) <= 0);
    }
  }
}

TEST(CompareValues, TakesOtherValuesAsWhatTheyCompareAs) {
  EXPECT_EQ(compare_values(true, 1), std::strong_ordering::equal);
  EXPECT_EQ(compare_values("[1]", Array{1}), std::strong_ordering::equal);
  EXPECT_EQ(compare_values(std::nan(""), nullptr), std::strong_ordering::equal);
}

}  // namespace
}  // namespace moonstone::query
