// Moonstone. Licence: see LICENSE.
#include "base/value.h"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace moonstone {
namespace {

std::vector<std::string> names_of(const Object& object) {
  std::vector<std::string> names;
  for (const Member& member : object) {
    names.push_back(member.name);
  }
  return names;
}

TEST(ObjectTest, KeepsTheOrderInWhichMembersWereAdded) {
  Object object;
  object.set("zebra", 1);
  object.set("apple", 2);
  object.append("mango", 3);
  EXPECT_EQ(names_of(object), (std::vector<std::string>{"zebra", "apple", "mango"}));
  EXPECT_EQ(object.size(), 3U);
}

TEST(ObjectTest, SetReplacesInPlace) {
  Object object{{"a", 1}, {"b", 2}, {"c", 3}};
  object.set("a", "new");
  EXPECT_EQ(names_of(object), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(*object.find("a"), Value("new"));
}

TEST(ObjectTest, InitialiserWithARepeatedNameKeepsFirstPositionAndLastValue) {
  const Object object{{"a", 1}, {"b", 2}, {"a", 3}};
  EXPECT_EQ(names_of(object), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(*object.find("a"), Value(3));
}

TEST(ObjectTest, FindReturnsNullForAStranger) {
  const Object object{{"a", 1}};
  EXPECT_EQ(object.find("b"), nullptr);
  EXPECT_EQ(object.find(""), nullptr);
  EXPECT_EQ(Object().find("a"), nullptr);
}

TEST(ObjectTest, FindGivesWriteAccess) {
  Object object{{"a", 1}};
  *object.find("a") = Value(true);
  EXPECT_EQ(*object.find("a"), Value(true));
}

TEST(ObjectTest, EraseKeepsTheOrderOfTheOthers) {
  Object object{{"a", 1}, {"b", 2}, {"c", 3}};
  EXPECT_TRUE(object.erase("a"));
  EXPECT_FALSE(object.erase("a"));
  EXPECT_EQ(names_of(object), (std::vector<std::string>{"b", "c"}));
}

TEST(ObjectTest, ProtoIsAnOrdinaryName) {
  Object object;
  object.set("__proto__", Object{{"admin", true}});
  EXPECT_EQ(object.size(), 1U);
  EXPECT_EQ(object.find("admin"), nullptr);
}

TEST(ObjectTest, EqualityLooksAtTheOrder) {
  const Object a{{"a", 1}, {"b", 2}};
  const Object b{{"b", 2}, {"a", 1}};
  EXPECT_EQ(a, (Object{{"a", 1}, {"b", 2}}));
  EXPECT_NE(a, b);
}

TEST(ObjectTest, CopyIsDeepAndMoveLeavesNoTrace) {
  Object original{{"list", Array{1, 2}}};
  Object copy = original;
  copy.find("list")->as_array().push_back(3);
  EXPECT_EQ(original.find("list")->as_array().size(), 2U);
  const Object moved = std::move(original);
  EXPECT_EQ(moved.size(), 1U);
}

TEST(ValueTest, KindFollowsTheConstructor) {
  EXPECT_EQ(Value().kind(), ValueKind::Undefined);
  EXPECT_EQ(Value(nullptr).kind(), ValueKind::Null);
  EXPECT_EQ(Value(true).kind(), ValueKind::Boolean);
  EXPECT_EQ(Value(1).kind(), ValueKind::Integer);
  EXPECT_EQ(Value(std::int64_t{1}).kind(), ValueKind::Integer);
  EXPECT_EQ(Value(1.0).kind(), ValueKind::Number);
  EXPECT_EQ(Value("text").kind(), ValueKind::Text);
  EXPECT_EQ(Value(Bytes{"raw"}).kind(), ValueKind::Bytes);
  EXPECT_EQ(Value(Array{}).kind(), ValueKind::Array);
  EXPECT_EQ(Value(Object{}).kind(), ValueKind::Object);
}

TEST(ValueTest, UndefinedAndNullAreMissingAndDiffer) {
  EXPECT_TRUE(Value().is_missing());
  EXPECT_TRUE(Value(nullptr).is_missing());
  EXPECT_FALSE(Value(false).is_missing());
  EXPECT_FALSE(Value("").is_missing());
  EXPECT_NE(Value(), Value(nullptr));
}

TEST(ValueTest, EqualityKeepsKindsApart) {
  EXPECT_NE(Value(1), Value(1.0));
  EXPECT_NE(Value(true), Value(1));
  EXPECT_NE(Value("raw"), Value(Bytes{"raw"}));
  EXPECT_EQ(Value(0.0), Value(-0.0));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(Value(nan), Value(nan));
}

TEST(ValueTest, ToDoubleRoundsLargeIntegers) {
  EXPECT_EQ(Value(7).to_double(), 7.0);
  EXPECT_EQ(Value(2.5).to_double(), 2.5);
  EXPECT_EQ(Value(std::int64_t{9007199254740993}).to_double(), 9007199254740992.0);
}

TEST(ValueTest, SizeGrowsWithTheContent) {
  const std::size_t empty = size_bytes_of(Value());
  EXPECT_EQ(size_bytes_of(Value(1)), empty);
  EXPECT_EQ(size_bytes_of(Value(std::string(1000, 'x'))), empty + 1000);
  EXPECT_EQ(size_bytes_of(Value(Bytes{std::string(10, 'x')})), empty + 10);
  EXPECT_EQ(size_bytes_of(Array{1, 2}), 3 * empty);
  EXPECT_EQ(size_bytes_of(Object{{"name", 1}}), 2 * empty + sizeof(std::string) + 4);
}

}  // namespace
}  // namespace moonstone
