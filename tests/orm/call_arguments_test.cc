// Moonstone. Licence: see LICENSE.
// Who owns the arguments of a call: they are borrowed from what stays, and kept where nothing does.

#include <utility>

#include <gmock/gmock.h>

#include "orm/orm.h"

namespace moonstone::orm {
namespace {

/// Whether the value lies inside the arguments themselves.
bool owns(const CallArguments& arguments) {
  const auto* const begin = reinterpret_cast<const char*>(&arguments);
  const auto* const value = reinterpret_cast<const char*>(&arguments.get());
  return value >= begin && value < begin + sizeof(arguments);
}

const Value kLimit = Object{{"limit", 2}};

TEST(CallArgumentsTest, BorrowsWhatStays) {
  const CallArguments arguments(kLimit);
  EXPECT_EQ(&arguments.get(), &kLimit);
}

TEST(CallArgumentsTest, KeepsWhatGoes) {
  const CallArguments of_value(Value(Object{{"limit", 2}}));
  const CallArguments of_object = Object{{"limit", 2}};
  const bool is_given = !kLimit.is_missing();
  const CallArguments of_choice = is_given ? kLimit : Value(Object());
  for (const CallArguments* const arguments : {&of_value, &of_object, &of_choice}) {
    EXPECT_TRUE(owns(*arguments));
    EXPECT_EQ(arguments->get(), kLimit);
  }
}

TEST(CallArgumentsTest, StaysWholeWhenItMoves) {
  CallArguments first = Value(Object{{"limit", 2}});
  const CallArguments second = std::move(first);
  EXPECT_TRUE(owns(second));
  EXPECT_EQ(second.get(), kLimit);
}

}  // namespace
}  // namespace moonstone::orm
