// Moonstone. Licence: see LICENSE.
#include "base/error.h"

#include <memory>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/check.h"
#include "base/result.h"

namespace moonstone {
namespace {

TEST(ErrorTest, CarriesCodeMessageAndReason) {
  const Error plain(ErrorCode::NotFound, "no such table");
  EXPECT_EQ(plain.code(), ErrorCode::NotFound);
  EXPECT_EQ(plain.message(), "no such table");
  EXPECT_EQ(plain.reason(), "");
  EXPECT_EQ(plain.stack(), "");
  const Error with_reason(ErrorCode::Unavailable, "disk full", "disk_full");
  EXPECT_EQ(with_reason.reason(), "disk_full");
}

TEST(ErrorTest, ContextStandsBeforeTheMessageAndKeepsTheRest) {
  const Error error = Error(ErrorCode::Corruption, "bad page", "bad_page")
                          .with_stack("at f (a.ts:1)")
                          .with_context("read row")
                          .with_context("table tasks");
  EXPECT_EQ(error.message(), "table tasks: read row: bad page");
  EXPECT_EQ(error.code(), ErrorCode::Corruption);
  EXPECT_EQ(error.reason(), "bad_page");
  EXPECT_EQ(error.stack(), "at f (a.ts:1)");
}

TEST(ErrorTest, CopiesAreIndependent) {
  Error original(ErrorCode::Internal, "first");
  Error copy = original;
  original = Error(ErrorCode::Conflict, "second");
  EXPECT_EQ(copy.message(), "first");
  copy = original;
  EXPECT_EQ(copy.code(), ErrorCode::Conflict);
  const Error& self = copy;
  copy = self;
  EXPECT_EQ(copy.message(), "second");
}

TEST(ErrorTest, IsAsSmallAsAPointer) {
  EXPECT_EQ(sizeof(Error), sizeof(void*));
}

TEST(ErrorTest, EveryCodeHasItsOwnName) {
  std::set<std::string_view> names;
  const auto last = static_cast<int>(ErrorCode::Internal);
  for (int code = 0; code <= last; ++code) {
    names.insert(to_string(static_cast<ErrorCode>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(last) + 1);
  EXPECT_EQ(to_string(ErrorCode::DeadlineExceeded), "deadline_exceeded");
}

Result<int> half_of(int number) {
  if (number % 2 != 0) return Error(ErrorCode::InvalidArgument, "odd");
  return number / 2;
}

Status check_even(int number) {
  MS_TRY_STATUS(half_of(number));
  return ok();
}

Result<int> quarter_of(int number) {
  MS_TRY(const int half, half_of(number));
  MS_TRY(const int quarter, half_of(half));
  return quarter;
}

Result<std::unique_ptr<int>> make_box(int number) {
  if (number < 0) return Error(ErrorCode::InvalidArgument, "negative");
  return std::make_unique<int>(number);
}

Result<int> unbox(int number) {
  MS_TRY(std::unique_ptr<int> box, make_box(number));
  return *box;
}

TEST(ResultTest, TryDeclaresTheValueOrReturnsTheError) {
  EXPECT_EQ(quarter_of(8).value(), 2);
  const Result<int> failed = quarter_of(6);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().message(), "odd");
}

TEST(ResultTest, TryMovesTheValueOut) {
  EXPECT_EQ(unbox(5).value(), 5);
  EXPECT_FALSE(unbox(-1).has_value());
}

TEST(ResultTest, TryStatusPassesErrorsOn) {
  EXPECT_TRUE(check_even(4).has_value());
  EXPECT_EQ(check_even(3).error().code(), ErrorCode::InvalidArgument);
  check_even(3).ignore("only that it compiles");
}

TEST(CheckDeathTest, StopsTheProcessAndSaysWhy) {
  const int count = 1;
  MS_CHECK(count == 1, "holds");
  EXPECT_DEATH(MS_CHECK(count == 2, "rows would be lost"), "count == 2 \\(rows would be lost\\)");
}

}  // namespace
}  // namespace moonstone
