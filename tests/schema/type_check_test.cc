// Moonstone. Licence: see LICENSE.
// Every text of functions.md section 3.3, and the stored form that each type gives a value.

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "tests/schema/json_text.h"

namespace moonstone::schema {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kSafeMax = (std::int64_t{1} << 53) - 1;

struct Refusal {
  std::string_view type;
  Value value;
  std::string_view message;
};

void PrintTo(const Refusal& refusal, std::ostream* out) {
  *out << refusal.type << " against " << to_json(refusal.value);
}

class Refuses : public testing::TestWithParam<Refusal> {};

TEST_P(Refuses, WithTheTextOfTheSpecification) {
  Value value = GetParam().value;
  const Status status = check_and_convert(*type_of(GetParam().type), value);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message(), GetParam().message);
  EXPECT_EQ(status.error().code(), ErrorCode::InvalidArgument);
  EXPECT_EQ(status.error().reason(), "validation");
}

constexpr std::string_view kObject =
    R"({"type":"object","value":{"a":{"type":"string"},
        "b":{"type":"optional","value":{"type":"number"}},"c":{"type":"boolean"}}})";
constexpr std::string_view kRecord =
    R"({"type":"record","keys":{"type":"literal","value":"k"},"values":{"type":"number"}})";
constexpr std::string_view kUnion =
    R"({"type":"union","value":[{"type":"string"},{"type":"null"}]})";
constexpr std::string_view kOptional = R"({"type":"optional","value":{"type":"string"}})";
constexpr std::string_view kNumbers = R"({"type":"array","value":{"type":"number"}})";

INSTANTIATE_TEST_SUITE_P(
    Scalars,
    Refuses,
    testing::Values(
        Refusal{"string", Value(), "Expected string, got undefined"},
        Refusal{"string", nullptr, "Expected string, got object"},
        Refusal{"string", Array{}, "Expected string, got object"},
        Refusal{"string", Object{}, "Expected string, got object"},
        Refusal{"string", Bytes{"x"}, "Expected string, got object"},
        Refusal{"string", true, "Expected string, got boolean"},
        Refusal{"string", 1, "Expected string, got number"},
        Refusal{"string", kSafeMax, "Expected string, got number"},
        Refusal{"string", kSafeMax + 1, "Expected string, got bigint"},
        Refusal{"string", -kSafeMax, "Expected string, got number"},
        Refusal{"string", -kSafeMax - 1, "Expected string, got bigint"},
        Refusal{"string", 1.5, "Expected string, got number"},
        Refusal{"number", "1", "Expected number, got string"},
        Refusal{"number", nullptr, "Expected number, got object"},
        Refusal{"float64", "1", "Expected float64 (number), got string"},
        Refusal{"boolean", 1, "Expected boolean, got number"},
        Refusal{"boolean", "true", "Expected boolean, got string"},
        Refusal{"null", Value(), "Expected null, got undefined"},
        Refusal{"null", 0, "Expected null, got 0"},
        Refusal{"null", -0.0, "Expected null, got 0"},
        Refusal{"null", 0.5, "Expected null, got 0.5"},
        Refusal{"null", std::nan(""), "Expected null, got NaN"},
        Refusal{"null", kInfinity, "Expected null, got Infinity"},
        Refusal{"null", -kInfinity, "Expected null, got -Infinity"},
        Refusal{"null", false, "Expected null, got false"},
        Refusal{"null", "", "Expected null, got "},
        Refusal{"null", Array{}, "Expected null, got object"},
        Refusal{"int64", "1", "Expected int64 (integer), got string"},
        Refusal{"int64", nullptr, "Expected int64 (integer), got object"},
        Refusal{"int64", 1.5, "Expected int64 (integer), got non-integer number"},
        Refusal{"int64", std::nan(""), "Expected int64 (integer), got non-integer number"},
        Refusal{"int64", kInfinity, "Expected int64 (integer), got non-integer number"},
        Refusal{"int64", 9223372036854775808.0,
                "Expected int64 (integer), got number out of range"},
        Refusal{"int64", -1e300, "Expected int64 (integer), got number out of range"},
        Refusal{"bytes", 1, "Expected bytes (ArrayBuffer or base64 string), got number"},
        Refusal{"bytes", "not base64!",
                "Expected bytes (ArrayBuffer or base64 string), got string"},
        Refusal{R"({"type":"id","tableName":"t"})", 1, "Expected id (string), got number"}));

INSTANTIATE_TEST_SUITE_P(
    Compounds,
    Refuses,
    testing::Values(
        Refusal{R"({"type":"literal","value":"a"})", "b", "Expected a, got b"},
        Refusal{R"({"type":"literal","value":"1"})", 1, "Expected 1, got 1"},
        Refusal{R"({"type":"literal","value":42})", "42", "Expected 42, got 42"},
        Refusal{R"({"type":"literal","value":42})", 42.5, "Expected 42, got 42.5"},
        Refusal{R"({"type":"literal","value":1.5})", 1, "Expected 1.5, got 1"},
        Refusal{R"({"type":"literal","value":true})", 1, "Expected true, got 1"},
        Refusal{R"({"type":"literal","value":true})", Value(), "Expected true, got undefined"},
        Refusal{R"({"type":"literal","value":9007199254740992})", kSafeMax + 2,
                "Expected 9007199254740992, got 9007199254740993"},
        Refusal{kNumbers, Object{}, "Expected array, got object"},
        Refusal{kNumbers, "x", "Expected array, got string"},
        Refusal{kNumbers, Array{1, "x"}, "Expected number, got string"},
        Refusal{kNumbers, Array{Value()}, "Expected number, got undefined"},
        Refusal{kObject, nullptr, "Expected object, got object"},
        Refusal{kObject, Array{}, "Expected object, got object"},
        Refusal{kObject, "x", "Expected object, got string"},
        Refusal{kObject, Object{}, "Missing required field: a"},
        // Missing comes before unexpected, and a bad earlier field before a missing later one.
        Refusal{kObject, Object{{"x", 1}, {"a", "s"}}, "Missing required field: c"},
        Refusal{kObject, Object{{"a", 1}}, "Expected string, got number"},
        Refusal{kObject, Object{{"b", "x"}, {"a", "s"}}, "Expected number, got string"},
        Refusal{kObject, Object{{"a", "s"}, {"y", 1}, {"c", true}}, "Unexpected field: y"},
        Refusal{kObject, Object{{"a", "s"}, {"c", true}, {"y", Value()}}, "Unexpected field: y"},
        // Presence means "has the key".
        Refusal{kObject, Object{{"a", Value()}, {"c", true}}, "Expected string, got undefined"},
        Refusal{kObject, Object{{"a", "s"}, {"b", nullptr}, {"c", true}},
                "Expected number, got object"},
        Refusal{kUnion, 1, "Value does not match any union variant"},
        Refusal{kUnion, Value(), "Value does not match any union variant"},
        Refusal{R"({"type":"union","value":[]})", 1, "Value does not match any union variant"},
        Refusal{kRecord, nullptr, "Expected record (object), got object"},
        Refusal{kRecord, Array{}, "Expected record (object), got object"},
        Refusal{kRecord, 1, "Expected record (object), got number"},
        Refusal{kRecord, Object{{"j", 1}}, "Expected k, got j"},
        Refusal{kRecord, Object{{"k", "x"}}, "Expected number, got string"},
        Refusal{kOptional, nullptr, "Expected string, got object"}));

struct Conversion {
  std::string_view type;
  Value value;
  Value stored;
};

void PrintTo(const Conversion& conversion, std::ostream* out) {
  *out << conversion.type << " with " << to_json(conversion.value);
}

class Converts : public testing::TestWithParam<Conversion> {};

TEST_P(Converts, IntoTheStoredForm) {
  Value value = GetParam().value;
  const TypePtr type = type_of(GetParam().type);
  const Status status = check_and_convert(*type, value);
  ASSERT_TRUE(status.has_value()) << status.error().message();
  EXPECT_EQ(value, GetParam().stored) << to_json(value);
  // The stored form is a fixed point: what is read back can be checked again.
  ASSERT_TRUE(check_and_convert(*type, value).has_value());
  EXPECT_EQ(value, GetParam().stored);
}

INSTANTIATE_TEST_SUITE_P(
    Scalars,
    Converts,
    testing::Values(Conversion{"string", "x", "x"},
                    Conversion{"number", 1, 1.0},
                    Conversion{"number", kSafeMax + 2, 9007199254740992.0},
                    Conversion{"number", kInfinity, kInfinity},
                    Conversion{"float64", -7, -7.0},
                    Conversion{"int64", 5.0, 5},
                    Conversion{"int64", -0.0, 0},
                    Conversion{"int64", -9223372036854775808.0,
                               std::numeric_limits<std::int64_t>::min()},
                    Conversion{"int64", std::numeric_limits<std::int64_t>::max(),
                               std::numeric_limits<std::int64_t>::max()},
                    Conversion{"boolean", false, false},
                    Conversion{"null", nullptr, nullptr},
                    Conversion{"bytes", Bytes{std::string("\0x", 2)}, Bytes{std::string("\0x", 2)}},
                    Conversion{"bytes", "aGk=", Bytes{"hi"}},
                    Conversion{"bytes", "", Bytes{""}},
                    Conversion{R"({"type":"id","tableName":"t"})", "anything", "anything"},
                    Conversion{R"({"type":"literal","value":42})", 42, 42.0},
                    Conversion{R"({"type":"literal","value":"a"})", "a", "a"},
                    Conversion{"any", Value(), Value()},
                    Conversion{"any", 42, 42.0},
                    Conversion{"any", kSafeMax, static_cast<double>(kSafeMax)},
                    Conversion{"any", kSafeMax + 1, kSafeMax + 1},
                    Conversion{"any", -kSafeMax - 1, -kSafeMax - 1}));

INSTANTIATE_TEST_SUITE_P(
    Compounds,
    Converts,
    testing::Values(
        Conversion{"any", Object{{"a", Value()}, {"b", Array{1, Value(), Object{{"c", Value()}}}}},
                   Object{{"b", Array{1.0, nullptr, Object{}}}}},
        Conversion{kObject, Object{{"c", true}, {"b", Value()}, {"a", "s"}},
                   Object{{"c", true}, {"a", "s"}}},
        Conversion{kObject, Object{{"a", "s"}, {"b", 2}, {"c", true}},
                   Object{{"a", "s"}, {"b", 2.0}, {"c", true}}},
        Conversion{kRecord, Object{{"k", 3}}, Object{{"k", 3.0}}},
        Conversion{kRecord, Object{}, Object{}},
        Conversion{kOptional, Value(), Value()},
        Conversion{kUnion, nullptr, nullptr},
        // The first member that accepts decides the form.
        Conversion{R"({"type":"union","value":[{"type":"int64"},{"type":"number"}]})", 1.0, 1},
        Conversion{R"({"type":"union","value":[{"type":"int64"},{"type":"number"}]})", 1.5, 1.5},
        Conversion{R"({"type":"union","value":[{"type":"number"},{"type":"int64"}]})", 1, 1.0},
        Conversion{R"({"type":"union","value":[{"type":"bytes"},{"type":"string"}]})",
                   "aGk=", Bytes{"hi"}},
        Conversion{R"({"type":"union","value":[{"type":"bytes"},{"type":"string"}]})", "?", "?"},
        // A member that fails late leaves nothing converted behind.
        Conversion{R"({"type":"union","value":[
                     {"type":"array","value":{"type":"int64"}},{"type":"any"}]})",
                   Array{1.0, "x"}, Array{1.0, "x"}},
        Conversion{R"({"type":"array","value":{"type":"optional","value":{"type":"any"}}})",
                   Array{Value(), 1}, Array{nullptr, 1.0}}));

TEST(CheckAndConvert, KeepsNegativeZeroUnderNumber) {
  Value value = -0.0;
  ASSERT_TRUE(check_and_convert(*Type::scalar(TypeKind::Number), value).has_value());
  EXPECT_TRUE(std::signbit(value.as_number()));
}

/// Unions try members by a check that makes no errors; it must agree with the one that does.
TEST(CheckAndConvert, AgreesWithTheCheckOfUnions) {
  const std::vector<std::string_view> types{"string",
                                            "number",
                                            "float64",
                                            "int64",
                                            "boolean",
                                            "null",
                                            "any",
                                            "bytes",
                                            kObject,
                                            kRecord,
                                            kUnion,
                                            kOptional,
                                            kNumbers,
                                            R"({"type":"id","tableName":"t"})",
                                            R"({"type":"literal","value":1})",
                                            R"({"type":"literal","value":"x"})"};
  const std::vector<Value> values{Value(),
                                  nullptr,
                                  true,
                                  1,
                                  kSafeMax + 1,
                                  1.0,
                                  1.5,
                                  1e300,
                                  std::nan(""),
                                  "x",
                                  "aGk=",
                                  Bytes{"x"},
                                  Array{},
                                  Array{1},
                                  Array{"x"},
                                  Array{Value()},
                                  Object{},
                                  Object{{"k", 1}},
                                  Object{{"k", "x"}},
                                  Object{{"a", "x"}},
                                  Object{{"a", "x"}, {"c", true}},
                                  Object{{"a", "x"}, {"b", Value()}, {"c", true}},
                                  Object{{"a", "x"}, {"c", true}, {"z", 1}}};
  for (const std::string_view text : types) {
    const TypePtr type = type_of(text);
    const TypePtr in_union = Type::one_of({type});
    for (const Value& value : values) {
      Value alone = value;
      Value within = value;
      const bool accepts_alone = check_and_convert(*type, alone).has_value();
      const bool accepts_within = check_and_convert(*in_union, within).has_value();
      EXPECT_EQ(accepts_alone, accepts_within) << text << " with " << to_json(value);
      if (accepts_alone) EXPECT_EQ(to_json(alone), to_json(within));
    }
  }
}

TEST(JavascriptTypeOf, SaysWhatTypeofSays) {
  EXPECT_EQ(javascript_type_of(Value()), "undefined");
  EXPECT_EQ(javascript_type_of(nullptr), "object");
  EXPECT_EQ(javascript_type_of(true), "boolean");
  EXPECT_EQ(javascript_type_of(1), "number");
  EXPECT_EQ(javascript_type_of(kSafeMax + 1), "bigint");
  EXPECT_EQ(javascript_type_of(1.5), "number");
  EXPECT_EQ(javascript_type_of("x"), "string");
  EXPECT_EQ(javascript_type_of(Array{}), "object");
}

}  // namespace
}  // namespace moonstone::schema
