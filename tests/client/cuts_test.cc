// Moonstone. Licence: see LICENSE.
// Connections that are cut, split, garbled or silent, by a server that does so byte by byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "moonstone/client.h"
#include "tests/client/raw_server.h"

namespace moonstone::client {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using testing::Inbox;
using testing::RawPeer;
using testing::RawServer;
using testing::server_frame;
using testing::text_frame;

constexpr std::string_view kHello = R"({"type":"hello","server":"test","capabilities":[]})";

class CutsTest : public ::testing::Test {
 protected:
  void connect(Options options = {}) {
    options.backoff_base = milliseconds(2);
    options.backoff_max = milliseconds(20);
    options.backoff_attempts_max = 1'000'000;
    options.on_state = [this](State state, const std::string& why) {
      if (state == State::Disconnected) reasons_.put(why);
    };
    client_ = *Client::connect(*loop_, server_.url(), std::move(options));
  }
  void subscribe() {
    subscription_ = *client_->subscribe("m:list", "", [this](const Outcome<std::string>& json) {
      heard_.put(json.value_or("failed"));
    });
  }
  void mutate() {
    client_->mutation("m:set", "", [this](const Outcome<std::string>& json) {
      heard_.put("answer " + json.value_or("failed"));
    });
  }

  RawServer server_;
  Inbox<std::string> heard_;
  Inbox<std::string> reasons_;
  std::unique_ptr<Loop> loop_ = Loop::start();
  std::unique_ptr<Client> client_;
  std::unique_ptr<Subscription> subscription_;
};

TEST_F(CutsTest, ACutInTheMiddleOfAFrame) {
  connect();
  subscribe();
  mutate();
  std::string hello;
  {
    RawPeer peer = server_.accept();
    peer.upgrade();
    hello = peer.text().value();
    EXPECT_THAT(hello, HasSubstr(R"("type":"hello")"));
    EXPECT_THAT(peer.text().value(), HasSubstr(R"("id":"q1","fn":"m:list")"));
    EXPECT_THAT(peer.text().value(), HasSubstr(R"("type":"mutation","id":1,)"));
    peer.send(text_frame(R"({"type":"result","id":"q1","result":"first"})"));
    EXPECT_EQ(heard_.take(), "\"first\"");
    const std::string answer = text_frame(R"({"type":"mutationResult","id":1,"result":1})");
    peer.send(answer.substr(0, answer.size() - 5));
  }
  EXPECT_THAT(reasons_.take(), HasSubstr("the connection was cut"));
  RawPeer peer = server_.accept();
  peer.upgrade();
  EXPECT_EQ(peer.text().value(), hello) << "the same client";
  EXPECT_THAT(peer.text().value(), HasSubstr(R"("id":"q1","fn":"m:list")"));
  peer.send(text_frame(R"({"type":"result","id":"q1","result":"first"})") + text_frame(kHello));
  EXPECT_THAT(peer.text().value(), HasSubstr(R"("type":"mutation","id":1,)"))
      << "under the same number";
  peer.send(text_frame(R"({"type":"mutationResult","id":1,"result":1})"));
  EXPECT_EQ(heard_.take(), "answer 1") << "and the unchanged result is not told again";
}

TEST_F(CutsTest, EveryPlaceToCut) {
  const std::string frames =
      server_frame(0x01, R"({"type":"result",)") + server_frame(0x89, "ping") +
      server_frame(0x80, R"("id":"q1","result":")" + std::string(200, 'x') + R"("})");
  connect();
  subscribe();
  for (std::size_t cut = 0; cut < frames.size(); cut += 7) {
    RawPeer peer = server_.accept();
    peer.upgrade();
    peer.send(frames.substr(0, cut));
  }
  RawPeer peer = server_.accept();
  peer.upgrade();
  peer.send(frames);
  EXPECT_EQ(heard_.take().size(), 202U);
}

TEST_F(CutsTest, ByteByByteWithPingsBetween) {
  connect();
  subscribe();
  RawPeer peer = server_.accept();
  peer.upgrade();
  const std::string large(70'000, 'y');
  const std::string frames = server_frame(0x82, "binary is ignored") +
                             server_frame(0x01, R"({"type":"re)") + server_frame(0x89, "between") +
                             server_frame(0x00, R"(sult","id":"q1",)") +
                             server_frame(0x80, R"("result":[1, 2]})") + text_frame("no JSON") +
                             text_frame("[]") + text_frame(R"({"type":"of tomorrow","id":"q1"})");
  for (const char c : frames)
    peer.send(std::string(1, c));
  EXPECT_EQ(heard_.take(), "[1, 2]") << "as it was written";
  peer.send(text_frame(R"({"type":"update","id":"q1","result":")" + large + "\"}"));
  EXPECT_EQ(heard_.take().size(), large.size() + 2);
  std::optional<std::pair<int, std::string>> pong;
  while ((pong = peer.frame()) && pong->first != 0x8A) {
  }
  ASSERT_TRUE(pong);
  EXPECT_EQ(pong->second, "between");
}

TEST_F(CutsTest, NonsenseInsteadOfAHandshake) {
  connect();
  for (const char* answer :
       {"", "HTTP/1.1 101", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "what?\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: wrong\r\n\r\n"}) {
    RawPeer peer = server_.accept();
    EXPECT_FALSE(peer.head().empty());
    peer.send(answer);
  }
  EXPECT_THAT(reasons_.take(), HasSubstr("no WebSocket at this address: "));
  EXPECT_THAT(reasons_.take(), HasSubstr("no WebSocket at this address: "));
  EXPECT_EQ(reasons_.take(), "the server refused the socket: HTTP 200 OK: hi");
  EXPECT_THAT(reasons_.take(), HasSubstr("no WebSocket at this address: "));
  EXPECT_THAT(reasons_.take(), HasSubstr("Sec-WebSocket-Accept"));
  server_.accept().upgrade();
}

TEST_F(CutsTest, ViolationsEndTheConnection) {
  connect();
  for (const std::string& frame :
       {std::string("\x81\x81mask!", 7), server_frame(0x83, "opcode"), server_frame(0xC1, "bit"),
        server_frame(0x80, "of nothing"), text_frame("\xFF"), server_frame(0x09, "split ping")}) {
    {
      RawPeer peer = server_.accept();
      peer.upgrade();
      EXPECT_TRUE(peer.text());
      peer.send(frame);
    }
    const std::string reason = reasons_.take();
    EXPECT_NE(reason, "");
    EXPECT_NE(reason, "the connection was cut") << "before the cut";
  }
  server_.accept().upgrade();
}

TEST_F(CutsTest, TheReasonOfACloseIsTold) {
  connect();
  {
    RawPeer peer = server_.accept();
    peer.upgrade();
    EXPECT_TRUE(peer.text());
    peer.send(server_frame(0x88,
                           "\x03\xF0"
                           "too slow"));
  }
  EXPECT_EQ(reasons_.take(), "the server closed the connection: 1008 too slow");
}

TEST_F(CutsTest, ASilentServerIsLeft) {
  Options options;
  options.heartbeat_interval = milliseconds(5);
  connect(options);
  RawPeer peer = server_.accept();
  peer.upgrade();
  EXPECT_EQ(reasons_.take(), "the server has gone silent");
}

TEST_F(CutsTest, AServerThatNeverAnswersIsLeft) {
  Options options;
  options.connect_timeout = milliseconds(5);
  connect(options);
  const RawPeer peer = server_.accept();
  EXPECT_EQ(reasons_.take(), "no connection in time");
}

TEST_F(CutsTest, ClosingSaysGoodbye) {
  connect();
  RawPeer peer = server_.accept();
  peer.upgrade();
  EXPECT_TRUE(peer.text());
  client_->close();
  const auto goodbye = peer.frame();
  ASSERT_TRUE(goodbye);
  EXPECT_EQ(goodbye->first, 0x88);
  EXPECT_EQ(goodbye->second, "\x03\xE8");
}

}  // namespace
}  // namespace moonstone::client
