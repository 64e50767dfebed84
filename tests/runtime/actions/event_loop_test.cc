// Moonstone. Licence: see LICENSE.

#include "runtime/actions/internal/event_loop.h"

#include <array>
#include <string>

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "tests/runtime/actions/pool_fixture.h"

namespace moonstone::actions {
namespace {

using std::chrono::milliseconds;

TEST(EventLoopTest, TimersRunInTheirOrderAndCanBeCancelled) {
  EventLoop loop("test");
  Awaited<std::string> seen;
  auto order = std::make_shared<std::string>();
  loop.post([&] {
    loop.after(milliseconds(20), [order, seen]() mutable { seen.set(*order + "c"); });
    const auto cancelled = loop.after(milliseconds(5), [order] { *order += "x"; });
    loop.after(milliseconds(5), [order] { *order += "b"; });
    loop.after(milliseconds(0), [order] { *order += "a"; });
    loop.cancel(cancelled);
  });
  EXPECT_EQ(seen.take(), "abc");
}

TEST(EventLoopTest, ADescriptorMayBeUnwatchedWhileItIsHandled) {
  EventLoop loop("test");
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  Awaited<bool> ready;
  loop.post([&] {
    loop.watch(ends[0], POLLIN, [&loop, &ends, ready](short) mutable {
      loop.unwatch(ends[0]);
      ready.set(true);
    });
  });
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  EXPECT_TRUE(ready.take());
  loop.stop([] {});
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(EventLoopTest, WhatWasPostedBeforeTheEndIsRunAndLaterPostsAreRefused) {
  EventLoop loop("test");
  int count = 0;
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(loop.post([&] { ++count; }));
  loop.stop([&] { loop.post([&] { ++count; }); });
  EXPECT_EQ(count, 101);
  EXPECT_FALSE(loop.post([] {}));
}

}  // namespace
}  // namespace moonstone::actions
