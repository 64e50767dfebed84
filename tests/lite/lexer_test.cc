// Moonstone. Licence: see LICENSE.
//
// Tokens, through parse(). Source: litestone.md 2
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/lite/schema_text.h"

namespace moonstone::lite {
namespace {

std::string token_error_of(std::string_view text, Dialect dialect = Dialect::Any) {
  const ParseResult result = parse(text, {.dialect = dialect});
  EXPECT_FALSE(result.valid);
  EXPECT_FALSE(result.schema.has_value());
  if (!result.token_error) return "no token error, but: " + lines_of(result.errors);
  EXPECT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors.front().text, result.token_error->text);
  return result.token_error->text;
}

const Default& default_of(const Schema& schema) {
  return *schema.models.at(0).fields.at(0).find<Default>();
}

TEST(LiteLexerTest, CommentsSemicolonsAndInvisibleCharactersAreBlank) {
  const Schema schema = parse_valid(
      "\xEF\xBB\xBF// a comment\nmodel A { id Int @id; /* several\nlines */ "
      "a\xC2\xA0Int;;b\xE2\x80\x8BInt }");
  ASSERT_EQ(schema.models.size(), 1U);
  EXPECT_EQ(schema.models[0].fields.size(), 3U);
}

TEST(LiteLexerTest, InvisibleCharactersAreErrorsInTheOldDialect) {
  EXPECT_NE(token_error_of("\xEF\xBB\xBFmodel A { }", Dialect::V1_0_3).find("'U+FEFF'"),
            std::string::npos);
  EXPECT_NE(token_error_of("model\xC2\xA0"
                           "A { }",
                           Dialect::V1_0_3)
                .find("non-breaking space"),
            std::string::npos);
  EXPECT_TRUE(parse("model\xC2\xA0"
                    "A { }",
                    {.dialect = Dialect::V1_0_6})
                  .valid);
}

TEST(LiteLexerTest, UnexpectedCharacterShowsItsLineAndAMark) {
  EXPECT_EQ(token_error_of("model A {\n  id # Int\n}"),
            "Unexpected character '#' (line 2, col 6)\n"
            "    id # Int\n"
            "       ^ (line 2, col 6)");
}

TEST(LiteLexerTest, CharactersBeyondAsciiAreShownByNumberAndWithAHint) {
  EXPECT_EQ(token_error_of("model A { x Int @map(\xE2\x80\x9Cx\xE2\x80\x9D) }"),
            "Unexpected character 'U+201C' (line 1, col 22)\n"
            "  model A { x Int @map(\xE2\x80\x9Cx\xE2\x80\x9D) }\n"
            "                       ^\n"
            "  This is a curly quote. Did you mean \" ? (line 1, col 22)");
  EXPECT_NE(token_error_of("\xE2\x80\x98").find("Did you mean ' ?"), std::string::npos);
  EXPECT_NE(token_error_of("\xE2\x80\x93").find("Did you mean - ?"), std::string::npos);
  EXPECT_NE(token_error_of("\xE2\x80\x94").find("Did you mean - ?"), std::string::npos);
  EXPECT_NE(token_error_of("\xE2\x81\xA0").find("invisible"), std::string::npos);
  EXPECT_NE(token_error_of("\xF0\x9F\x8C\x99").find("'U+1F319'"), std::string::npos);
  EXPECT_NE(token_error_of(std::string_view("\0", 1)).find("'U+0000'"), std::string::npos);
}

TEST(LiteLexerTest, ColumnsCountCharactersAndLinesMayBeWindows) {
  const ParseResult result = parse("/// h\xC3\xA9\r\nmodel \xC3\xA9 {}");
  ASSERT_TRUE(result.token_error.has_value());
  EXPECT_EQ(result.token_error->position.line, 2U);
  EXPECT_EQ(result.token_error->position.column, 7U);
  EXPECT_NE(result.token_error->text.find("\n        ^"), std::string::npos);
}

TEST(LiteLexerTest, OfALongLineOnlyAPartIsShown) {
  const std::string text = "model A { x Int @map(\"" + std::string(5'000, 'x') + "\") # " +
                           std::string(5'000, ' ') + "}";
  const std::string error = token_error_of(text);
  EXPECT_LT(error.size(), 500U);
  const std::size_t line = error.find("\n  ") + 3;
  const std::size_t mark_line = error.find("\n  ", line) + 3;
  EXPECT_EQ(error.find('^') - mark_line, error.find('#', line) - line);
}

TEST(LiteLexerTest, UnfinishedStringsAndCommentsAreErrors) {
  EXPECT_EQ(token_error_of("model A {\n x Int @map(\"x }"),
            "This string has no end: \" is missing (line 2, col 13)");
  EXPECT_EQ(token_error_of("import 'a\\"), "This string has no end: ' is missing (line 1, col 8)");
  EXPECT_EQ(token_error_of("/* a"), "This comment has no end: */ is missing (line 1, col 1)");
}

TEST(LiteLexerTest, SingleMarksThatBeginNothingAreErrors) {
  for (const char* text : {"|", "&", "=", "-", "#", "%", "+", "*", "/"}) {
    EXPECT_NE(token_error_of(text).find("Unexpected character '"), std::string::npos) << text;
  }
}

TEST(LiteLexerTest, TextThatIsNotUtf8IsAnError) {
  EXPECT_NE(token_error_of("model A { \xFF }").find("UTF-8"), std::string::npos);
}

TEST(LiteLexerTest, ABackslashTakesTheNextCharacterAsItIs) {
  const Schema schema = parse_valid(R"(model A { a String @default("x\"y\\n\n\'z") })");
  EXPECT_EQ(default_of(schema).value, Value("x\"y\\nn'z"));
  const Schema single = parse_valid("model A { a String @default('say \"hi\"\nthere') }");
  EXPECT_EQ(default_of(single).value, Value("say \"hi\"\nthere"));
}

TEST(LiteLexerTest, NumbersAreThoseOfJavaScript) {
  const auto number = [](std::string_view text) {
    return default_of(parse_valid("model A { a Float @default(" + std::string(text) + ") }")).value;
  };
  EXPECT_EQ(number("42"), Value(42));
  EXPECT_EQ(number("-7"), Value(-7));
  EXPECT_EQ(number("1.50"), Value(1.5));
  EXPECT_EQ(number("-0.5"), Value(-0.5));
  EXPECT_EQ(number("5."), Value(5));
  EXPECT_EQ(number("2.0"), Value(2));
  EXPECT_EQ(number("9007199254740993"), Value(9007199254740992.0));
  EXPECT_EQ(token_error_of("model A { a Float @default(1.2.3) }"),
            "'1.2.3' is not a number (line 1, col 28)");
  EXPECT_NE(token_error_of(std::string(101, '9')).find("is not a number"), std::string::npos);
}

TEST(LiteLexerTest, DocumentationBelongsToWhatFollows) {
  const Schema schema = parse_valid(
      "///   A thing  \n/// with two lines\nmodel A {\n"
      "  id Int @id /// of the next field\n  b Int\n  //// four slashes\n  c Int\n}");
  const Model& model = schema.models.at(0);
  EXPECT_EQ(model.comments, (std::vector<std::string>{"A thing", "with two lines"}));
  EXPECT_TRUE(model.fields.at(0).comments.empty());
  EXPECT_EQ(model.fields.at(1).comments, std::vector<std::string>{"of the next field"});
  EXPECT_EQ(model.fields.at(2).comments, std::vector<std::string>{"/ four slashes"});
}

TEST(LiteLexerTest, KeywordsAreOrdinaryNamesInsideOfABody) {
  const Schema schema = parse_valid(
      "model model { model Int enum Int type String view Int trait Int import Int database Int\n"
      "function Int transitions Int id Int @id }");
  EXPECT_EQ(schema.models.at(0).fields.size(), 10U);
}

}  // namespace
}  // namespace moonstone::lite
