// Moonstone. Licence: see LICENSE.
#include "schema/lite/gate.h"

#include <gtest/gtest.h>

namespace moonstone::lite {
namespace {

TEST(LiteGateTest, MissingLevelsRepeatTheirNeighbour) {
  EXPECT_EQ(*parse_gate("2.5.5.6"), (GateLevels{2, 5, 5, 6}));
  EXPECT_EQ(*parse_gate("4"), (GateLevels{4, 4, 4, 4}));
  EXPECT_EQ(*parse_gate("1.3"), (GateLevels{1, 3, 3, 3}));
  EXPECT_EQ(*parse_gate("0.8.9"), (GateLevels{0, 8, 9, 9}));
}

TEST(LiteGateTest, EverythingElseIsRefused) {
  for (const char* text :
       {"", ".", "1.", ".1", "10", "1.2.3.4.5", "a", "1,2", "-1", "1..2", " 1"}) {
    const auto levels = parse_gate(text);
    ASSERT_FALSE(levels.has_value()) << text;
    EXPECT_EQ(levels.error().message().find("@@gate: "), 0U);
  }
}

TEST(LiteGateTest, LevelsHaveNames) {
  EXPECT_EQ(find_gate_level("STRANGER"), 0);
  EXPECT_EQ(find_gate_level("USER"), 4);
  EXPECT_EQ(find_gate_level("LOCKED"), 9);
  EXPECT_EQ(find_gate_level("user"), std::nullopt);
}

}  // namespace
}  // namespace moonstone::lite
