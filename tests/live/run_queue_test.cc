// Moonstone. Licence: see LICENSE.
#include "live/internal/run_queue.h"

#include <future>
#include <thread>

#include <gtest/gtest.h>

namespace moonstone::live {
namespace {

RunJob make_job(std::uint64_t number, bool is_first) {
  RunJob job;
  job.query = {number};
  job.is_first = is_first;
  return job;
}

std::uint64_t take_number(RunQueue& queue) {
  return queue.take().value().query.value;
}

TEST(RunQueueTest, FirstComeFirstServed) {
  RunQueue queue(4);
  queue.push({make_job(1, true), make_job(2, false), make_job(3, true)});
  queue.push({make_job(4, false)});
  for (const std::uint64_t number : {1U, 2U, 3U, 4U})
    EXPECT_EQ(take_number(queue), number);
}

TEST(RunQueueTest, RepeatsLeaveOneReaderForFirstRuns) {
  RunQueue queue(2);
  queue.push({make_job(1, false), make_job(2, false), make_job(3, true)});
  EXPECT_EQ(take_number(queue), 1U);
  EXPECT_EQ(take_number(queue), 3U) << "the second repeat has to wait";
  queue.done(make_job(1, false));
  EXPECT_EQ(take_number(queue), 2U);
}

TEST(RunQueueTest, ASingleReaderServesBoth) {
  RunQueue queue(1);
  queue.push({make_job(1, false), make_job(2, true)});
  EXPECT_EQ(take_number(queue), 1U);
  queue.done(make_job(1, false));
  EXPECT_EQ(take_number(queue), 2U);
}

TEST(RunQueueTest, WhoWaitsForLongReleasesItsCaches) {
  RunQueue queue(1);
  std::promise<void> released;
  std::thread reader([&] {
    add_thread_cache([&] { released.set_value(); });
    EXPECT_TRUE(queue.take(std::chrono::milliseconds(1)).has_value());
  });
  released.get_future().wait();
  queue.push({make_job(1, true)});
  reader.join();
}

TEST(RunQueueTest, ClosingWakesWhoWaitsAndDropsTheRest) {
  RunQueue queue(2);
  std::optional<RunJob> taken = make_job(9, true);
  std::thread reader([&] { taken = queue.take(); });
  queue.close();
  reader.join();
  EXPECT_FALSE(taken.has_value());
  queue.push({make_job(1, true)});
  EXPECT_FALSE(queue.take().has_value());
}

}  // namespace
}  // namespace moonstone::live
