// Moonstone. Licence: see LICENSE.
#include "base/ulid.h"

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace moonstone {
namespace {

/// Always the same number.
class ConstantRandom final : public Random {
 public:
  explicit ConstantRandom(std::uint64_t number) : number_(number) {}
  [[nodiscard]] std::uint64_t next() override { return number_; }

 private:
  std::uint64_t number_;
};

constexpr std::int64_t kSomeMs = 1'753'184'523'123;

TEST(UlidTest, HasTheDocumentedForm) {
  ConstantRandom zeros(0);
  UlidGenerator generator(zeros);
  EXPECT_EQ(generator.next(0), "00000000000000000000000000");
  // 1469918176385 ms and its first ten digits are the example of the ULID specification.
  EXPECT_EQ(generator.next(1'469'918'176'385), "01ARYZ6S410000000000000000");
  EXPECT_EQ(generator.next(1'469'918'176'385), "01ARYZ6S410000000000000001");
}

TEST(UlidTest, SortsInTheOrderOfMakingWithinAMillisecond) {
  SeededRandom random(1);
  UlidGenerator generator(random);
  std::string last = generator.next(kSomeMs);
  for (int count = 0; count < 1000; ++count) {
    const std::string ulid = generator.next(kSomeMs);
    EXPECT_GT(ulid, last);
    EXPECT_EQ(ulid_unix_ms(ulid), kSomeMs);
    last = ulid;
  }
}

TEST(UlidTest, SortsInTheOrderOfMakingWhenTheClockStepsBack) {
  SeededRandom random(2);
  UlidGenerator generator(random);
  const std::string before = generator.next(kSomeMs);
  const std::string after = generator.next(kSomeMs - 60'000);
  EXPECT_GT(after, before);
  EXPECT_EQ(ulid_unix_ms(after), kSomeMs);
  EXPECT_EQ(ulid_unix_ms(generator.next(kSomeMs + 1)), kSomeMs + 1);
}

TEST(UlidTest, BorrowsTheNextMillisecondWhenTheRandomPartIsUsedUp) {
  ConstantRandom ones(UINT64_MAX);
  UlidGenerator generator(ones);
  const std::string first = generator.next(kSomeMs);
  EXPECT_EQ(first.substr(10), "ZZZZZZZZZZZZZZZZ");
  const std::string second = generator.next(kSomeMs);
  EXPECT_GT(second, first);
  EXPECT_EQ(ulid_unix_ms(second), kSomeMs + 1);
  const std::string third = generator.next(kSomeMs + 1);
  EXPECT_GT(third, second);
  EXPECT_EQ(ulid_unix_ms(third), kSomeMs + 2);
}

TEST(UlidTest, IncrementCarriesOverTheWholeRandomPart) {
  ConstantRandom zeros(0);
  UlidGenerator generator(zeros);
  const std::string time = generator.next(kSomeMs).substr(0, 10);
  generator.start_after(time + "0ZZZZZZZZZZZZZZZ");
  EXPECT_EQ(generator.next(kSomeMs), time + "1000000000000000");
  generator.start_after(time + "10000000000000ZZ");
  EXPECT_EQ(generator.next(kSomeMs), time + "1000000000000100");
}

TEST(UlidTest, DifferentMillisecondsGetFreshRandomness) {
  SeededRandom random(3);
  UlidGenerator generator(random);
  EXPECT_NE(generator.next(kSomeMs).substr(10), generator.next(kSomeMs + 1).substr(10));
}

TEST(UlidTest, StartAfterContinuesBehindThePersistedId) {
  SeededRandom random(4);
  UlidGenerator earlier(random);
  const std::string persisted = earlier.next(kSomeMs);
  UlidGenerator later(random);
  later.start_after(persisted);
  EXPECT_GT(later.next(kSomeMs - 5000), persisted);
}

TEST(UlidTest, StartAfterIgnoresEarlierAndMalformedIds) {
  ConstantRandom zeros(0);
  UlidGenerator generator(zeros);
  const std::string first = generator.next(kSomeMs);
  generator.start_after(least_ulid_at(kSomeMs - 1));
  generator.start_after(first);
  generator.start_after("");
  generator.start_after("not a ulid, but 26 letters");
  EXPECT_EQ(generator.next(kSomeMs), first.substr(0, 25) + "1");
}

TEST(UlidTest, MillisecondsOfMalformedTextAreNothing) {
  const std::string good = least_ulid_at(kSomeMs);
  EXPECT_EQ(ulid_unix_ms(good), kSomeMs);
  EXPECT_EQ(ulid_unix_ms("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), (std::int64_t{1} << 48) - 1);
  for (const std::string& bad :
       {std::string(), good.substr(1), good + "0", "8" + good.substr(1), good.substr(0, 25) + "I",
        good.substr(0, 25) + "L", good.substr(0, 25) + "O", good.substr(0, 25) + "U",
        good.substr(0, 25) + "a", good.substr(0, 5) + "!" + good.substr(6),
        good.substr(0, 25) + "\xFF", "\xFF" + good.substr(1)}) {
    EXPECT_EQ(ulid_unix_ms(bad), std::nullopt) << bad;
  }
}

TEST(UlidTest, LeastUlidClampsToTheRangeOfTheFormat) {
  EXPECT_EQ(least_ulid_at(-1), "00000000000000000000000000");
  EXPECT_EQ(least_ulid_at((std::int64_t{1} << 48) - 1), "7ZZZZZZZZZ0000000000000000");
  EXPECT_EQ(least_ulid_at(std::int64_t{1} << 48), "7ZZZZZZZZZ0000000000000000");
  EXPECT_EQ(least_ulid_at(INT64_MAX), "7ZZZZZZZZZ0000000000000000");
}

TEST(UlidTest, LeastUlidIsNotAboveAnyIdOfThatMillisecond) {
  SeededRandom random(5);
  UlidGenerator generator(random);
  const std::string ulid = generator.next(kSomeMs);
  EXPECT_LE(least_ulid_at(kSomeMs), ulid);
  EXPECT_GT(least_ulid_at(kSomeMs + 1), ulid);
}

}  // namespace
}  // namespace moonstone
