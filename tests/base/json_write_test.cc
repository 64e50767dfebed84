// Moonstone. Licence: see LICENSE.
#include <bit>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/json.h"

namespace moonstone {
namespace {

std::string number_text(double number) {
  std::string text;
  write_json_number(number, text);
  return text;
}

struct GoldenNumber {
  std::uint64_t bits;
  std::string text;
};

/// What JSON.stringify of Node printed; golden/make_json_numbers.mjs makes the file.
std::vector<GoldenNumber> read_golden_numbers() {
  std::ifstream file(MS_SOURCE_DIR "/tests/base/golden/json_numbers.golden");
  std::vector<GoldenNumber> numbers;
  std::string bits;
  std::string text;
  while (file >> bits >> text) {
    numbers.push_back({std::stoull(bits, nullptr, 16), text});
  }
  return numbers;
}

TEST(JsonWriteTest, NumbersPrintAsJavaScriptPrintsThem) {
  const std::vector<GoldenNumber> numbers = read_golden_numbers();
  ASSERT_GE(numbers.size(), 200U);
  for (const GoldenNumber& golden : numbers) {
    EXPECT_EQ(number_text(std::bit_cast<double>(golden.bits)), golden.text)
        << std::hex << golden.bits;
  }
}

TEST(JsonWriteTest, NumbersAtTheEdgesOfTheNotations) {
  EXPECT_EQ(number_text(-0.0), "0");
  EXPECT_EQ(number_text(1e20), "100000000000000000000");
  EXPECT_EQ(number_text(1e21), "1e+21");
  EXPECT_EQ(number_text(1e-6), "0.000001");
  EXPECT_EQ(number_text(1e-7), "1e-7");
  EXPECT_EQ(number_text(9007199254740992.0), "9007199254740992");
  EXPECT_EQ(number_text(1152921504606846976.0), "1152921504606847000");
  EXPECT_EQ(number_text(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(number_text(std::numeric_limits<double>::quiet_NaN()), "null");
}

TEST(JsonWriteTest, EveryFiniteNumberReadsBackAsItself) {
  SeededRandom random(7);
  for (int count = 0; count < 20'000; ++count) {
    const auto number = std::bit_cast<double>(random.next());
    if (number != number || number - number != 0) continue;
    const Result<Value> back = parse_json(number_text(number));
    ASSERT_TRUE(back.has_value()) << number_text(number);
    EXPECT_EQ(back->to_double(), number);
  }
}

TEST(JsonWriteTest, IntegersPrintAllTheirDigits) {
  EXPECT_EQ(to_json(Value(0)), "0");
  EXPECT_EQ(to_json(Value(-7)), "-7");
  EXPECT_EQ(to_json(Value(std::int64_t{9007199254740993})), "9007199254740993");
  EXPECT_EQ(to_json(Value(std::numeric_limits<std::int64_t>::min())), "-9223372036854775808");
  EXPECT_EQ(to_json(Value(std::numeric_limits<std::int64_t>::max())), "9223372036854775807");
}

TEST(JsonWriteTest, EscapesOnlyWhatItMust) {
  EXPECT_EQ(to_json(Value("\"\\/\b\f\n\r\t")), R"("\"\\/\b\f\n\r\t")");
  EXPECT_EQ(to_json(Value(std::string_view("a\0b", 3))), R"("a\u0000b")");
  EXPECT_EQ(to_json(Value("\x01\x0b\x1f")), R"("\u0001\u000b\u001f")");
  EXPECT_EQ(to_json(Value("\x7f é\u2028\u2029😀")), "\"\x7f é\u2028\u2029😀\"");
  EXPECT_EQ(to_json(Value("")), "\"\"");
  EXPECT_EQ(to_json(Object{{"a\"b", 1}}), R"({"a\"b":1})");
}

TEST(JsonWriteTest, UndefinedMembersAreLeftOutAndUndefinedElementsAreNull) {
  EXPECT_EQ(to_json(Value()), "null");
  EXPECT_EQ(to_json(Array{Value(), 1, Value()}), "[null,1,null]");
  EXPECT_EQ(to_json(Object{{"a", Value()}, {"b", nullptr}, {"c", Value()}}), R"({"b":null})");
  EXPECT_EQ(to_json(Object{{"a", Value()}}), "{}");
}

TEST(JsonWriteTest, BytesAreBase64) {
  EXPECT_EQ(to_json(Value(Bytes{std::string("\xFF\x00\x01", 3)})), R"("/wAB")");
  EXPECT_EQ(to_json(Value(Bytes{})), R"("")");
}

TEST(JsonWriteTest, CompactAndIndentedForms) {
  const Value value = Object{{"list", Array{1, Array{}, Object{}}},
                             {"empty", Object{{"left out", Value()}}},
                             {"flag", true}};
  EXPECT_EQ(to_json(value), R"({"list":[1,[],{}],"empty":{},"flag":true})");
  EXPECT_EQ(to_json_indented(value), R"({
  "list": [
    1,
    [],
    {}
  ],
  "empty": {},
  "flag": true
})");
  EXPECT_EQ(to_json_indented(Value(Array{})), "[]");
  EXPECT_EQ(to_json_indented(Value("x")), "\"x\"");
}

TEST(JsonWriteTest, WhatWasReadIsWrittenAlike) {
  for (const std::string_view text :
       {R"({"b":1,"a":[true,null,"é\n"],"c":{"d":-1.5e-9}})", R"([[[]],{},"",0.1,1e+300])",
        R"("\u0000")", "12345678901234567890123"}) {
    const Result<Value> value = parse_json(text);
    ASSERT_TRUE(value.has_value()) << text;
    EXPECT_EQ(parse_json(to_json(*value)).value(), *value) << text;
    EXPECT_EQ(parse_json(to_json_indented(*value)).value(), *value) << text;
  }
  const std::string text = R"({"b":1,"a":[true,null,"é\n"],"c":{"d":-1.5e-9}})";
  EXPECT_EQ(to_json(parse_json(text).value()), text);
}

TEST(JsonWriteTest, WritesBehindWhatIsThere) {
  std::string out = "x=";
  write_json(Array{1, 2}, out);
  write_json_string("a", out);
  EXPECT_EQ(out, "x=[1,2]\"a\"");
}

TEST(CanonicalJsonTest, SortsMembersByNameAtEveryLevel) {
  const Value a = Object{{"b", Object{{"y", 1}, {"x", 2}}}, {"a", Array{2, 1}}};
  const Value b = Object{{"a", Array{2, 1}}, {"b", Object{{"x", 2}, {"y", 1}}}};
  EXPECT_EQ(canonical_json(a), R"({"a":[2,1],"b":{"x":2,"y":1}})");
  EXPECT_EQ(canonical_json(a), canonical_json(b));
}

TEST(CanonicalJsonTest, WhatPrintsAlikeIsAlike) {
  EXPECT_EQ(canonical_json(Value(1)), canonical_json(Value(1.0)));
  EXPECT_EQ(canonical_json(Value(0)), canonical_json(Value(-0.0)));
  EXPECT_EQ(canonical_json(Object{{"a", Value()}}), canonical_json(Object{}));
  EXPECT_NE(canonical_json(Value("1")), canonical_json(Value(1)));
  EXPECT_NE(canonical_json(Object{{"a", nullptr}}), canonical_json(Object{}));
  EXPECT_NE(canonical_json(Array{1, 2}), canonical_json(Array{2, 1}));
}

TEST(CanonicalJsonTest, SortsNamesByBytes) {
  EXPECT_EQ(canonical_json(Object{{"é", 1}, {"z", 2}, {"Z", 3}, {"", 4}}),
            R"({"":4,"Z":3,"z":2,"é":1})");
}

}  // namespace
}  // namespace moonstone
