// Moonstone. Licence: see LICENSE.
#include "protocol/functions/socket_channel.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace moonstone::protocol::functions {
namespace {

class SilentSink final : public SocketSink {
 public:
  void send(Frame /*frame*/) override {}
  [[nodiscard]] std::size_t queued_bytes() const override { return 0; }
  void close(CloseCode /*code*/, std::string_view /*reason*/) override {}
};

class SocketChannelTest : public ::testing::Test {
 protected:
  std::string refusal_of(const std::string& wire_id, std::size_t bytes) {
    const auto opened = channel_.open(wire_id, bytes);
    return opened ? "" : opened.error().reason();
  }

  SocketChannel channel_{std::make_shared<SilentSink>(),
                         {.subscriptions_max = 2, .held_bytes_max = 100, .unsent_bytes_max = 1}};
};

TEST_F(SocketChannelTest, BoundsTheNumberOfSubscriptionsAndTheirBytes) {
  EXPECT_EQ(refusal_of("1", 101), "subscription_bytes");
  EXPECT_EQ(refusal_of("1", 60), "");
  EXPECT_EQ(refusal_of("2", 41), "subscription_bytes");
  EXPECT_EQ(refusal_of("2", 40), "");
  EXPECT_EQ(refusal_of("3", 0), "subscriptions");
}

TEST_F(SocketChannelTest, ARepeatedIdCountsForWhatItReplaces) {
  EXPECT_EQ(refusal_of("1", 60), "");
  EXPECT_EQ(refusal_of("1", 100), "");
  EXPECT_EQ(refusal_of("1", 101), "subscription_bytes");
  EXPECT_EQ(refusal_of("2", 1), "subscription_bytes");
  EXPECT_EQ(refusal_of("1", 10), "");
  EXPECT_EQ(refusal_of("2", 90), "");
}

}  // namespace
}  // namespace moonstone::protocol::functions
