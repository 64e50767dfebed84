// Moonstone. Licence: see LICENSE.
#include "base/executor.h"

#include <array>
#include <future>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <pthread.h>

#include "base/guarded.h"
#include "base/thread.h"

namespace moonstone {
namespace {

/// Keeps a ThreadExecutor busy until it is opened, so that a test decides what waits behind it.
class Gate {
 public:
  void block(Executor& executor) {
    std::promise<void> entered;
    std::future<void> is_entered = entered.get_future();
    ASSERT_TRUE(
        executor.post([is_open = is_open_.get_future(), entered = std::move(entered)]() mutable {
          entered.set_value();
          is_open.wait();
        }));
    is_entered.wait();
  }
  void open() { is_open_.set_value(); }

 private:
  std::promise<void> is_open_;
};

TEST(ThreadExecutorTest, RunsTasksInOrderOnItsOwnThread) {
  std::vector<int> order;
  std::vector<std::thread::id> threads;
  {
    ThreadExecutor executor("order");
    for (int index = 0; index < 1000; ++index) {
      ASSERT_TRUE(executor.post([&order, &threads, index] {
        order.push_back(index);
        threads.push_back(std::this_thread::get_id());
      }));
    }
  }
  std::vector<int> expected(1000);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
  for (const std::thread::id id : threads) {
    EXPECT_EQ(id, threads.front());
    EXPECT_NE(id, std::this_thread::get_id());
  }
}

TEST(ThreadExecutorTest, NeverRunsTwoTasksAtOnce) {
  constexpr int kPosters = 4;
  constexpr int kTasksEach = 2000;
  int count = 0;  // unguarded on purpose: the executor is the guard
  {
    ThreadExecutor executor("alone");
    std::vector<std::jthread> posters;
    for (int poster = 0; poster < kPosters; ++poster) {
      posters.push_back(
          start_thread("poster", [&executor, &count](const std::stop_token& /*stop*/) {
            for (int task = 0; task < kTasksEach; ++task) {
              executor.post([&count] { ++count; });
            }
          }));
    }
    posters.clear();
  }
  EXPECT_EQ(count, kPosters * kTasksEach);
}

TEST(ThreadExecutorTest, RefusesWhatDoesNotFitAndDestroysIt) {
  ThreadExecutor executor("full", 2);
  Gate gate;
  gate.block(executor);
  const auto held = std::make_shared<int>(0);
  EXPECT_TRUE(executor.post([held] {}));
  EXPECT_TRUE(executor.post([held] {}));
  EXPECT_FALSE(executor.post([held] {}));
  EXPECT_EQ(held.use_count(), 3);
  gate.open();
}

TEST(ThreadExecutorTest, StopRunsTheRestAndRefusesNewTasks) {
  ThreadExecutor executor("run");
  Gate gate;
  gate.block(executor);
  int ran = 0;
  bool was_refused = false;
  for (int index = 0; index < 10; ++index) {
    executor.post([&ran] { ++ran; });
  }
  executor.post([&executor, &was_refused] { was_refused = !executor.post([] {}); });
  // A task posted before stop() is accepted; this one is posted by a running task after it.
  std::jthread stopper = start_thread("stopper", [&executor](const std::stop_token& /*stop*/) {
    executor.stop(ThreadExecutor::Rest::Run);
  });
  while (executor.post([&ran] { ++ran; })) {
    std::this_thread::yield();
  }
  const int ran_before_opening = ran;
  gate.open();
  stopper.join();
  EXPECT_EQ(ran_before_opening, 0);
  EXPECT_GE(ran, 10);
  EXPECT_TRUE(was_refused);
  EXPECT_FALSE(executor.post([] {}));
}

TEST(ThreadExecutorTest, StopCanDropTheRest) {
  ThreadExecutor executor("drop");
  Gate gate;
  gate.block(executor);
  bool has_run = false;
  const auto held = std::make_shared<int>(0);
  executor.post([&has_run, held] { has_run = true; });
  std::jthread stopper = start_thread("stopper", [&executor](const std::stop_token& /*stop*/) {
    executor.stop(ThreadExecutor::Rest::Drop);
  });
  while (executor.post([] {})) {
    std::this_thread::yield();
  }
  gate.open();
  stopper.join();
  EXPECT_FALSE(has_run);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(ThreadExecutorTest, KnowsItsOwnTasks) {
  std::promise<std::array<bool, 2>> answer;  // outlives the thread that fulfils it
  ManualExecutor other;
  ThreadExecutor executor("current");
  executor.post([&] {
    bool is_inner_current = false;
    other.post([&] { is_inner_current = other.is_current() && !executor.is_current(); });
    other.run_all();
    answer.set_value({executor.is_current() && !other.is_current(), is_inner_current});
  });
  EXPECT_EQ(answer.get_future().get(), (std::array<bool, 2>{true, true}));
  EXPECT_FALSE(executor.is_current());
}

TEST(ManualExecutorTest, RunsWhenTold) {
  ManualExecutor executor;
  std::vector<int> order;
  executor.post([&] {
    order.push_back(1);
    executor.post([&] { order.push_back(3); });
  });
  executor.post([&] { order.push_back(2); });
  EXPECT_TRUE(order.empty());
  EXPECT_EQ(executor.waiting_count(), 2U);
  EXPECT_TRUE(executor.run_one());
  EXPECT_EQ(order, (std::vector<int>{1}));
  EXPECT_EQ(executor.run_all(), 2U);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_FALSE(executor.run_one());
}

TEST(ThreadTest, CarriesItsNameCutToWhatTheSystemKeeps) {
  std::promise<std::string> name;
  const std::jthread thread =
      start_thread("a-rather-long-name", [&name](const std::stop_token& /*stop*/) {
        std::array<char, 16> text{};
        ::pthread_getname_np(::pthread_self(), text.data(), text.size());
        name.set_value(text.data());
      });
  EXPECT_EQ(name.get_future().get(), "a-rather-long-n");
}

TEST(ThreadTest, IsAskedToStopWhenItsOwnerGoes) {
  Mutex mutex;
  Condition stopped;
  bool was_asked = false;
  {
    const std::jthread thread = start_thread("stop", [&](const std::stop_token& stop) {
      const std::stop_callback wake(stop, [&] {
        const MutexLock lock(mutex);
        was_asked = true;
        stopped.notify_all();
      });
      const MutexLock lock(mutex);
      while (!was_asked) {
        stopped.wait(mutex);
      }
    });
  }
  EXPECT_TRUE(was_asked);
}

TEST(GuardedTest, CountsWithoutLosses) {
  Guarded<int> count(0);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.push_back(start_thread("count", [&count](const std::stop_token& /*stop*/) {
        for (int step = 0; step < 10'000; ++step) {
          count.with_lock([](int& number) { ++number; });
        }
      }));
    }
  }
  EXPECT_EQ(count.with_lock([](const int& number) { return number; }), 40'000);
}

TEST(GuardedTest, LockWaitsForACondition) {
  Guarded<std::vector<int>> numbers;
  Condition changed;
  const std::jthread filler = start_thread("fill", [&](const std::stop_token& /*stop*/) {
    for (int number = 0; number < 3; ++number) {
      numbers.with_lock([number](std::vector<int>& list) { list.push_back(number); });
      changed.notify_one();
    }
  });
  const auto list = numbers.lock();
  list.wait(changed, [](const std::vector<int>& content) { return content.size() == 3; });
  EXPECT_EQ(*list, (std::vector<int>{0, 1, 2}));
}

TEST(ConditionTest, WaitUntilEndsAtTheDeadline) {
  Mutex mutex;
  Condition never;
  const MutexLock lock(mutex);
  // A deadline in the past: no time passes, and nobody notifies.
  EXPECT_EQ(never.wait_until(mutex, std::chrono::steady_clock::time_point()),
            Condition::Wake::TimedOut);
}

}  // namespace
}  // namespace moonstone
