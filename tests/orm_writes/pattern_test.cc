// Moonstone. Licence: see LICENSE.
#include "orm/internal/pattern.h"

#include <string>

#include <gtest/gtest.h>

namespace moonstone::orm {
namespace {

bool matches(std::string_view pattern, std::string_view text) {
  const auto compiled = Pattern::compile(pattern);
  EXPECT_TRUE(compiled) << compiled.error().message();
  const auto found = compiled->matches(text);
  EXPECT_TRUE(found) << found.error().message();
  return found.value_or(false);
}

TEST(PatternTest, IsFoundAnywhere) {
  EXPECT_TRUE(matches("b+", "abbc"));
  EXPECT_FALSE(matches("^b+", "abbc"));
  EXPECT_TRUE(matches("^[A-Z]{2}\\d+$", "DE42"));
  EXPECT_FALSE(matches("^[A-Z]{2}\\d+$", "de42"));
}

TEST(PatternTest, ReadsWhatJavaScriptReads) {
  EXPECT_TRUE(matches("^\\u0041$", "A"));
  EXPECT_FALSE(matches("^a$", "a\n"));  // $ is the very end
  EXPECT_FALSE(matches("[]", "anything"));
  EXPECT_TRUE(matches("^[^]$", "\n"));
  EXPECT_TRUE(matches("(?<year>\\d{4})-\\d\\d", "2026-02"));
  EXPECT_TRUE(matches("(?=.*\\d)(?!.*x)a", "a1"));
  EXPECT_TRUE(matches("(a)?b\\1$", "b"));  // a group that took no part is empty
}

TEST(PatternTest, SeesLettersAndNotBytes) {
  EXPECT_TRUE(matches("^.$", "\u00e4"));
  EXPECT_TRUE(matches("^[\u00e4-\u00fc]+$", "\u00e4\u00fc"));
}

TEST(PatternTest, SaysWhyItCannotBeRead) {
  const auto compiled = Pattern::compile("a(b");
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().code(), ErrorCode::InvalidArgument);
  EXPECT_TRUE(compiled.error().message().starts_with("Invalid regular expression: /a(b/: "))
      << compiled.error().message();
}

TEST(PatternTest, StopsWhenItTakesTooLong) {
  const auto compiled = Pattern::compile("^(a+)+$");
  ASSERT_TRUE(compiled);
  const auto found = compiled->matches(std::string(64, 'a') + "b");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::LimitExceeded);
  EXPECT_EQ(found.error().reason(), "pattern");
}

TEST(PatternTest, TakesLongTextsOfSanePatterns) {
  EXPECT_TRUE(matches("^[a-z ]*$", std::string(64 * 1024, 'a')));
}

TEST(PatternTest, KnowsTheLettersOfAllScripts) {
  EXPECT_EQ(with_letter_case("\u00c4RGER \u0416 x", LetterCase::Lower), "\u00e4rger \u0436 x");
  EXPECT_EQ(with_letter_case("\u00e4rger \u0436\nX", LetterCase::Upper), "\u00c4RGER \u0416\nX");
  EXPECT_EQ(with_letter_case("", LetterCase::Upper), "");
}

}  // namespace
}  // namespace moonstone::orm
