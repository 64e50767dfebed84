// Moonstone. Licence: see LICENSE.
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"

namespace moonstone {
namespace {

Value parse(std::string_view text) {
  Result<Value> result = parse_json(text);
  if (!result) {
    ADD_FAILURE() << text << ": " << result.error().message();
    return {};
  }
  return std::move(*result);
}

ErrorCode code_of(const Result<Value>& result) {
  return result ? ErrorCode::Internal : result.error().code();
}

std::string repeat(std::string_view part, std::size_t count) {
  std::string text;
  for (std::size_t index = 0; index < count; ++index) {
    text += part;
  }
  return text;
}

std::string nested_arrays(std::size_t depth) {
  return repeat("[", depth) + repeat("]", depth);
}

TEST(JsonReadTest, ReadsEveryKind) {
  EXPECT_EQ(parse("null"), Value(nullptr));
  EXPECT_EQ(parse("true"), Value(true));
  EXPECT_EQ(parse("false"), Value(false));
  EXPECT_EQ(parse("12"), Value(12));
  EXPECT_EQ(parse("-1.5"), Value(-1.5));
  EXPECT_EQ(parse("\"text\""), Value("text"));
  EXPECT_EQ(parse("[]"), Value(Array{}));
  EXPECT_EQ(parse("{}"), Value(Object{}));
  EXPECT_EQ(parse(" [1, {\"a\": [null]}, \"b\"]\r\n\t"),
            Value(Array{1, Object{{"a", Array{nullptr}}}, "b"}));
}

TEST(JsonReadTest, IntegerLiteralsOfInt64AreIntegersAllOthersNumbers) {
  EXPECT_EQ(parse("0"), Value(0));
  EXPECT_EQ(parse("9007199254740993"), Value(std::int64_t{9007199254740993}));
  EXPECT_EQ(parse("9223372036854775807"), Value(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(parse("-9223372036854775808"), Value(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(parse("9223372036854775808"), Value(9223372036854775808.0));
  EXPECT_EQ(parse("-9223372036854775809"), Value(-9223372036854775808.0));
  EXPECT_EQ(parse("18446744073709551615"), Value(18446744073709551616.0));
  EXPECT_EQ(parse("18446744073709551616"), Value(18446744073709551616.0));
  EXPECT_EQ(parse("100000000000000000000000000000"), Value(1e29));
  EXPECT_EQ(parse("1.0"), Value(1.0));
  EXPECT_EQ(parse("1e2"), Value(100.0));
  EXPECT_EQ(parse("1E+2"), Value(100.0));
}

TEST(JsonReadTest, MinusZeroIsTheNumberMinusZero) {
  for (const std::string_view text : {"-0", "-0.0", "-0e5", "-1e-400"}) {
    const Value value = parse(text);
    ASSERT_TRUE(value.is_number()) << text;
    EXPECT_EQ(value.as_number(), 0.0) << text;
    EXPECT_TRUE(std::signbit(value.as_number())) << text;
  }
  EXPECT_TRUE(std::signbit(parse("[-0]").as_array()[0].as_number()));
}

TEST(JsonReadTest, NumbersRoundExactly) {
  EXPECT_EQ(parse("0.1").as_number(), 0.1);
  EXPECT_EQ(parse("5e-324").as_number(), 5e-324);
  EXPECT_EQ(parse("2e-324").as_number(), 0.0);
  EXPECT_EQ(parse("1e-400").as_number(), 0.0);
  EXPECT_EQ(parse("1.7976931348623157e308").as_number(), std::numeric_limits<double>::max());
  EXPECT_EQ(parse("9007199254740993.0").as_number(), 9007199254740992.0);
  EXPECT_EQ(parse("2.2250738585072011e-308").as_number(), 2.2250738585072011e-308);
  EXPECT_EQ(parse("0." + std::string(400, '0') + "1e401").as_number(), 1.0);
  EXPECT_EQ(parse("1" + std::string(300, '0') + "e-300").as_number(), 1.0);
  EXPECT_EQ(parse("0e999").as_number(), 0.0);
}

TEST(JsonReadTest, NumbersBeyondADoubleAreRefused) {
  for (const std::string_view text :
       {"1e400", "-1e400", "1.8e308", "[1e309]", "1e99999999999", "{\"a\":1e999}"}) {
    const Result<Value> result = parse_json(text);
    ASSERT_EQ(code_of(result), ErrorCode::InvalidArgument) << text;
    EXPECT_NE(result.error().message().find("beyond the range"), std::string::npos) << text;
  }
  EXPECT_EQ(code_of(parse_json(std::string(400, '9'))), ErrorCode::InvalidArgument);
}

TEST(JsonReadTest, UnescapesText) {
  EXPECT_EQ(parse(R"("\"\\\/\b\f\n\r\t")"), Value("\"\\/\b\f\n\r\t"));
  EXPECT_EQ(parse(R"("\u00e9\u20ac")"), Value("é€"));
  EXPECT_EQ(parse(R"("\ud83d\ude00!")"), Value("😀!"));
  EXPECT_EQ(parse("\"é€😀\""), Value("é€😀"));
  EXPECT_EQ(parse(R"("a\u0000b")"), Value(std::string_view("a\0b", 3)));
  EXPECT_EQ(parse(R"({"\u0061b\nc": 1})"), Value(Object{{"ab\nc", 1}}));
}

TEST(JsonReadTest, LongTextWithEscapesArrivesWhole) {
  const std::string part = "0123456789\\n\\u20ac";
  std::string expected;
  for (int index = 0; index < 5000; ++index) {
    expected += "0123456789\n€";
  }
  EXPECT_EQ(parse("\"" + repeat(part, 5000) + "\""), Value(expected));
  EXPECT_EQ(parse("{\"" + repeat(part, 5000) + "\":1}"), Value(Object{{expected, 1}}));
}

TEST(JsonReadTest, InvalidUtf8IsRefused) {
  for (const std::string_view bytes :
       {"\x80", "\xC3", "\xC0\xAF", "\xE2\x82", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF"}) {
    const std::string text = "\"" + std::string(bytes) + "\"";
    EXPECT_EQ(code_of(parse_json(text)), ErrorCode::InvalidArgument) << text;
    EXPECT_EQ(code_of(parse_json("{" + text + ":1}")), ErrorCode::InvalidArgument) << text;
  }
  EXPECT_EQ(code_of(parse_json("\xEF\xBB\xBF[]")), ErrorCode::InvalidArgument);
}

TEST(JsonReadTest, LoneSurrogatesAreRefused) {
  for (const std::string_view text : {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\n")",
                                      R"("\ud83d\ud83d")", R"({"\ud800":1})"}) {
    EXPECT_EQ(code_of(parse_json(text)), ErrorCode::InvalidArgument) << text;
  }
}

TEST(JsonReadTest, MalformedTextIsRefused) {
  for (const std::string_view text : {
           "",         " ",         "nul",         "nulll",    "True",      "NaN",
           "Infinity", "-",         "+1",          "01",       "1.",        ".5",
           "1e",       "1e+",       "0x10",        "1_000",    "[",         "]",
           "[1",       "[1,",       "[1,]",        "[,1]",     "[1 2]",     "{",
           "}",        "{\"a\"",    "{\"a\":",     "{\"a\":1", "{\"a\":1,", "{\"a\":1,}",
           "{a:1}",    "{'a':1}",   "{1:1}",       "\"",       "\"a",       "\"\\",
           "\"\\x\"",  "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "\"\x01\"",  "[1]x",
           "1 2",      "[] []",     "// c\n1",     "/* c */1",
       }) {
    EXPECT_EQ(code_of(parse_json(text)), ErrorCode::InvalidArgument) << text;
  }
  EXPECT_EQ(code_of(parse_json(std::string_view("1\0", 2))), ErrorCode::InvalidArgument);
}

TEST(JsonReadTest, EveryTruncationOfAValidTextIsRefused) {
  const std::string text =
      R"({"a":[1,-2.5e3,"x\u20ac\ud83d\ude00é",true,false,null],"b":{"c":{}}})";
  EXPECT_TRUE(parse_json(text).has_value());
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(code_of(parse_json(text.substr(0, size))), ErrorCode::InvalidArgument) << size;
  }
}

TEST(JsonReadTest, ErrorsNameThePosition) {
  EXPECT_NE(parse_json("[1, x]").error().message().find("byte 4"), std::string::npos)
      << parse_json("[1, x]").error().message();
  EXPECT_NE(parse_json("[1] x").error().message().find("byte 4"), std::string::npos)
      << parse_json("[1] x").error().message();
  EXPECT_NE(parse_json("[1").error().message().find("too early"), std::string::npos);
}

TEST(JsonReadTest, RepeatedNamesKeepTheFirstPositionAndTheLastValue) {
  EXPECT_EQ(parse(R"({"a":1,"b":2,"a":3})"), Value(Object{{"a", 3}, {"b", 2}}));
  EXPECT_EQ(parse(R"({"a":1,"a":2,"a":3})"), Value(Object{{"a", 3}}));
  EXPECT_EQ(parse(R"({"":1,"":[{"x":1,"x":2}]})"), Value(Object{{"", Array{Object{{"x", 2}}}}}));
  EXPECT_EQ(parse(R"({"a":1,"\u0061":2})"), Value(Object{{"a", 2}}));
}

std::string object_of_members(std::size_t count, std::string_view after) {
  std::string text = "{";
  for (std::size_t index = 0; index < count; ++index) {
    text += "\"member" + std::to_string(index) + "\":" + std::to_string(index) + ",";
  }
  text.append(after).append("}");
  return text;
}

TEST(JsonReadTest, RepeatedNamesAmongManyMembersBehaveAlike) {
  // Around the size at which the search for repeated names changes, and well above it.
  for (const std::size_t count : {14U, 15U, 16U, 17U, 18U, 1000U}) {
    const Value value = parse(object_of_members(count, "\"member3\":\"last\",\"end\":true"));
    const Object& object = value.as_object();
    ASSERT_EQ(object.size(), count + 1) << count;
    EXPECT_EQ((object.begin() + 3)->name, "member3");
    EXPECT_EQ((object.begin() + 3)->value, Value("last"));
    EXPECT_EQ((object.begin() + 4)->value, Value(4));
    EXPECT_EQ((object.end() - 1)->name, "end");
  }
}

TEST(JsonReadTest, AHundredThousandMembersAreReadWithoutQuadraticWork) {
  // Quadratic work would be 10^10 comparisons, which the test's timeout does not survive.
  const Value distinct = parse(object_of_members(100'000, "\"end\":0"));
  EXPECT_EQ(distinct.as_object().size(), 100'001U);
  const Value same = parse("{" + repeat("\"a\":1,", 100'000) + "\"a\":2}");
  EXPECT_EQ(same, Value(Object{{"a", 2}}));
}

TEST(JsonReadTest, ProtoIsAnOrdinaryMember) {
  EXPECT_EQ(parse(R"({"__proto__":{"admin":true},"constructor":1})"),
            Value(Object{{"__proto__", Object{{"admin", true}}}, {"constructor", 1}}));
}

TEST(JsonLimitsTest, DepthAtTheLimitAndOneAbove) {
  const JsonLimits limits;
  EXPECT_TRUE(parse_json(nested_arrays(limits.depth_max)).has_value());
  const Result<Value> deeper = parse_json(nested_arrays(limits.depth_max + 1));
  ASSERT_EQ(code_of(deeper), ErrorCode::LimitExceeded);
  EXPECT_NE(deeper.error().message().find("64 levels"), std::string::npos);
  const JsonLimits flat{.depth_max = 1};
  EXPECT_TRUE(parse_json("[1,2]", flat).has_value());
  EXPECT_TRUE(parse_json("{\"a\":1}", flat).has_value());
  EXPECT_EQ(code_of(parse_json("[{}]", flat)), ErrorCode::LimitExceeded);
  EXPECT_EQ(code_of(parse_json("{\"a\":[]}", flat)), ErrorCode::LimitExceeded);
  EXPECT_TRUE(parse_json("1", JsonLimits{.depth_max = 0}).has_value());
}

TEST(JsonLimitsTest, TenThousandLevelsAreRefusedOrReadAsTheLimitSays) {
  EXPECT_EQ(code_of(parse_json(nested_arrays(10'000))), ErrorCode::LimitExceeded);
  EXPECT_EQ(code_of(parse_json(repeat("{\"a\":", 10'000))), ErrorCode::LimitExceeded);
  EXPECT_EQ(code_of(parse_json(repeat("[", 1'000'000))), ErrorCode::LimitExceeded);
}

TEST(JsonLimitsTest, BytesAtTheLimitAndOneAbove) {
  const JsonLimits limits{.bytes_max = 10};
  EXPECT_TRUE(parse_json("\"12345678\"", limits).has_value());
  EXPECT_EQ(code_of(parse_json("\"123456789\"", limits)), ErrorCode::LimitExceeded);
  EXPECT_EQ(code_of(parse_json("1          ", limits)), ErrorCode::LimitExceeded);
}

TEST(JsonLimitsTest, NodesAtTheLimitAndOneAbove) {
  const JsonLimits limits{.nodes_max = 4};
  EXPECT_TRUE(parse_json("[1,2,3]", limits).has_value());
  EXPECT_TRUE(parse_json(R"({"a":1,"b":[2]})", limits).has_value());
  EXPECT_EQ(code_of(parse_json("[1,2,3,4]", limits)), ErrorCode::LimitExceeded);
  EXPECT_EQ(code_of(parse_json(R"({"a":1,"b":[2,3]})", limits)), ErrorCode::LimitExceeded);
  EXPECT_EQ(code_of(parse_json(R"({"a":1,"a":1,"a":1,"a":1})", limits)), ErrorCode::LimitExceeded);
  EXPECT_EQ(code_of(parse_json("1", JsonLimits{.nodes_max = 0})), ErrorCode::LimitExceeded);
}

}  // namespace
}  // namespace moonstone
