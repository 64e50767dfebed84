// Moonstone. Licence: see LICENSE.
#include "bench/load/frames.h"

#include <gtest/gtest.h>

namespace moonstone::bench {
namespace {

/// What a server would send of `payload`: a frame without a mask.
std::string unmasked(std::size_t length) {
  std::string frame;
  append_frame(frame, {std::string(length, 'x')});
  const std::size_t mask = length <= 125 ? 2 : length <= 0xFFFF ? 4 : 10;
  frame.erase(mask, 4);
  frame[1] = static_cast<char>(frame[1] & 0x7F);
  return frame;
}

TEST(FramesTest, WritesTheShortestLengthAndAMaskOfZeros) {
  std::string out = "before";
  append_frame(out, {"{\"a\"", ":1}"});
  EXPECT_EQ(out, std::string("before\x81\x87\0\0\0\0{\"a\":1}", 19));
  for (const auto& [length, head] :
       {std::pair{std::size_t{125}, std::size_t{6}}, {126, 8}, {0xFFFF, 8}, {0x10000, 14}}) {
    out.clear();
    append_frame(out, {std::string(length, 'x')});
    EXPECT_EQ(out.size(), head + length);
  }
}

TEST(FramesTest, TakesWholeFramesOfAnyLengthOnly) {
  for (const std::size_t length : {0UL, 1UL, 125UL, 126UL, 0xFFFFUL, 0x10000UL}) {
    const std::string frame = unmasked(length);
    const std::string two = frame + frame;
    std::string_view bytes = two;
    const auto taken = take_frame(bytes);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->head, kWholeText);
    EXPECT_EQ(taken->payload, std::string(length, 'x'));
    EXPECT_EQ(bytes, frame);
    for (const std::size_t missing : {std::size_t{1}, frame.size() - 1, frame.size()}) {
      std::string_view part = std::string_view(frame).substr(0, frame.size() - missing);
      const std::size_t before = part.size();
      EXPECT_FALSE(take_frame(part)) << length << " " << missing;
      EXPECT_EQ(part.size(), before);
    }
  }
}

TEST(FramesTest, TellsKindAndIdOfMessages) {
  const Message result = read_message(R"({"type":"result","id":"17","result":[]})");
  EXPECT_EQ(result.kind, MessageKind::Result);
  EXPECT_EQ(result.id, 17U);
  EXPECT_EQ(read_message(R"({"type":"update","id":"3","late":true,"result":1})").kind,
            MessageKind::Update);
  EXPECT_EQ(read_message(R"({"type":"mutationResult","id":"9"})").id, 9U);
  EXPECT_EQ(read_message(R"({"type":"hello","server":"moonstone/1"})").kind, MessageKind::Hello);
  EXPECT_EQ(read_message(R"({"type":"error","code":"x","message":"y"})").id, 0U);
}

TEST(FramesTest, TakesWhatItDoesNotKnowAsOther) {
  for (const char* const text :
       {"", "{", R"({"type":")", R"({"type":"updates","items":[]})",
        R"({"id":"1","type":"result"})", R"({"type":"results","id":"1"})"}) {
    EXPECT_EQ(read_message(text).kind, MessageKind::Other) << text;
  }
}

}  // namespace
}  // namespace moonstone::bench
