// Moonstone. Licence: see LICENSE.
//
// Every limit at its bound and beyond.
#include <string>

#include <gtest/gtest.h>

#include "tests/lite/schema_text.h"

namespace moonstone::lite {
namespace {

std::string repeat(std::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i)
    all += text;
  return all;
}

/// `make(i)` for 0 .. count - 1, one after the other.
template <class Make>
std::string numbered(int count, const Make& make) {
  std::string all;
  for (int i = 0; i < count; ++i)
    all += make(std::to_string(i)) + '\n';
  return all;
}

void expect_limit(const std::string& fits,
                  const std::string& beyond,
                  const ParseLimits& limits,
                  std::string_view text) {
  const ParseResult good = parse(fits, {.limits = limits});
  EXPECT_TRUE(good.valid) << lines_of(good.errors);
  const ParseResult bad = parse(beyond, {.limits = limits});
  EXPECT_FALSE(bad.valid);
  EXPECT_FALSE(bad.schema.has_value());
  ASSERT_EQ(bad.errors.size(), 1U);
  EXPECT_EQ(bad.errors[0].text.find(text), 0U) << bad.errors[0].text;
}

TEST(LiteLimitsTest, Bytes) {
  ParseLimits limits;
  limits.file_bytes_max = 20;
  expect_limit("model A { id Int   }", "model A { id Int    }", limits,
               "The schema has more than 20 bytes");
}

TEST(LiteLimitsTest, Declarations) {
  ParseLimits limits;
  limits.declarations_max = 3;
  const auto make = [](const std::string& i) { return "enum E" + i + " { a }"; };
  expect_limit(numbered(3, make), numbered(4, make), limits,
               "The schema has more than 3 declarations");
}

TEST(LiteLimitsTest, FieldsAndValues) {
  ParseLimits limits;
  limits.fields_max = 3;
  const auto fields = [](int count) {
    return "model A { " + numbered(count, [](const std::string& i) { return "f" + i + " Int"; }) +
           "}";
  };
  expect_limit(fields(3), fields(4), limits, "The schema has more than 3 fields in a model");
  const auto values = [](int count) {
    return "enum A { " + numbered(count, [](const std::string& i) { return "f" + i; }) + "}";
  };
  expect_limit(values(3), values(4), limits, "The schema has more than 3 enum values");
  const auto columns = [](int count) {
    return "view A { @@sql('x') " +
           numbered(count, [](const std::string& i) { return "f" + i + " Int"; }) + "}";
  };
  expect_limit(columns(3), columns(4), limits, "The schema has more than 3 fields in a view");
  const std::string trait = "trait T { a Int b Int } ";
  expect_limit(trait + "model A { c Int @@trait(T) }", trait + "model A { c Int d Int @@trait(T) }",
               limits, "'A' has more than 3 fields");
}

TEST(LiteLimitsTest, Attributes) {
  ParseLimits limits;
  limits.attributes_max = 3;
  expect_limit("model A { a Int " + repeat("@@index([a]) ", 3) + "}",
               "model A { a Int " + repeat("@@index([a]) ", 4) + "}", limits,
               "The schema has more than 3 attributes in a model");
  expect_limit("model A { a String " + repeat("@trim ", 3) + "}",
               "model A { a String " + repeat("@trim ", 4) + "}", limits,
               "The schema has more than 3 attributes on a field");
}

TEST(LiteLimitsTest, TraitsThatMultiplyAreStopped) {
  // Each level doubles the attributes of the one below.
  std::string text = "trait T0 { @@noStrict }\n";
  for (int i = 1; i < 40; ++i) {
    const std::string below = "@@trait(T" + std::to_string(i - 1) + ") ";
    text += "trait T" + std::to_string(i) + " { " + below + below + "}\n";
  }
  const ParseResult result = parse(text);
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_NE(result.errors[0].text.find("has more than 1000 attributes"), std::string::npos);
}

TEST(LiteLimitsTest, AllFields) {
  ParseLimits limits;
  limits.all_fields_max = 4;
  const std::string trait = "trait T { a Int } ";
  expect_limit(trait + "model A { b Int @@trait(T) } model B { b Int @@trait(T) }",
               trait + "model A { b Int @@trait(T) } model B { b Int c Int @@trait(T) }", limits,
               "The models have more than 4 fields");
}

TEST(LiteLimitsTest, HeightOfExpressions) {
  ParseLimits limits;
  limits.expression_depth_max = 5;
  const auto policy = [](const std::string& expression) {
    return "model A { a Int @@allow('read', " + expression + ") }";
  };
  const std::string_view text = "The expression is nested more than 5 levels deep";
  expect_limit(policy(repeat("!", 4) + "a"), policy(repeat("!", 5) + "a"), limits, text);
  expect_limit(policy(repeat("(", 4) + "a" + repeat(")", 4)),
               policy(repeat("(", 5) + "a" + repeat(")", 5)), limits, text);
  expect_limit(policy("a" + repeat(" && a", 4)), policy("a" + repeat(" && a", 5)), limits, text);
  expect_limit(policy("a" + repeat(" || a", 3) + " || a == a"),
               policy("a" + repeat(" || a", 4) + " || !a"), limits, text);
}

TEST(LiteLimitsTest, DeepInputNeedsNoStack) {
  const std::string deep = "model A { a Int @@allow('read', " + repeat("(", 200'000) + "a";
  EXPECT_FALSE(parse(deep).valid);
  const std::string negations = "model A { a Int @@allow('read', " + repeat("!", 200'000) + "a";
  EXPECT_FALSE(parse(negations).valid);
}

TEST(LiteLimitsTest, NestingOfTraitsAndTypes) {
  ParseLimits limits;
  limits.nesting_max = 3;
  const auto traits = [](int count) {
    return "trait T0 { f0 Int }\n" + numbered(count - 1, [](const std::string& i) {
             const std::string next = std::to_string(std::stoi(i) + 1);
             return "trait T" + next + " { f" + next + " Int @@trait(T" + i + ") }";
           });
  };
  expect_limit(traits(3), traits(4), limits, "Traits are nested more than 3 levels deep");
  const auto types = [](int count) {
    return "type T0 { f Int }\n" + numbered(count - 1, [](const std::string& i) {
             return "type T" + std::to_string(std::stoi(i) + 1) + " { f Json @type(T" + i + ") }";
           });
  };
  expect_limit(types(3), types(4), limits, "Types are nested more than 3 levels deep");
}

TEST(LiteLimitsTest, AReportEndsSomewhere) {
  const auto models = [](int count) {
    return numbered(count, [](const std::string& i) { return "model M" + i + " { x Nope }"; });
  };
  EXPECT_EQ(parse(models(1'000)).errors.size(), 1'000U);
  const ParseResult result = parse(models(1'500));
  ASSERT_EQ(result.errors.size(), 1'001U);
  EXPECT_EQ(result.errors.back().text, "There are more than 1000 of these");
}

TEST(LiteLimitsTest, LargeModelsAreReadInOnePass) {
  const std::string fields = numbered(1'900, [](const std::string& i) { return "f" + i + " Int"; });
  std::string names = "f1899";
  for (int i = 0; i < 100'000; ++i)
    names += ",f1899";
  EXPECT_TRUE(parse("model A { " + fields + "@@index([" + names + "]) }").valid);

  const std::string lists = numbered(1'900, [](const std::string& i) { return "l" + i + " B[]"; });
  const Schema schema = parse_valid("model A { i Int " + lists + "} model B { " + fields +
                                    "x Int a A @relation(fields: [x], references: [i]) }");
  EXPECT_EQ(schema.models.at(0).fields.back().type.kind, TypeKind::Relation);
}

TEST(LiteLimitsTest, ALongChainOfTypesNeedsNoStack) {
  std::string text = "type T0 { f Int }\n";
  for (int i = 1; i < 9'000; ++i) {
    text += "type T" + std::to_string(i) + " { f Json @type(T" + std::to_string(i - 1) + ") }\n";
  }
  EXPECT_EQ(lines_of(parse(text).errors), "Types are nested more than 64 levels deep\n");
}

}  // namespace
}  // namespace moonstone::lite
