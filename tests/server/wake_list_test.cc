// Moonstone. Licence: see LICENSE.
// In which order, and in how many steps, a loop flushes the sockets that were woken.
#include "server/wake_list.h"

#include <string>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moonstone::server {
namespace {

using Turn = WakeList::Turn;

class WakeListTest : public ::testing::Test {
 protected:
  class Socket final : public Flushable {
   public:
    Socket(std::vector<std::string>& flushed, std::string name)
        : flushed_(flushed), name_(std::move(name)) {}
    void flush() override { flushed_.push_back(name_); }

   private:
    std::vector<std::string>& flushed_;
    std::string name_;
  };

  void wake(std::string name, Turn turn) {
    list_.add(std::make_shared<Socket>(flushed_, std::move(name)), turn);
  }

  std::vector<std::string> flushed_;
  boost::asio::io_context io_;
  WakeList list_{io_};
};

TEST_F(WakeListTest, ManySocketsAreOneTaskOfTheLoop) {
  for (int i = 0; i < 20; ++i)
    wake("push", Turn::Later);
  for (int i = 0; i < 20; ++i)
    wake("reply", Turn::Soon);
  EXPECT_EQ(io_.run(), 1U);
  EXPECT_EQ(flushed_.size(), 40U);
  EXPECT_EQ(flushed_.front(), "reply");
  EXPECT_EQ(flushed_.back(), "push");
}

TEST_F(WakeListTest, ReplyOvertakesPushesThatAreUnderWay) {
  constexpr std::size_t kPushes = 1000;
  for (std::size_t i = 0; i < kPushes; ++i)
    wake("push", Turn::Later);
  ASSERT_EQ(io_.run_one(), 1U);
  const std::size_t step = flushed_.size();
  ASSERT_LT(step, kPushes) << "the loop looks at its other work in between";
  wake("reply", Turn::Soon);
  wake("later push", Turn::Later);
  io_.restart();
  io_.run();
  ASSERT_EQ(flushed_.size(), kPushes + 2);
  EXPECT_EQ(flushed_[step], "reply");
  EXPECT_EQ(flushed_.back(), "later push");
}

TEST_F(WakeListTest, WakesAgainAfterItWasEmpty) {
  wake("first", Turn::Later);
  io_.run();
  io_.restart();
  wake("second", Turn::Soon);
  EXPECT_EQ(io_.run(), 1U);
  EXPECT_THAT(flushed_, ::testing::ElementsAre("first", "second"));
}

}  // namespace
}  // namespace moonstone::server
