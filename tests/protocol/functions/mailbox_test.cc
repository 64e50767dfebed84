// Moonstone. Licence: see LICENSE.
#include "protocol/functions/mailbox.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace moonstone::protocol::functions {
namespace {

TEST(MailboxTest, RunsAtOnceAndInOrder) {
  Mailbox box;
  std::string heard;
  box.post([&] {
    heard += "a(";
    box.post([&] { heard += "b"; });
    heard += ")";
  });
  EXPECT_EQ(heard, "a()b") << "a task of a task comes after it";
}

TEST(MailboxTest, WhatArrivesWhileItIsSuspendedWaits) {
  Mailbox box;
  std::string heard;
  box.post([&] { box.suspend(); });
  box.post([&] { heard += "b"; });
  box.post([&] { heard += "c"; });
  EXPECT_EQ(heard, "");
  box.resume([&] { heard += "a"; });
  EXPECT_EQ(heard, "abc");
  box.post([&] {
    box.suspend();
    box.resume([&] { heard += "d"; });  // answered before the task returned
    heard += "e";
  });
  EXPECT_EQ(heard, "abcde");
}

TEST(MailboxTest, ItIsBoundedWhileSuspended) {
  Mailbox box;
  box.post([&] { box.suspend(); });
  for (std::size_t i = 0; i < kMailboxTasksMax; ++i)
    EXPECT_TRUE(box.post([] {}));
  EXPECT_FALSE(box.post([] {}));
}

TEST(MailboxTest, WhatWaitsIsBoundedInBytes) {
  Mailbox box;
  box.post([&] { box.suspend(); });
  EXPECT_TRUE(box.post([] {}, kMailboxBytesMax - 1));
  EXPECT_TRUE(box.post([] {}, 100)) << "any one frame is taken";
  EXPECT_FALSE(box.post([] {}, 1));
  box.resume([] {});
  box.post([&] { box.suspend(); });
  EXPECT_TRUE(box.post([] {}, 1)) << "what has run does not count";
}

TEST(MailboxTest, ClosingDropsWhatWaitsAndRunsTheLastTaskOnce) {
  Mailbox box;
  std::string heard;
  box.post([&] { box.suspend(); });
  box.post([&] { heard += "dropped"; });
  box.close([&] { heard += "last"; });
  box.close([&] { heard += "again"; });
  box.resume([&] { heard += "late"; });
  box.post([&] { heard += "later"; });
  EXPECT_EQ(heard, "last");
}

TEST(MailboxTest, ClosedWithinATaskItEndsAfterThatTask) {
  for (const bool suspends : {false, true}) {
    Mailbox box;
    std::string heard;
    box.post([&] {
      if (suspends) box.suspend();
      box.close([&] { heard += "last"; });
      heard += "task ";
    });
    EXPECT_EQ(heard, suspends ? "lasttask " : "task last");
  }
}

TEST(MailboxTest, NeverTwoAtOnceFromManyThreads) {
  Mailbox box;
  int inside = 0;  // guarded by the mailbox
  int done = 0;
  std::atomic<int> collisions = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2'000; ++i) {
        // Full only while another thread is slow; the bound is not what is tested.
        while (!box.post([&] {
          if (++inside != 1) ++collisions;
          ++done;
          --inside;
        })) {
          std::this_thread::yield();
        }
      }
    });
  }
  threads.clear();
  box.post([&] { EXPECT_EQ(done, 8'000); });
  EXPECT_EQ(collisions, 0);
}

}  // namespace
}  // namespace moonstone::protocol::functions
