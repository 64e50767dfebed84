// Moonstone. Licence: see LICENSE.
// WebSockets over a real socket: frames, limits, violations, closing, slow readers.
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/server.h"
#include "tests/server/raw_client.h"

namespace moonstone::server {
namespace {

using protocol::CloseCode;
using testing::frame_of;
using testing::masked_frame;
using testing::RawClient;
using testing::TestApplication;

constexpr std::chrono::milliseconds kGrace{20'000};
constexpr int kText = 0x81;
constexpr int kBinary = 0x82;
constexpr int kClose = 0x88;
constexpr int kPing = 0x89;

ServerOptions any_port() {
  ServerOptions options;
  options.port = 0;
  return options;
}

class WebSocketTest : public ::testing::Test {
 protected:
  void serve(const ServerOptions& options = any_port()) {
    auto started = Server::start(options, application_);
    ASSERT_TRUE(started) << started.error().message();
    server_ = std::move(*started);
  }
  RawClient open() {
    RawClient client(server_->port());
    EXPECT_EQ(client.upgrade(), 101);
    return client;
  }
  /// Sends raw bytes on a new socket; the code with which the server closes it.
  int close_code_after(std::string_view bytes) {
    RawClient client = open();
    client.send(bytes);
    return client.read_close_code();
  }
  static std::string echo_of(RawClient& client, std::string_view text) {
    client.send_text(text);
    const auto frame = client.frame();
    return frame.has_value() ? frame->payload : "(end)";
  }

  TestApplication application_;
  std::unique_ptr<Server> server_;
};

TEST_F(WebSocketTest, TextGoesInAndOut) {
  serve();
  RawClient client = open();
  for (const std::size_t size : {0UL, 1UL, 125UL, 126UL, 65'535UL, 65'536UL, 3'000'000UL}) {
    EXPECT_EQ(echo_of(client, std::string(size, 'x')).size(), size);
  }
  EXPECT_EQ(echo_of(client, "gr\xC3\xBC\xC3\x9F"), "gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(server_->counters().sockets, 1U);
  EXPECT_EQ(server_->counters().connections, 1U);
  EXPECT_EQ(server_->counters().frames_in, 8U);
}

TEST_F(WebSocketTest, ByteByByteAndMerged) {
  serve();
  RawClient client = open();
  for (const char c : masked_frame(kText, "slow"))
    client.send(std::string(1, c));
  EXPECT_EQ(client.frame()->payload, "slow");
  client.send(masked_frame(kText, "a") + masked_frame(kText, "b") + masked_frame(kText, "c"));
  EXPECT_EQ(client.frame()->payload, "a");
  EXPECT_EQ(client.frame()->payload, "b");
  EXPECT_EQ(client.frame()->payload, "c");
}

TEST_F(WebSocketTest, OneByteFragmentsWithPingsBetween) {
  serve();
  RawClient client = open();
  const std::string text(2000, 'f');
  std::string bytes = masked_frame(0x01, text.substr(0, 1));
  for (std::size_t i = 1; i + 1 < text.size(); ++i)
    bytes += masked_frame(0x00, text.substr(i, 1));
  client.send(bytes);
  client.send_frame(kPing, "between");
  client.send_frame(0x80, "f");
  const auto pong = client.frame();
  EXPECT_EQ(pong->opcode, 10);
  EXPECT_EQ(pong->payload, "between");
  EXPECT_EQ(client.frame()->payload, text);
}

TEST_F(WebSocketTest, BinaryIsIgnored) {
  serve();
  RawClient client = open();
  client.send_frame(kBinary, std::string("\0\xFF", 2));
  EXPECT_EQ(echo_of(client, "still here"), "still here");
}

TEST_F(WebSocketTest, OnlyAcceptedPathsAreUpgraded) {
  serve();
  RawClient client(server_->port());
  EXPECT_EQ(client.upgrade("/other"), 403);
  EXPECT_EQ(client.upgrade("/ws"), 101) << "a refusal keeps the connection";
  EXPECT_EQ(echo_of(client, "x"), "x");
}

TEST_F(WebSocketTest, BadHandshakesAreAnswered) {
  serve();
  const auto status_of = [this](std::string_view headers) {
    RawClient client(server_->port());
    client.send("GET /ws HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
                std::string(headers) + "\r\n");
    return client.response().status;
  };
  EXPECT_EQ(status_of("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), 426);
  EXPECT_EQ(status_of("Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: x\r\n"), 426);
  EXPECT_EQ(status_of("Sec-WebSocket-Version: 13\r\n"), 400);
  EXPECT_EQ(status_of("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + std::string(500, 'k') +
                      "\r\n"),
            400);
  EXPECT_TRUE(application_.closed.wait()) << "the session of the bad key has ended";
  RawClient client = open();
  EXPECT_EQ(echo_of(client, "x"), "x");
}

TEST_F(WebSocketTest, ConnectionsAreBounded) {
  ServerOptions options = any_port();
  options.connections_max = 2;
  serve(options);
  RawClient first = open();
  {
    RawClient second = open();
    RawClient third(server_->port());
    EXPECT_EQ(third.upgrade(), 503);
    EXPECT_EQ(server_->counters().refused, 1U);
  }
  EXPECT_TRUE(application_.closed.wait(1));
  RawClient fourth = open();
  EXPECT_EQ(echo_of(fourth, "x"), "x");
}

TEST_F(WebSocketTest, OversizeIsClosedWith1009) {
  ServerOptions options = any_port();
  options.frame_bytes_max = 1000;
  serve(options);
  RawClient fits = open();
  EXPECT_EQ(echo_of(fits, std::string(1000, 'x')).size(), 1000U);
  EXPECT_EQ(close_code_after(masked_frame(kText, std::string(1001, 'x'))), 1009);
  EXPECT_EQ(close_code_after(masked_frame(0x01, std::string(600, 'x')) +
                             masked_frame(0x80, std::string(600, 'x'))),
            1009);
  // A header that announces 2^62 bytes is enough.
  EXPECT_EQ(close_code_after(std::string("\x81\xFF\x40\0\0\0\0\0\0\0\1\2\3\4", 14)), 1009);
}

TEST_F(WebSocketTest, WhoIsStillSendingHearsTheReason) {
  ServerOptions options = any_port();
  options.frame_bytes_max = 1000;
  serve(options);
  // More than any buffer on the way holds: it can be sent only if somebody takes it.
  const std::string frame = masked_frame(kText, std::string(std::size_t{24} << 20U, 'x'));
  EXPECT_EQ(close_code_after(frame), 1009);
}

TEST_F(WebSocketTest, WhoGoesOnSendingIsCutOff) {
  ServerOptions options = any_port();
  options.frame_bytes_max = 1000;
  options.close_timeout = std::chrono::milliseconds(50);
  serve(options);
  RawClient client = open();
  client.send(std::string("\x81\xFF\x40\0\0\0\0\0\0\0\1\2\3\4", 14));
  EXPECT_TRUE(application_.closed.wait()) << "though the client never closes its side";
}

TEST_F(WebSocketTest, ProtocolViolationsAreClosedWith1002) {
  serve();
  EXPECT_EQ(close_code_after(std::string("\x81\x01x", 3)), 1002) << "unmasked";
  EXPECT_EQ(close_code_after(masked_frame(kPing, std::string(126, 'p'))), 1002) << "control > 125";
  EXPECT_EQ(close_code_after(masked_frame(0x09, "p")), 1002) << "fragmented control frame";
  EXPECT_EQ(close_code_after(masked_frame(0x83, "r")), 1002) << "reserved opcode";
  EXPECT_EQ(close_code_after(masked_frame(0x8B, "r")), 1002) << "reserved control opcode";
  EXPECT_EQ(close_code_after(masked_frame(0xC1, "r")), 1002) << "reserved bit";
  EXPECT_EQ(close_code_after(masked_frame(0x80, "c")), 1002) << "continuation of nothing";
  EXPECT_EQ(close_code_after(masked_frame(0x01, "a") + masked_frame(kText, "b")), 1002);
  EXPECT_EQ(close_code_after(masked_frame(kClose, "\x03")), 1002) << "close with one byte";
  EXPECT_EQ(close_code_after(masked_frame(kClose, std::string("\x00\x01", 2))), 1002);
  EXPECT_EQ(close_code_after(masked_frame(kClose, std::string("\x03\xED", 2))), 1002) << "1005";
}

TEST_F(WebSocketTest, TextMustBeUtf8) {
  serve();
  EXPECT_EQ(close_code_after(masked_frame(kText, "\xFF")), 1007);
  EXPECT_EQ(close_code_after(masked_frame(kText, "\xC0\xAF")), 1007) << "overlong";
  EXPECT_EQ(close_code_after(masked_frame(kText, "\xED\xA0\x80")), 1007) << "surrogate";
  EXPECT_EQ(close_code_after(masked_frame(0x01, "\xC3") + masked_frame(0x80, "x")), 1007);
  RawClient split = open();
  split.send(masked_frame(0x01, "\xC3") + masked_frame(0x80, "\xBC"));
  EXPECT_EQ(split.frame()->payload, "\xC3\xBC") << "a character may be cut by a frame";
}

TEST_F(WebSocketTest, CloseIsEchoed) {
  serve();
  EXPECT_EQ(close_code_after(masked_frame(kClose, std::string("\x03\xE8 bye", 6))), 1000);
  EXPECT_TRUE(application_.closed.wait());
}

TEST_F(WebSocketTest, ClientThatIgnoresTheCloseIsCutOff) {
  ServerOptions options = any_port();
  options.close_timeout = std::chrono::seconds(1);
  serve(options);
  RawClient client = open();
  client.send_text("close");
  EXPECT_EQ(client.read_close_code(), 1011);
  EXPECT_TRUE(client.is_at_end());
  EXPECT_TRUE(application_.closed.wait());
}

TEST_F(WebSocketTest, ServerCloses) {
  serve();
  RawClient client = open();
  client.send_text("one");
  client.send_text("close");
  client.send_text("never delivered");
  EXPECT_EQ(client.frame()->payload, "one");
  const auto close = client.frame();
  ASSERT_EQ(close->opcode, 8);
  EXPECT_EQ(close->close_code(), 1011);
  EXPECT_EQ(close->payload.substr(2), "as asked");
  client.send_frame(kClose, close->payload.substr(0, 2));
  EXPECT_TRUE(client.is_at_end());
  EXPECT_TRUE(application_.closed.wait());
}

TEST_F(WebSocketTest, LongCloseReasonIsCutAtACharacter) {
  serve();
  RawClient client = open();
  std::string reason(122, 'r');
  reason += "\xC3\xBC and more";
  application_.take_sink()->close(CloseCode::PolicyViolation, reason);
  EXPECT_EQ(client.frame()->payload.substr(2), std::string(122, 'r'));
}

TEST_F(WebSocketTest, FramesOfManySizesKeepTheirOrder) {
  serve();
  RawClient client = open();
  const auto sink = application_.take_sink();
  constexpr std::size_t kFrames = 5000;
  for (std::size_t i = 0; i < kFrames; ++i) {
    const std::size_t size = i % 50 == 7 ? 40'000 : i % 300;
    auto shared = std::make_shared<const std::string>(size, 'p');
    sink->send({std::make_shared<const std::string>(std::to_string(i) + ":"), shared, shared});
  }
  for (std::size_t i = 0; i < kFrames; ++i) {
    const auto frame = client.frame();
    ASSERT_TRUE(frame.has_value());
    const std::size_t size = i % 50 == 7 ? 40'000 : i % 300;
    ASSERT_EQ(frame->payload, std::to_string(i) + ":" + std::string(2 * size, 'p'));
  }
}

TEST_F(WebSocketTest, FramesFromSeveralThreadsAllArrive) {
  ServerOptions options = any_port();
  options.threads = 2;
  serve(options);
  RawClient client = open();
  const auto sink = application_.take_sink();
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  std::vector<std::jthread> senders;
  for (int t = 0; t < kThreads; ++t) {
    senders.emplace_back([&sink, t] {
      for (int i = 0; i < kEach; ++i) {
        sink->send(frame_of(std::to_string(t) + " " + std::to_string(i)));
      }
    });
  }
  std::vector<int> next(kThreads, 0);
  for (int i = 0; i < kThreads * kEach; ++i) {
    const auto frame = client.frame();
    ASSERT_TRUE(frame.has_value());
    const auto thread = static_cast<std::size_t>(frame->payload[0] - '0');
    ASSERT_EQ(frame->payload.substr(2), std::to_string(next.at(thread)++));
  }
}

TEST_F(WebSocketTest, SlowReaderIsToldWhenItMayGoOn) {
  ServerOptions options = any_port();
  options.queue_bytes_high = std::size_t{8} * 1024 * 1024;
  serve(options);
  RawClient client = open();
  const auto sink = application_.take_sink();
  constexpr int kFrames = 30;
  for (int i = 0; i < kFrames; ++i)
    sink->send(frame_of(std::string(std::size_t{1024} * 1024, 's')));
  EXPECT_GT(sink->queued_bytes(), options.queue_bytes_high);
  for (int i = 0; i < kFrames; ++i)
    ASSERT_TRUE(client.frame().has_value());
  EXPECT_TRUE(application_.writable.wait());
}

TEST_F(WebSocketTest, WhoHasExactlyTheHighMarkToReadIsToldToo) {
  ServerOptions options = any_port();
  options.queue_bytes_high = std::size_t{8} * 1024 * 1024;
  serve(options);
  RawClient client = open();
  const auto sink = application_.take_sink();
  sink->send(frame_of(std::string(options.queue_bytes_high, 's')));
  ASSERT_TRUE(client.frame().has_value());
  EXPECT_TRUE(application_.writable.wait());
}

TEST_F(WebSocketTest, SlowReaderIsClosedAtTheQueueLimit) {
  ServerOptions options = any_port();
  options.queue_bytes_max = std::size_t{16} * 1024 * 1024;
  serve(options);
  RawClient client = open();
  const auto sink = application_.take_sink();
  for (int i = 0; i < 100; ++i)
    sink->send(frame_of(std::string(std::size_t{1024} * 1024, 's')));
  EXPECT_LE(sink->queued_bytes(), options.queue_bytes_max);
  EXPECT_EQ(client.read_close_code(), 1008);
  client.send_frame(kClose, std::string("\x03\xF0", 2));
  EXPECT_TRUE(client.is_at_end());
  EXPECT_TRUE(application_.closed.wait());
  sink->send(frame_of("to nobody"));
  EXPECT_EQ(sink->queued_bytes(), 0U);
}

TEST_F(WebSocketTest, ReaderThatNeverReadsIsCutOff) {
  ServerOptions options = any_port();
  options.queue_bytes_max = std::size_t{16} * 1024 * 1024;
  options.close_timeout = std::chrono::seconds(1);
  serve(options);
  RawClient client = open();
  const auto sink = application_.take_sink();
  for (int i = 0; i < 20; ++i)
    sink->send(frame_of(std::string(std::size_t{1024} * 1024, 's')));
  EXPECT_TRUE(application_.closed.wait()) << "without any help of the client";
}

TEST_F(WebSocketTest, PushesKeepTheirPlaceAmongWhatIsSent) {
  serve();
  RawClient client = open();
  const auto sink = application_.take_sink();
  for (int i = 0; i < 100; ++i) {
    sink->push(frame_of("push " + std::to_string(i)));
    sink->send(frame_of("reply " + std::to_string(i)));
  }
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(client.frame()->payload, "push " + std::to_string(i));
    ASSERT_EQ(client.frame()->payload, "reply " + std::to_string(i));
  }
}

TEST_F(WebSocketTest, OneThatReadsNothingHoldsNobodyUp) {
  serve();
  RawClient deaf = open();
  const auto deaf_sink = application_.take_sink();
  RawClient client = open();
  const auto sink = application_.take_sink();
  constexpr int kFrames = 30;
  for (int i = 0; i < kFrames; ++i)
    deaf_sink->push(frame_of(std::string(std::size_t{1024} * 1024, 's')));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(echo_of(client, std::to_string(i)), std::to_string(i));
    sink->push(frame_of("push"));
    EXPECT_EQ(client.frame()->payload, "push");
  }
  EXPECT_GT(deaf_sink->queued_bytes(), 0U) << "more than the kernel takes";
  EXPECT_EQ(echo_of(deaf, "read after all").size(), std::size_t{1024} * 1024);
  for (int i = 1; i < kFrames; ++i)
    ASSERT_TRUE(deaf.frame().has_value());
  EXPECT_EQ(deaf.frame()->payload, "read after all");
}

TEST_F(WebSocketTest, PongsGoBetweenTheMessagesOfABusySocket) {
  serve();
  RawClient client = open();
  const auto sink = application_.take_sink();
  constexpr int kFrames = 20;
  for (int i = 0; i < kFrames; ++i)
    sink->push(frame_of(std::string(std::size_t{1024} * 1024, 's')));
  client.send_frame(kPing, "are you there");
  int messages = 0;
  int pongs = 0;
  while (messages < kFrames || pongs == 0) {
    const auto frame = client.frame();
    ASSERT_TRUE(frame.has_value());
    if (frame->opcode == 10) {
      EXPECT_EQ(frame->payload, "are you there");
      ++pongs;
    } else {
      EXPECT_EQ(frame->payload.size(), std::size_t{1024} * 1024);
      ++messages;
    }
  }
  EXPECT_EQ(pongs, 1);
}

TEST_F(WebSocketTest, CloseOfThePeerIsAnsweredAfterTheMessageUnderWay) {
  serve();
  RawClient client = open();
  const auto sink = application_.take_sink();
  sink->push(frame_of(std::string(std::size_t{16} * 1024 * 1024, 's')));
  client.send_frame(kClose, std::string("\x03\xE8", 2));
  EXPECT_EQ(client.frame()->payload.size(), std::size_t{16} * 1024 * 1024);
  EXPECT_EQ(client.read_close_code(), 1000);
  EXPECT_TRUE(client.is_at_end());
  EXPECT_TRUE(application_.closed.wait());
}

TEST_F(WebSocketTest, StopClosesWith1001AfterQueuedFrames) {
  serve();
  RawClient client = open();
  RawClient other = open();
  const auto sink = application_.take_sink();
  for (int i = 0; i < 100; ++i)
    sink->send(frame_of(std::to_string(i)));
  std::thread stopping([this] { server_->stop(kGrace); });
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(client.frame()->payload, std::to_string(i));
  for (RawClient* one : {&client, &other}) {
    EXPECT_EQ(one->read_close_code(), 1001);
    one->send_frame(kClose, std::string("\x03\xE9", 2));
    EXPECT_TRUE(one->is_at_end());
  }
  stopping.join();
  EXPECT_TRUE(application_.closed.wait(2));
  EXPECT_EQ(server_->counters().sockets, 0U);
}

TEST_F(WebSocketTest, SocketsThatAreAcceptedWhileTheServerStopsAreRefused) {
  serve();
  RawClient client = open();
  RawClient late(server_->port());
  late.send(
      "GET /ws/hold HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  auto decide = application_.take_decision();
  std::thread stopping([this] { server_->stop(kGrace); });
  EXPECT_EQ(client.read_close_code(), 1001) << "by now the server is stopping";
  client.send_frame(kClose, std::string("\x03\xE9", 2));
  decide();
  EXPECT_EQ(late.response().status, 503);
  stopping.join();
  EXPECT_EQ(server_->counters().sockets, 0U);
}

TEST_F(WebSocketTest, StopDoesNotWaitForTheDead) {
  serve();
  RawClient client = open();
  server_->stop(std::chrono::milliseconds(0));
  EXPECT_TRUE(application_.closed.wait());
  const auto sink = application_.take_sink();
  server_.reset();
  sink->send(frame_of("to nobody"));
  sink->close(CloseCode::GoingAway, "again");
  EXPECT_EQ(sink->queued_bytes(), 0U);
}

TEST_F(WebSocketTest, ClientsThatVanishLeaveNothingBehind) {
  serve();
  constexpr int kRounds = 300;
  for (int i = 0; i < kRounds; ++i) {
    RawClient client = open();
    client.send(masked_frame(kText, "x").substr(0, static_cast<std::size_t>(i % 7)));
    client.reset();
  }
  EXPECT_TRUE(application_.closed.wait(kRounds));
  EXPECT_EQ(server_->counters().sockets, 0U);
}

}  // namespace
}  // namespace moonstone::server
