// Moonstone. Licence: see LICENSE.
#include "live/internal/idle_queries.h"

#include <gtest/gtest.h>

namespace moonstone::live {
namespace {

class IdleQueriesTest : public ::testing::Test {
 protected:
  LiveQuery& make(std::size_t bytes) {
    queries_.push_back(std::make_unique<LiveQuery>());
    queries_.back()->json = std::make_shared<const std::string>(bytes, 'x');
    return *queries_.back();
  }
  std::vector<std::unique_ptr<LiveQuery>> queries_;
};

TEST_F(IdleQueriesTest, TheOldestGoesFirstBeyondTheNumber) {
  IdleQueries idle(2, 1'000);
  LiveQuery& first = make(1);
  LiveQuery& second = make(1);
  LiveQuery& third = make(1);
  idle.insert(first);
  idle.insert(second);
  EXPECT_EQ(idle.find_excess(), nullptr);
  idle.insert(first);  // used again
  idle.insert(third);
  EXPECT_EQ(idle.find_excess(), &second);
  idle.erase(second);
  EXPECT_EQ(idle.find_excess(), nullptr);
  idle.erase(second);
  EXPECT_EQ(idle.size(), 2U);
}

TEST_F(IdleQueriesTest, BytesAreBoundedToo) {
  IdleQueries idle(10, 100);
  LiveQuery& first = make(60);
  LiveQuery& second = make(40);
  LiveQuery& third = make(1);
  idle.insert(first);
  idle.insert(second);
  EXPECT_EQ(idle.find_excess(), nullptr);
  idle.insert(third);
  EXPECT_EQ(idle.find_excess(), &first);
  idle.erase(first);
  EXPECT_EQ(idle.find_excess(), nullptr);
}

}  // namespace
}  // namespace moonstone::live
