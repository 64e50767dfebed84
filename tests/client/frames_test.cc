// Moonstone. Licence: see LICENSE.
#include "client/frames.h"

#include <gtest/gtest.h>

namespace moonstone::client {
namespace {

TEST(FramesTest, ReadsResultsAsTheyWereWritten) {
  const auto frame =
      read_frame(R"( { "type" : "result", "id":"q1","result": {"a":[1, "}\"]"],"b":{}} } )");
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->kind, FrameKind::Results);
  ASSERT_EQ(frame->items.size(), 1U);
  EXPECT_EQ(frame->items[0].id, "\"q1\"");
  EXPECT_EQ(frame->items[0].json, R"({"a":[1, "}\"]"],"b":{}})");
}

TEST(FramesTest, ReadsTheItemsOfACommit) {
  const auto frame =
      read_frame(R"({"type":"updates","items":[)"
                 R"({"id":"q1","result":1},{"id":"q2","result":null},{"id":"q3"}]})");
  ASSERT_TRUE(frame);
  ASSERT_EQ(frame->items.size(), 3U);
  EXPECT_EQ(frame->items[0].json, "1");
  EXPECT_EQ(frame->items[1].json, "null");
  EXPECT_EQ(frame->items[2].id, "\"q3\"");
  EXPECT_EQ(frame->items[2].json, "");
  EXPECT_TRUE(read_frame(R"({"type":"updates","items":[]})")->items.empty());
}

TEST(FramesTest, ReadsAnswersErrorsAndTokens) {
  const auto answer = read_frame(R"({"type":"mutationResult","id":7,"late":["q3"]})");
  EXPECT_EQ(answer->kind, FrameKind::MutationResult);
  EXPECT_EQ(answer->id, "7");
  EXPECT_EQ(answer->items[0].json, "");
  EXPECT_EQ(read_frame(R"({"type":"actionResult","id":"a1"})")->kind, FrameKind::ActionResult);

  const auto error =
      read_frame(R"({"type":"error","code":"execution_error","message":"a \"b\"\nü"})");
  EXPECT_EQ(error->kind, FrameKind::Error);
  EXPECT_EQ(error->id, "");
  EXPECT_EQ(error->code, "execution_error");
  EXPECT_EQ(error->message, "a \"b\"\nü");

  const auto auth =
      read_frame(R"({"type":"auth","id":"i1","authenticated":true,"expiresInMs":1500})");
  EXPECT_TRUE(auth->is_authenticated);
  EXPECT_EQ(auth->expires_in, std::chrono::milliseconds(1500));
  EXPECT_FALSE(read_frame(R"({"type":"auth","authenticated":false})")->expires_in);
  EXPECT_EQ(read_frame(R"({"type":"auth","expiresInMs":1e300})")->expires_in,
            std::chrono::milliseconds(100'000'000'000'000));
  EXPECT_EQ(read_frame(R"({"type":"auth","expiresInMs":-1})")->expires_in,
            std::chrono::milliseconds(0));

  EXPECT_EQ(read_frame(R"({"type":"hello"})")->kind, FrameKind::Hello);
  EXPECT_EQ(read_frame(R"({"type":"reset"})")->kind, FrameKind::Reset);
  EXPECT_EQ(read_frame(R"({"type":"pong"})")->kind, FrameKind::Unknown);
  EXPECT_EQ(read_frame(R"({"type":3})")->kind, FrameKind::Unknown);
  EXPECT_EQ(read_frame("{}")->kind, FrameKind::Unknown);
}

TEST(FramesTest, RefusesWhatIsNoObject) {
  for (const char* text :
       {"", " ", "null", "[]", "\"type\"", "{", "{\"type\"", "{\"type\":", "{\"type\":}",
        "{\"type\":\"result\"", "{\"type\":\"result\",}", "{type:1}", "{\"a\":\"\\\"}",
        "{\"a\":[1,{]}", "{\"a\":\"x", R"({"type":"updates"})", R"({"type":"updates","items":{}})",
        R"({"type":"updates","items":[1]})", R"({"type":"updates","items":[{"id":1})"}) {
    EXPECT_FALSE(read_frame(text)) << text;
  }
}

TEST(FramesTest, WritesWhatTheProtocolSays) {
  EXPECT_EQ(hello_frame("c", ""), R"({"type":"hello","client":"c","capabilities":[]})");
  EXPECT_EQ(hello_frame("c", "t\""),
            R"({"type":"hello","client":"c","capabilities":[],"token":"t\""})");
  EXPECT_EQ(auth_frame("\"i1\"", "t"), R"({"type":"auth","id":"i1","token":"t"})");
  EXPECT_EQ(auth_frame("\"i2\"", ""), R"({"type":"auth","id":"i2","token":null})");
  EXPECT_EQ(unsubscribe_frame("\"q1\""), R"({"type":"unsubscribe","id":"q1"})");
  EXPECT_EQ(call_frame({.type = "mutation", .id = "1", .function = "m:f\"", .arguments = "{}"}),
            R"({"type":"mutation","id":1,"fn":"m:f\"","args":{}})");
}

TEST(FramesTest, IdsComeBackAsNumbers) {
  EXPECT_EQ(make_id('q', 12), "\"q12\"");
  EXPECT_EQ(number_of("\"q12\"", 'q'), 12U);
  for (const char* id : {"", "12", "\"a12\"", "\"q\"", "\"q1x\"", "\"q-1\"", "\"q1", "\"q"}) {
    EXPECT_FALSE(number_of(id, 'q')) << id;
  }
}

}  // namespace
}  // namespace moonstone::client
