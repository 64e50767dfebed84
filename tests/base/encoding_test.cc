// Moonstone. Licence: see LICENSE.
#include "base/encoding.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/clock.h"

namespace moonstone {
namespace {

TEST(Base64Test, EncodesTheTestVectorsOfRfc4648) {
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foo"), "Zm9v");
  EXPECT_EQ(to_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(to_base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64(std::string_view("\xFB\xFF\xFE", 3)), "+//+");
}

TEST(Base64Test, DecodesBothAlphabetsWithAndWithoutPadding) {
  EXPECT_EQ(from_base64("Zm9vYg=="), "foob");
  EXPECT_EQ(from_base64("Zm9vYg"), "foob");
  EXPECT_EQ(from_base64("+//+"), "\xFB\xFF\xFE");
  EXPECT_EQ(from_base64("-__-"), "\xFB\xFF\xFE");
  EXPECT_EQ(from_base64(""), "");
}

TEST(Base64Test, RefusesEverythingElse) {
  for (const std::string_view text :
       {"Z", "Zg=", "Zg===", "=", "==", "====", "Zm9v=", "Zm9v====", "Zm 9v", "Zm9v\n", "Zm9v!",
        "Z===", "Zg==Zg==", "Zh==", "Zm9=", "\xC3\xA9zz"}) {
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  }
}

TEST(Base64Test, AllBytesComeBack) {
  SeededRandom random(1);
  for (std::size_t size = 0; size < 300; ++size) {
    std::string bytes;
    for (std::size_t index = 0; index < size; ++index) {
      bytes.push_back(static_cast<char>(random.next()));
    }
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  }
}

TEST(HexTest, PrintsTwoLowerCaseDigitsPerByte) {
  EXPECT_EQ(to_hex(""), "");
  EXPECT_EQ(to_hex(std::string_view("\x00\x0F\xA5\xFF", 4)), "000fa5ff");
}

TEST(EncodingTest, HexReadsWhatItWroteAndNothingElse) {
  EXPECT_EQ(from_hex("000fA5ff"), std::string("\x00\x0F\xA5\xFF", 4));
  EXPECT_EQ(from_hex(""), "");
  for (const char* text : {"0", "0g", "-1", " 1", "0x", "1 "})
    EXPECT_EQ(from_hex(text), std::nullopt) << text;
}

TEST(Utf8Test, AcceptsEveryScalarValueAtTheEdges) {
  for (const std::string_view text :
       {std::string_view(""), std::string_view("plain ASCII text of some length"),
        std::string_view("\0", 1), std::string_view("\x7F"), std::string_view("\xC2\x80"),
        std::string_view("\xDF\xBF"), std::string_view("\xE0\xA0\x80"),
        std::string_view("\xED\x9F\xBF"), std::string_view("\xEE\x80\x80"),
        std::string_view("\xEF\xBF\xBF"), std::string_view("\xF0\x90\x80\x80"),
        std::string_view("\xF4\x8F\xBF\xBF"),
        std::string_view("eight by é then more 😀 and so on")}) {
    EXPECT_TRUE(is_utf8(text)) << to_hex(text);
  }
}

TEST(Utf8Test, RefusesIllFormedSequences) {
  for (const std::string_view text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2z", "\xE0\x80\x80", "\xE0\x9F\xBF",
        "\xE2\x82", "\xE2\x82z", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x80\x80\x80",
        "\xF0\x8F\xBF\xBF", "\xF0\x9F\x98", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    EXPECT_FALSE(is_utf8(text)) << to_hex(text);
    EXPECT_FALSE(is_utf8("ASCII in front: " + std::string(text))) << to_hex(text);
    EXPECT_FALSE(is_utf8(std::string(text) + " and behind it")) << to_hex(text);
  }
}

TEST(StableHashTest, IsFnv1aAndNeverChanges) {
  EXPECT_EQ(stable_hash(""), 0xCBF29CE484222325U);
  EXPECT_EQ(stable_hash("a"), 0xAF63DC4C8601EC8CU);
  EXPECT_EQ(stable_hash("foobar"), 0x85944171F73967E8U);
  EXPECT_EQ(stable_hash("\xFF"), 0xAF64724C8602EB6EU);
}

}  // namespace
}  // namespace moonstone
