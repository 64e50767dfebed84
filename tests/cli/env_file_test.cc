// Moonstone. Licence: see LICENSE.

#include "cli/env_file.h"

#include <cstdlib>

#include <gmock/gmock.h>

#include "tests/cli/temporary_folder.h"

namespace moonstone::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

std::vector<Variable> parsed(std::string_view text) {
  auto variables = parse_env_file(text, ".env");
  EXPECT_TRUE(variables) << (variables ? "" : variables.error().message());
  return variables ? *std::move(variables) : std::vector<Variable>();
}

TEST(EnvFile, ReadsPlainAndQuotedValues) {
  EXPECT_THAT(parsed("A=1\n\n# note\r\nexport B = two words  # a comment\nC=a#b\nD=\n"),
              ElementsAre(Pair("A", "1"), Pair("B", "two words"), Pair("C", "a#b"), Pair("D", "")));
  EXPECT_THAT(
      parsed("A='$x \\n #'\nB=\"a\\n\\\"b\\\" # c\" # d\nC=\"two\nlines\""),
      ElementsAre(Pair("A", "$x \\n #"), Pair("B", "a\n\"b\" # c"), Pair("C", "two\nlines")));
}

TEST(EnvFile, TheLastOfARepeatedNameCounts) {
  EXPECT_THAT(parsed("A=1\nA=2"), ElementsAre(Pair("A", "2")));
}

TEST(EnvFile, ErrorsNameFileAndLine) {
  EXPECT_EQ(parse_env_file("A=1\nnonsense\n", ".env").error().message(),
            ".env:2: expected a line such as NAME=value");
  EXPECT_THAT(parse_env_file("A=1\n\nB=\"open\nend", ".env").error().message(),
              HasSubstr(".env:3: the quoted value does not end"));
  EXPECT_THAT(parse_env_file("A='x'y", ".env").error().message(),
              HasSubstr("nothing may follow a quoted value"));
  EXPECT_FALSE(parse_env_file("1A=2", ".env"));
  for (const std::string& text : {std::string("A=1\nB=x\0y\n", 10), std::string("A=1\nB='\0'", 9)})
    EXPECT_EQ(parse_env_file(text, ".env").error().message(),
              ".env:2: a value cannot hold a zero byte");
}

TEST(ActionEnvironment, TheEnvironmentWinsThenTheLocalFile) {
  const TemporaryFolder folder;
  folder.write(".env.local", "MS_TEST_SET=file\nMS_TEST_BOTH=local\nMOONSTONE_ADMIN_KEY=x\n");
  folder.write(".env", "MS_TEST_BOTH=plain\nMS_TEST_PLAIN=plain\n");
  ASSERT_EQ(::setenv("MS_TEST_SET", "environment", 1), 0);
  ASSERT_EQ(::setenv("MOONSTONE_ADMIN_KEY", "secret", 1), 0);
  const auto with = action_environment(folder.path(), EnvFiles::Read);
  const auto without = action_environment(folder.path(), EnvFiles::Ignore);
  ::unsetenv("MS_TEST_SET");
  ::unsetenv("MOONSTONE_ADMIN_KEY");
  ASSERT_TRUE(with);
  ASSERT_TRUE(without);
  EXPECT_THAT(*with, Contains("MS_TEST_SET=environment"));
  EXPECT_THAT(*with, Contains("MS_TEST_BOTH=local"));
  EXPECT_THAT(*with, Contains("MS_TEST_PLAIN=plain"));
  EXPECT_THAT(*with, Not(Contains(StartsWith("MOONSTONE_"))));
  EXPECT_THAT(*without, Contains("MS_TEST_SET=environment"));
  EXPECT_THAT(*without, Not(Contains(StartsWith("MS_TEST_BOTH"))));
}

}  // namespace
}  // namespace moonstone::cli
