// Moonstone. Licence: see LICENSE.
// What of a call's arguments decides its plan.

#include "orm/internal/shape.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "orm/internal/errors.h"
#include "orm/internal/parameters.h"
#include "orm/internal/plan_cache.h"

namespace moonstone::orm {
namespace {

struct Walked {
  std::string key;
  std::string leaves;
};

Walked walk_value(const Value& options) {
  Shape shape;
  shape.add_options(options);
  Walked walked{.key = std::string(shape.key()), .leaves = {}};
  for (const Value* leaf : shape.leaves())
    walked.leaves += to_json(*leaf) + ";";
  return walked;
}

Walked walk(std::string_view json) {
  return walk_value(parse_json(json).value());
}

bool same_plan(std::string_view a, std::string_view b) {
  return walk(a).key == walk(b).key;
}

TEST(ShapeTest, ValuesOfConditionsAreLeaves) {
  EXPECT_EQ(
      walk(R"({"where":{"a":1,"b":{"gt":"x"},"OR":[{"c":[1,2]},{"d":3.5}]},"limit":7})").leaves,
      "1;\"x\";[1,2];3.5;7;");
  EXPECT_TRUE(same_plan(R"({"where":{"a":1}})", R"({"where":{"a":2.5}})"));
  EXPECT_TRUE(same_plan(R"({"where":{"a":[1]}})", R"({"where":{"a":[1,2,"x"]}})"));
  EXPECT_TRUE(same_plan(R"({"limit":1,"offset":2})", R"({"limit":3,"offset":4})"));
  EXPECT_TRUE(same_plan(R"({"include":{"r":{"where":{"a":1},"limit":2}}})",
                        R"({"include":{"r":{"where":{"a":5},"limit":6}}})"));
}

TEST(ShapeTest, WhatDecidesTheTextIsInTheKey) {
  const std::pair<std::string_view, std::string_view> kDifferent[] = {
      {R"({"where":{"a":1}})", R"({"where":{"b":1}})"},
      {R"({"where":{"a":1}})", R"({"where":{"a":"1"}})"},
      {R"({"where":{"a":1}})", R"({"where":{"a":null}})"},
      {R"({"where":{"a":true}})", R"({"where":{"a":false}})"},
      {R"({"where":{"a":[]}})", R"({"where":{"a":[1]}})"},
      {R"({"where":{"a":{"hasEvery":[1]}}})", R"({"where":{"a":{"hasEvery":[1,2]}}})"},
      {R"({"where":{"OR":[{"a":1}]}})", R"({"where":{"OR":[{"a":1},{"a":1}]}})"},
      {R"({"where":{"$raw":"a = 1"}})", R"({"where":{"$raw":"a = 2"}})"},
      {R"({"where":"a = 1"})", R"({"where":"a = 2"})"},
      {R"({"orderBy":{"a":"asc"}})", R"({"orderBy":{"a":"desc"}})"},
      {R"({"select":{"a":true}})", R"({"select":{"a":false}})"},
      {R"({"limit":1})", R"({"limit":null})"},
      {R"({"withDeleted":true})", R"({"onlyDeleted":true})"},
      {R"({"window":{"w":{"lag":"a","offset":1}}})", R"({"window":{"w":{"lag":"a","offset":2}}})"},
  };
  for (const auto& [a, b] : kDifferent)
    EXPECT_FALSE(same_plan(a, b)) << a << " " << b;
}

TEST(ShapeTest, NamesCannotPretendToBeStructure) {
  // Without lengths in front, these would be the same bytes in another grouping.
  EXPECT_FALSE(
      same_plan(R"({"select":{"ab":true,"c":true}})", R"({"select":{"a":true,"bc":true}})"));
  EXPECT_FALSE(same_plan(R"({"where":{"a":{"b":1}}})", R"({"where":{"a":1,"b":1}})"));
}

TEST(ShapeTest, AFieldMayBeCalledAsAnOption) {
  EXPECT_FALSE(same_plan(R"({"select":{"where":true}})", R"({"select":{"where":false}})"));
  EXPECT_EQ(walk(R"({"select":{"limit":true,"where":true}})").leaves, "");
}

TEST(ShapeTest, RawSqlIsTextWithLeaves) {
  const auto raw = [](std::string sql, int value) {
    const Object tagged{
        {"_litestoneRaw", true}, {"sql", std::move(sql)}, {"params", Array{Value(value)}}};
    return to_json(Object{{"where", Object{{"$raw", tagged}}}});
  };
  EXPECT_EQ(walk(raw("a = ?", 1)).key, walk(raw("a = ?", 2)).key);
  EXPECT_NE(walk(raw("a = ?", 1)).key, walk(raw("b = ?", 1)).key);
  EXPECT_EQ(walk(raw("a = ?", 1)).leaves, "1;");
}

TEST(ShapeTest, DepthIsBounded) {
  Value deep = Object{{"a", 1}};
  for (int i = 0; i < 100; ++i) {
    Object outer;
    outer.append("NOT", std::move(deep));
    deep = std::move(outer);
  }
  Object options;
  options.append("where", std::move(deep));
  const Value arguments(std::move(options));
  Shape shape;
  shape.add_options(arguments);
  EXPECT_TRUE(shape.is_too_deep());
}

TEST(HintTest, NamesTheNearestOrAll) {
  EXPECT_EQ(hint_for("emial", {"id", "email", "name"}), " Did you mean: email?");
  EXPECT_EQ(hint_for("EMAIL", {"email"}), " Did you mean: email?");
  EXPECT_EQ(hint_for("xyz", {"b", "a"}), " Valid fields: a, b");
  EXPECT_EQ(hint_for("ab", {"abcdef"}), " Valid fields: abcdef") << "the lengths differ by 4";
  EXPECT_EQ(hint_for("ab", {"cd"}), " Valid fields: cd") << "all of it would have to change";
}

std::string converted(const Value& value, Conversion conversion) {
  const auto result = convert(value, conversion);
  return result ? to_json(*result) : "! " + result.error().message();
}

TEST(ConversionTest, ActsAsTheAffinityOfColumns) {
  EXPECT_EQ(converted(" 12 ", Conversion::Number), "12");
  EXPECT_EQ(converted("1.5e2", Conversion::Number), "150");
  EXPECT_EQ(converted("12a", Conversion::Number), "\"12a\"");
  EXPECT_EQ(converted("inf", Conversion::Number), "\"inf\"");
  EXPECT_EQ(converted("", Conversion::Number), "\"\"");
  EXPECT_EQ(converted(true, Conversion::Number), "1");
  EXPECT_EQ(converted(5.0, Conversion::Text), "\"5\"");
  EXPECT_EQ(converted(1.5, Conversion::Text), "\"1.5\"");
  EXPECT_EQ(converted(Array{Value(1), Value("x")}, Conversion::Text), R"(["1","x"])");
}

TEST(ConversionTest, MakesPatternsAndLimits) {
  EXPECT_EQ(converted("a%", Conversion::Contains), "\"%a%%\"");
  EXPECT_EQ(converted("a", Conversion::StartsWith), "\"a%\"");
  EXPECT_EQ(converted(7, Conversion::EndsWith), "\"%7\"");
  EXPECT_EQ(converted("7", Conversion::Limit), "7");
  EXPECT_EQ(converted(7.0, Conversion::LimitAndOne), "8");
  EXPECT_EQ(converted(-1, Conversion::LimitAndOne), "-1");
  EXPECT_EQ(converted("x", Conversion::Limit),
            "! limit and offset must be whole numbers, got: \"x\"");
  EXPECT_EQ(converted(1.5, Conversion::Limit),
            "! limit and offset must be whole numbers, got: 1.5");
}

TEST(PlanCacheTest, TheLeastRecentlyUsedGo) {
  PlanCache cache;
  const auto plan = std::make_shared<const CachedPlan>();
  for (std::size_t i = 0; i < kPlansMax; ++i)
    cache.put(std::to_string(i), plan);
  EXPECT_EQ(cache.find("0"), plan);
  cache.put("one more", plan);
  EXPECT_EQ(cache.size(), kPlansMax);
  EXPECT_EQ(cache.find("0"), plan) << "was just used";
  EXPECT_EQ(cache.find("1"), nullptr);
  cache.erase("0");
  EXPECT_EQ(cache.find("0"), nullptr);
  cache.put(std::string(kPlanKeyBytesMax + 1, 'x'), plan);
  EXPECT_EQ(cache.size(), kPlansMax - 1) << "such a key is not kept";
}

}  // namespace
}  // namespace moonstone::orm
