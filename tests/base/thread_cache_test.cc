// Moonstone. Licence: see LICENSE.
#include "base/thread_cache.h"

#include <thread>

#include <gtest/gtest.h>

namespace moonstone {
namespace {

TEST(ThreadCacheTest, IsReleasedOnce) {
  int releases = 0;
  add_thread_cache([&] { ++releases; });
  release_thread_caches();
  release_thread_caches();
  EXPECT_EQ(releases, 1);
}

TEST(ThreadCacheTest, BelongsToItsThread) {
  int releases = 0;
  add_thread_cache([&] { ++releases; });
  std::thread([] { release_thread_caches(); }).join();
  EXPECT_EQ(releases, 0);
  release_thread_caches();
  EXPECT_EQ(releases, 1);
}

TEST(ThreadCacheTest, MayBeMadeAgainWhileItIsReleased) {
  int releases = 0;
  add_thread_cache([&] { add_thread_cache([&] { ++releases; }); });
  release_thread_caches();
  EXPECT_EQ(releases, 0);
  release_thread_caches();
  EXPECT_EQ(releases, 1);
}

}  // namespace
}  // namespace moonstone
