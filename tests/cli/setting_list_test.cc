// Moonstone. Licence: see LICENSE.

#include "cli/setting_list.h"

#include <gmock/gmock.h>

namespace moonstone::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SettingList, SplitsAtCommasOutsideQuotes) {
  EXPECT_THAT(split_list(""), IsEmpty());
  EXPECT_THAT(split_list(" , ,"), IsEmpty());
  EXPECT_THAT(split_list("a, b c ,d"), ElementsAre("a", "b c", "d"));
  EXPECT_THAT(split_list(R"("a,b",c)"), ElementsAre("a,b", "c"));
  EXPECT_THAT(split_list(R"(a"b,"say ""x"" ,")"), ElementsAre(R"(a"b)", R"(say "x" ,)"));
  EXPECT_THAT(split_list(R"("a" rest,b)"), ElementsAre("a", "b"));
  EXPECT_THAT(split_list(R"(a,"b)"), ElementsAre("a", "b"));
}

TEST(SettingList, JoinsWhatItSplits) {
  const std::vector<std::string> elements = {"plain", "a,b", R"(")", R"("",")", " blank ", "c d"};
  EXPECT_EQ(split_list(join_list(elements)), elements);
  EXPECT_EQ(join_list(std::vector<std::string>{"a", "b,c"}), R"(a,"b,c")");
}

}  // namespace
}  // namespace moonstone::cli
