// Moonstone. Licence: see LICENSE.
#include "protocol/functions/messages.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace moonstone::protocol::functions {
namespace {

std::string text_of(const Frame& frame) {
  std::string text;
  for (const auto& part : frame)
    text += *part;
  return text;
}

SharedText share(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

TEST(MessagesTest, DecodesEveryKind) {
  const auto query =
      decode_client_message(R"({"type":"query","id":"a","fn":"m:f","args":{"x":1}})");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->kind, MessageKind::Query);
  EXPECT_EQ(query->id, "\"a\"");
  EXPECT_EQ(query->function, "m:f");
  EXPECT_EQ(to_json(query->args), R"({"x":1})");
  EXPECT_EQ(decode_client_message(R"({"type":"ping"})")->kind, MessageKind::Ping);
  EXPECT_EQ(decode_client_message(R"({"type":"later"})")->kind, MessageKind::Unknown);
  EXPECT_EQ(decode_client_message(R"({})")->kind, MessageKind::Unknown);
  EXPECT_EQ(decode_client_message(R"({"type":"hello","client":"c"})")->client, "c");
  EXPECT_TRUE(decode_client_message(R"({"type":"query","fn":7})")->function.empty());
  EXPECT_TRUE(decode_client_message(R"({"type":"query"})")->args.is_undefined());
}

TEST(MessagesTest, RefusesWhatIsNoObject) {
  for (const char* text : {"", "null", "[]", "7", "{", "\xff"}) {
    EXPECT_FALSE(decode_client_message(text)) << text;
  }
}

TEST(MessagesTest, ALoneSurrogateInArgumentsIsReplaced) {
  const auto query = decode_client_message(R"({"type":"query","id":1,"args":["cut \ud83d"]})");
  ASSERT_TRUE(query);
  EXPECT_EQ(to_json(query->args), "[\"cut \uFFFD\"]");
}

TEST(MessagesTest, TellsTheIdOfAFrameThatIsTooDeep) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  EXPECT_FALSE(decode_client_message(R"({"id":1,"args":)" + deep + "}"));
  EXPECT_EQ(wire_id_of(R"({"id":1,"args":)" + deep + "}"), "1");
  EXPECT_EQ(wire_id_of(R"({"args":)" + deep + R"(, "id": "a b"})"), "\"a b\"");
  EXPECT_EQ(wire_id_of(R"({"id":)" + deep + "}"), "");
  EXPECT_EQ(wire_id_of(R"({"id":")" + std::string(kWireIdBytesMax, 'x') + "\"}"), "");
}

TEST(MessagesTest, EncodesValidJson) {
  EXPECT_EQ(text_of(encode_result("7", share("[1]"))), R"({"type":"result","id":7,"result":[1]})");
  const UpdateItem updates[] = {{.id = "\"a\"", .json = share("1")},
                                {.id = "2", .json = share("[]")}};
  const UpdateItem late[] = {{.id = "2", .json = share("[]"), .is_late = true}};
  EXPECT_EQ(text_of(encode_updates(late)), R"({"type":"update","id":2,"late":true,"result":[]})");
  EXPECT_EQ(text_of(encode_updates(std::span(updates, 1))),
            R"({"type":"update","id":"a","result":1})");
  EXPECT_EQ(text_of(encode_updates(updates)),
            R"({"type":"updates","items":[{"id":"a","result":1},{"id":2,"result":[]}]})");
  EXPECT_EQ(text_of(encode_mutation_result("1", std::nullopt, {})),
            R"({"type":"mutationResult","id":1})");
  EXPECT_EQ(text_of(encode_mutation_result("1", "2", std::vector<std::string>{"\"a\"", "3"})),
            R"({"type":"mutationResult","id":1,"result":2,"late":["a",3]})");
  EXPECT_EQ(text_of(encode_error("", "execution_error", "a \"b\"")),
            R"({"type":"error","code":"execution_error","message":"a \"b\""})");
  EXPECT_TRUE(parse_json(text_of(encode_hello("1.0"))));
}

TEST(MessagesTest, SharesTheBytesOfAResult) {
  const SharedText json = share("[1,2,3]");
  const Frame frame = encode_result("1", json);
  EXPECT_EQ(frame[1].get(), json.get());
}

TEST(MessagesTest, ReadsAndAnswersTokens) {
  const auto token_of = [](std::string_view member) {
    return decode_client_message(R"({"type":"auth")" + std::string(member) + "}")->token;
  };
  EXPECT_EQ(token_of(""), std::nullopt);
  EXPECT_EQ(token_of(R"(,"token":null)"), "");
  EXPECT_EQ(token_of(R"(,"token":"a.b.c")"), "a.b.c");
  EXPECT_EQ(token_of(R"(,"token":{"x":1})"), R"({"x":1})") << "to be refused as none";
  EXPECT_EQ(text_of(encode_auth("7", 1500)),
            R"({"type":"auth","id":7,"authenticated":true,"expiresInMs":1500})");
  EXPECT_EQ(text_of(encode_auth("", std::nullopt)), R"({"type":"auth","authenticated":false})");
}

TEST(MessagesTest, MapsEveryErrorCode) {
  EXPECT_EQ(wire_code_of(Error(ErrorCode::PermissionDenied, "x")), "forbidden");
  EXPECT_EQ(wire_code_of(Error(ErrorCode::Conflict, "x")), "conflict");
  EXPECT_EQ(wire_code_of(Error(ErrorCode::Unauthenticated, "x")), "unauthenticated");
  for (const ErrorCode code :
       {ErrorCode::InvalidArgument, ErrorCode::NotFound, ErrorCode::AlreadyExists,
        ErrorCode::FailedPrecondition, ErrorCode::LimitExceeded, ErrorCode::Cancelled,
        ErrorCode::DeadlineExceeded, ErrorCode::Unavailable, ErrorCode::Unimplemented,
        ErrorCode::Corruption, ErrorCode::Internal}) {
    EXPECT_EQ(wire_code_of(Error(code, "x")), "execution_error");
  }
}

TEST(MessagesTest, AnIdHasALimit) {
  const auto with_id = [](std::size_t bytes) {
    return decode_client_message(R"({"type":"query","id":")" + std::string(bytes - 2, 'x') +
                                 R"(","fn":"a:b"})");
  };
  const auto longest = with_id(kWireIdBytesMax);
  ASSERT_TRUE(longest);
  EXPECT_EQ(longest->id.size(), kWireIdBytesMax);
  const auto refused = with_id(kWireIdBytesMax + 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::LimitExceeded) << "it is answered, not ignored";
  EXPECT_EQ(refused.error().reason(), "id_bytes");
}

}  // namespace
}  // namespace moonstone::protocol::functions
