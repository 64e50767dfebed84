// Moonstone. Licence: see LICENSE.
// What a FrameQueue puts on the wire, into sockets that take all of it, some of it, or nothing.
#include "server/frame_queue.h"

#include <array>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/descriptor.h"
#include "tests/server/raw_client.h"

namespace moonstone::server {
namespace {

using testing::frame_of;
using Outcome = FrameQueue::Outcome;

constexpr std::size_t kNoBound = std::size_t{1} << 40U;

/// Two ends of a connection that holds little.
class FrameQueueTest : public ::testing::Test {
 protected:
  FrameQueueTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    near_ = Descriptor(ends[0]);
    far_ = Descriptor(ends[1]);
    const int bytes = 4096;
    ::setsockopt(near_.get(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  }

  FrameQueue::Written write(std::size_t bytes_max = kNoBound) {
    return queue_.write_to(near_.get(), bytes_max);
  }
  /// What has arrived.
  std::string received() {
    std::string all;
    std::array<char, 4096> chunk{};
    ssize_t got = 0;
    while ((got = ::recv(far_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT)) > 0)
      all.append(chunk.data(), static_cast<std::size_t>(got));
    return all;
  }
  /// Reads and writes in turn until the queue is empty.
  std::string pump(FrameQueue::Written& sum) {
    std::string all;
    while (true) {
      const FrameQueue::Written written = write();
      sum.messages += written.messages;
      sum.bytes += written.bytes;
      all += received();
      if (written.outcome == Outcome::Empty) return all;
      if (written.outcome == Outcome::Failed) return "failed";
    }
  }

  FrameQueue queue_;
  Descriptor near_;
  Descriptor far_;
};

TEST_F(FrameQueueTest, HeadsTellTheLengthInOneThreeOrNineBytes) {
  const auto head_of = [this](std::size_t bytes) {
    queue_.add_text(frame_of(std::string(bytes, 'x')));
    FrameQueue::Written sum;
    const std::string all = pump(sum);
    EXPECT_EQ(sum.bytes, bytes);
    return all.substr(0, all.size() - bytes);
  };
  EXPECT_EQ(head_of(0), std::string("\x81\x00", 2));
  EXPECT_EQ(head_of(125), "\x81\x7D");
  EXPECT_EQ(head_of(126), std::string("\x81\x7E\x00\x7E", 4));
  EXPECT_EQ(head_of(65'535), "\x81\x7E\xFF\xFF");
  EXPECT_EQ(head_of(65'536), std::string("\x81\x7F\0\0\0\0\0\x01\0\0", 10));
}

TEST_F(FrameQueueTest, MessagesOfManyPartsGoOutInOrderAndWhole) {
  std::string expected;
  constexpr std::size_t kFrames = 300;
  for (std::size_t i = 0; i < kFrames; ++i) {
    protocol::Frame frame;
    std::string text;
    for (std::size_t part = 0; part < i % 90; ++part) {
      frame.push_back(std::make_shared<const std::string>(std::to_string(i * part) + ","));
      text += *frame.back();
    }
    expected += "\x81";
    expected += text.size() < 126 ? std::string(1, static_cast<char>(text.size()))
                                  : std::string{'\x7E', static_cast<char>(text.size() / 256),
                                                static_cast<char>(text.size() % 256)};
    expected += text;
    queue_.add_text(std::move(frame));
  }
  FrameQueue::Written sum;
  EXPECT_EQ(pump(sum), expected);
  EXPECT_EQ(sum.messages, kFrames);
}

TEST_F(FrameQueueTest, FullSocketBlocksAndTheRestFollows) {
  const std::string text(50'000, 't');
  queue_.add_text(frame_of(text));
  const FrameQueue::Written first = write();
  EXPECT_EQ(first.outcome, Outcome::Blocked);
  EXPECT_TRUE(first.has_moved);
  EXPECT_EQ(first.messages, 0U) << "a part of a message is none";
  const FrameQueue::Written second = write();
  EXPECT_EQ(second.outcome, Outcome::Blocked);
  EXPECT_FALSE(second.has_moved);
  FrameQueue::Written sum;
  std::string all = received();
  all += pump(sum);
  EXPECT_EQ(all.substr(4), text);
  EXPECT_EQ(sum.messages, 1U);
  EXPECT_EQ(sum.bytes, text.size());
  EXPECT_TRUE(queue_.is_empty());
}

TEST_F(FrameQueueTest, PausesAtItsBound) {
  for (int i = 0; i < 200; ++i)
    queue_.add_text(frame_of("x"));
  const FrameQueue::Written first = write(1);
  EXPECT_EQ(first.outcome, Outcome::Paused);
  EXPECT_GT(first.messages, 0U);
  EXPECT_LT(first.messages, 200U);
  FrameQueue::Written sum;
  EXPECT_EQ(pump(sum).size() + received().size(), 600U);
}

TEST_F(FrameQueueTest, DroppingKeepsWhatHasBegunAndWhatIsNoMessage) {
  const std::string begun(50'000, 'b');
  queue_.add_text(frame_of(begun));
  queue_.add_text(frame_of("dropped"));
  queue_.add_encoded("encoded");
  EXPECT_EQ(write().outcome, Outcome::Blocked);
  queue_.drop_waiting_text();
  FrameQueue::Written sum;
  std::string all = received();
  all += pump(sum);
  EXPECT_EQ(all.substr(4), begun + "encoded");
  EXPECT_EQ(sum.messages, 1U);
  queue_.add_text(frame_of("dropped"));
  queue_.drop_waiting_text();
  EXPECT_TRUE(queue_.is_empty());
}

TEST_F(FrameQueueTest, LostConnectionFails) {
  far_ = Descriptor();
  queue_.add_text(frame_of("to nobody"));
  EXPECT_EQ(write().outcome, Outcome::Failed);
  EXPECT_EQ(queue_.write_to(-1, kNoBound).outcome, Outcome::Failed) << "closed here";
}

}  // namespace
}  // namespace moonstone::server
