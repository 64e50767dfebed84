// Moonstone. Licence: see LICENSE.
// The Range header, from the plain to the hostile.
#include "protocol/byte_range.h"

#include <string>

#include <gtest/gtest.h>

namespace moonstone::protocol {
namespace {

/// "200", "206 first+count" or "416".
std::string choice(std::string_view header, std::uint64_t bytes_total = 1000) {
  const RangeChoice chosen = choose_range(header, bytes_total);
  switch (chosen.kind) {
    case RangeChoice::Kind::Whole:
      return "200";
    case RangeChoice::Kind::Part:
      return "206 " + std::to_string(chosen.range.first) + "+" + std::to_string(chosen.range.count);
    case RangeChoice::Kind::Unsatisfiable:
      return "416";
  }
  return "?";
}

TEST(ByteRange, OneRange) {
  EXPECT_EQ(choice("bytes=0-0"), "206 0+1");
  EXPECT_EQ(choice("bytes=0-499"), "206 0+500");
  EXPECT_EQ(choice("bytes=500-"), "206 500+500");
  EXPECT_EQ(choice("bytes=999-999"), "206 999+1");
  EXPECT_EQ(choice("bytes=-1"), "206 999+1");
  EXPECT_EQ(choice("bytes=-1000"), "206 0+1000");
  EXPECT_EQ(choice("Bytes = 1-2 "), "206 1+2");
}

TEST(ByteRange, BeyondTheEnd) {
  EXPECT_EQ(choice("bytes=990-2000"), "206 990+10");
  EXPECT_EQ(choice("bytes=-5000"), "206 0+1000");
  EXPECT_EQ(choice("bytes=1000-"), "416");
  EXPECT_EQ(choice("bytes=1000-1001"), "416");
  EXPECT_EQ(choice("bytes=-0"), "416");
  EXPECT_EQ(choice("bytes=0-99999999999999999999999999"), "206 0+1000");
  EXPECT_EQ(choice("bytes=99999999999999999999999999-"), "416");
  EXPECT_EQ(choice("bytes=-18446744073709551616"), "206 0+1000");
  EXPECT_EQ(choice("bytes=0-18446744073709551615", 18446744073709551615U),
            "206 0+18446744073709551615");
}

TEST(ByteRange, NothingToSend) {
  EXPECT_EQ(choice("bytes=0-", 0), "416");
  EXPECT_EQ(choice("bytes=0-0", 0), "416");
  EXPECT_EQ(choice("bytes=-1", 0), "200");
  EXPECT_EQ(choice("", 0), "200");
}

TEST(ByteRange, WhatIsNotUnderstoodIsIgnored) {
  for (const char* header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1-b", "bytes=5-2", "bytes=1 - 2",
        "bytes=+1-2", "bytes=1-+2", "bytes=0x1-2", "bytes=1-2-3", "items=0-5", "=0-5", "0-5",
        "bytes=--5", "bytes:0-5", "bytes=1.0-2"}) {
    EXPECT_EQ(choice(header), "200") << header;
  }
}

TEST(ByteRange, SeveralRangesGetTheWhole) {
  EXPECT_EQ(choice("bytes=0-0,2-2"), "200");
  EXPECT_EQ(choice("bytes=0-,-1"), "200");
  std::string bomb = "bytes=";
  for (int i = 0; i < 100'000; ++i)
    bomb += "0-,";
  EXPECT_EQ(choice(bomb), "200");
}

TEST(ByteRange, IfRange) {
  EXPECT_TRUE(allows_range("", "\"a\""));
  EXPECT_TRUE(allows_range("\"a\"", "\"a\""));
  EXPECT_FALSE(allows_range("\"b\"", "\"a\""));
  EXPECT_FALSE(allows_range("W/\"a\"", "W/\"a\""));
  EXPECT_FALSE(allows_range("Sun, 06 Nov 1994 08:49:37 GMT", "\"a\""));
}

TEST(ByteRange, Headers) {
  EXPECT_EQ(content_range_of({.first = 0, .count = 100}, 1234), "bytes 0-99/1234");
  EXPECT_EQ(unsatisfied_range_of(1234), "bytes */1234");
}

}  // namespace
}  // namespace moonstone::protocol
