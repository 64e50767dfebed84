// Moonstone. Licence: see LICENSE.

#include "query/storage_json.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "schema/type.h"
#include "tests/query/random_values.h"

namespace moonstone::query {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Equal, with NaN equal to itself and -0 equal to 0.
bool same(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case ValueKind::Number:
      return a.as_number() == b.as_number() ||
             (std::isnan(a.as_number()) && std::isnan(b.as_number()));
    case ValueKind::Array:
      return std::ranges::equal(a.as_array(), b.as_array(), same);
    case ValueKind::Object:
      return std::ranges::equal(a.as_object(), b.as_object(), [](const Member& x, const Member& y) {
        return x.name == y.name && same(x.value, y.value);
      });
    case ValueKind::Undefined:
    case ValueKind::Null:
    case ValueKind::Boolean:
    case ValueKind::Integer:
    case ValueKind::Text:
    case ValueKind::Bytes:
      return a == b;
  }
  return false;
}

struct Written {
  Value value;
  std::string_view text;
};

/// The texts are on disk: this table may grow and must not change.
TEST(StorageJson, WritesTheseTexts) {
  for (const auto& [value, text] : {
           Written{Value(), "null"},
           Written{nullptr, "null"},
           Written{true, "true"},
           Written{42, "42"},
           Written{std::numeric_limits<std::int64_t>::min(), "-9223372036854775808"},
           Written{42.0, "42"},
           Written{-0.0, "0"},
           Written{-7.0, "-7"},
           Written{9007199254740991.0, "9007199254740991"},
           Written{9007199254740992.0, "9007199254740992.0"},
           Written{-9007199254740992.0, "-9007199254740992.0"},
           Written{1e17, "100000000000000000.0"},
           Written{1e21, "1e+21"},
           Written{0.1, "0.1"},
           Written{5e-324, "5e-324"},
           Written{std::nan(""), R"({"$number":"NaN"})"},
           Written{kInfinity, R"({"$number":"Infinity"})"},
           Written{-kInfinity, R"({"$number":"-Infinity"})"},
           Written{"a\"\\\n\x01é", R"("a\"\\\n\u0001é")"},
           Written{Bytes{std::string("\0\xff", 2)}, R"({"$bytes":"AP8="})"},
           Written{Array{}, "[]"},
           Written{Array{1, Value(), "x"}, R"([1,null,"x"])"},
           Written{Object{}, "{}"},
           Written{Object{{"b", 1}, {"a", 2}}, R"({"b":1,"a":2})"},
           Written{Object{{"a", Value()}}, "{}"},
           Written{Object{{"$bytes", "AP8="}}, R"({"$object":{"$bytes":"AP8="}})"},
           Written{Object{{"$x", Value()}}, "{}"},
           Written{Object{{"$x", 1}, {"y", Value()}}, R"({"$object":{"$x":1}})"},
           Written{Object{{"$x", 1}, {"y", 2}}, R"({"$x":1,"y":2})"},
           Written{Object{{"$object", Object{{"$object", 1}}}},
                   R"({"$object":{"$object":{"$object":{"$object":1}}}})"},
       }) {
    EXPECT_EQ(storage_json(value), text);
  }
}

TEST(StorageJson, TellsIntegersFromNumbers) {
  EXPECT_TRUE(parse_storage_json("42")->is_integer());
  EXPECT_TRUE(parse_storage_json("100000000000000000.0")->is_number());
  EXPECT_EQ(parse_storage_json("9223372036854775807")->as_integer(),
            std::numeric_limits<std::int64_t>::max());
}

TEST(StorageJson, ReadsBackWhatItWrites) {
  const schema::TypePtr any = schema::Type::scalar(schema::TypeKind::Any);
  Dice dice(1);
  for (int round = 0; round < 20'000; ++round) {
    Value value = random_value(dice, 4);
    if (value.is_undefined()) continue;
    const std::string text = storage_json(value);
    auto read = parse_storage_json(text);
    ASSERT_TRUE(read.has_value()) << text << ": " << read.error().message();
    EXPECT_EQ(storage_json(*read), text);
    // The type restores what digits alone do not say.
    ASSERT_TRUE(schema::check_and_convert(*any, value).has_value());
    ASSERT_TRUE(schema::check_and_convert(*any, *read).has_value());
    EXPECT_TRUE(same(*read, value)) << text;
  }
}

TEST(StorageJson, ReadsRandomDoublesExactly) {
  Dice dice(2);
  for (int round = 0; round < 20'000; ++round) {
    const double number = std::bit_cast<double>(dice.bits());
    const auto read = parse_storage_json(storage_json(number));
    ASSERT_TRUE(read.has_value());
    if (std::isnan(number)) {
      EXPECT_TRUE(std::isnan(read->as_number()));
    } else {
      EXPECT_EQ(read->to_double(), number);
    }
  }
}

TEST(StorageJson, ReadsAllThatMayComeIn) {
  Value value = 1;
  for (int depth = 1; depth < 64; ++depth)
    value = Object{{"$x", std::move(value)}};
  const auto read = parse_storage_json(storage_json(value));
  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(*read, value);
}

TEST(StorageJson, RefusesWhatItNeverWrites) {
  for (const std::string_view text :
       {"", "{", "nul", R"({"$bytes":1})", R"({"$bytes":"?"})", R"({"$number":"1"})",
        R"({"$object":1})", R"([{"$other":1}])", R"({"$object":{"a":{"$other":1}}})"}) {
    const auto read = parse_storage_json(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().code(), ErrorCode::Corruption);
  }
}

}  // namespace
}  // namespace moonstone::query
