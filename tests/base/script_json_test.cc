// Moonstone. Licence: see LICENSE.
#include "base/script_json.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace moonstone {
namespace {

std::string read(std::string_view json) {
  const auto value = parse_script_json(json);
  return value ? to_json(*value) : "error: " + value.error().message();
}

TEST(ScriptJsonTest, ALoneSurrogateIsReplaced) {
  EXPECT_EQ(read(R"("a\ud83d")"), "\"a\uFFFD\"");
  EXPECT_EQ(read(R"("\uDE00b")"), "\"\uFFFDb\"");
  EXPECT_EQ(read(R"("\ud83dx\ud83d\n")"), "\"\uFFFDx\uFFFD\\n\"");
  EXPECT_EQ(read(R"("\ud83d\ud83d\ude00")"), "\"\uFFFD\U0001F600\"");
  EXPECT_EQ(read(R"("\ude00\ud83d")"), "\"\uFFFD\uFFFD\"");
  EXPECT_EQ(read(R"({"\ud800":1})"), "{\"\uFFFD\":1}");
}

TEST(ScriptJsonTest, EverythingElseIsReadAsItStands) {
  EXPECT_EQ(read(R"("\ud83d\ude00")"), "\"\U0001F600\"");
  EXPECT_EQ(read(R"("\\ud83d")"), R"("\\ud83d")");
  EXPECT_EQ(read(R"(["\u00e9",1])"), "[\"\u00e9\",1]");
  for (const std::string_view text :
       {R"("\)", R"("\u)", R"("\ud8)", R"("\ud83d)", R"("\ud83d\u)", R"("\u+123")", "", "{"}) {
    EXPECT_FALSE(parse_script_json(text)) << text;
  }
}

TEST(ScriptJsonTest, AMemberIsFoundWithoutReadingTheRest) {
  EXPECT_EQ(member_text(R"({"id":7,"a":1})", "id"), "7");
  EXPECT_EQ(member_text(R"( { "a" : [1,{"id":2},"],\"}"] , "id" : "x\"," } )", "id"), R"("x\",")");
  EXPECT_EQ(member_text(R"({"a":{"id":1}})", "id"), "");
  const std::string deep = R"({"a":)" + std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(member_text(deep + R"(,"id":[1]})", "id"), "[1]");
}

TEST(ScriptJsonTest, TextThatIsNoObjectHasNoMembers) {
  for (const std::string_view text :
       {"", " ", "7", "[", "{", "{}", R"({")", R"({"id)", R"({"id")", R"({"id":)", R"({"id":})",
        R"({"i\)", R"({"a":"\)", R"({"a":]})", R"({"a":1}"id":2)"}) {
    EXPECT_EQ(member_text(text, "id"), "") << text;
  }
}

}  // namespace
}  // namespace moonstone
