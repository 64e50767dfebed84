// Moonstone. Licence: see LICENSE.
#include "base/batch.h"

#include <thread>

#include <gtest/gtest.h>

namespace moonstone {
namespace {

void defer_adding(int& sum) {
  Batch::defer([&sum] { ++sum; });
}

TEST(BatchTest, WhatIsDeferredIsDoneAtTheEnd) {
  int sum = 0;
  EXPECT_FALSE(Batch::is_open());
  EXPECT_EQ(Batch::begin_piece(), Batch::Begun::Now);
  EXPECT_EQ(Batch::begin_piece(), Batch::Begun::Before);
  EXPECT_TRUE(Batch::is_open());
  defer_adding(sum);
  defer_adding(sum);
  EXPECT_EQ(sum, 0);
  Batch::end();
  EXPECT_EQ(sum, 2);
  EXPECT_FALSE(Batch::is_open());
  Batch::end();
  EXPECT_EQ(sum, 2) << "done once";
}

TEST(BatchTest, ALongBatchDoesItInBetween) {
  int sum = 0;
  for (std::size_t piece = 0; piece < kBatchPiecesMax; ++piece) {
    const bool is_first = Batch::begin_piece() == Batch::Begun::Now;
    EXPECT_EQ(is_first, piece == 0);
    defer_adding(sum);
  }
  EXPECT_EQ(sum, 0);
  EXPECT_EQ(Batch::begin_piece(), Batch::Begun::Before);
  EXPECT_EQ(sum, static_cast<int>(kBatchPiecesMax));
  EXPECT_TRUE(Batch::is_open()) << "it goes on";
  defer_adding(sum);
  Batch::end();
  EXPECT_EQ(sum, static_cast<int>(kBatchPiecesMax) + 1);
}

TEST(BatchTest, EachThreadHasItsOwn) {
  EXPECT_EQ(Batch::begin_piece(), Batch::Begun::Now);
  std::thread([] { EXPECT_FALSE(Batch::is_open()); }).join();
  Batch::end();
}

}  // namespace
}  // namespace moonstone
