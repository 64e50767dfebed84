// Moonstone. Licence: see LICENSE.
#include "live/internal/run_queue.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace moonstone::live {

struct RunQueue::Shared {
  struct Ticket {
    std::uint64_t number = 0;
    RunJob job;
  };

  explicit Shared(std::size_t readers) : repeats_max(readers > 1 ? readers - 1 : 1) {}

  const std::size_t repeats_max;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Ticket> firsts;   // guarded by mutex, like all below
  std::deque<Ticket> repeats;  // runs of queries that have an answer already
  std::uint64_t tickets = 0;
  std::size_t repeats_running = 0;
  bool is_closed = false;

  bool can_repeat() const { return !repeats.empty() && repeats_running < repeats_max; }

  RunJob take_next() {
    const bool repeat_is_older =
        can_repeat() && (firsts.empty() || repeats.front().number < firsts.front().number);
    std::deque<Ticket>& queue = repeat_is_older ? repeats : firsts;
    if (repeat_is_older) ++repeats_running;
    RunJob job = std::move(queue.front().job);
    queue.pop_front();
    return job;
  }
};

RunQueue::RunQueue(std::size_t readers) : shared_(std::make_unique<Shared>(readers)) {}
RunQueue::~RunQueue() = default;

void RunQueue::push(std::vector<RunJob> jobs) {
  if (jobs.empty()) return;
  const std::lock_guard lock(shared_->mutex);
  for (RunJob& job : jobs) {
    auto& queue = job.is_first ? shared_->firsts : shared_->repeats;
    queue.push_back({.number = ++shared_->tickets, .job = std::move(job)});
  }
  shared_->wake.notify_all();
}

std::optional<RunJob> RunQueue::take(ThreadIdleMax idle_max) {
  std::unique_lock lock(shared_->mutex);
  const auto has_come = [this] {
    return shared_->is_closed || !shared_->firsts.empty() || shared_->can_repeat();
  };
  if (idle_max.count() > 0 && !shared_->wake.wait_for(lock, idle_max, has_come)) {
    lock.unlock();
    release_thread_caches();
    lock.lock();
  }
  shared_->wake.wait(lock, has_come);
  if (shared_->is_closed) return std::nullopt;
  return shared_->take_next();
}

void RunQueue::done(const RunJob& job) {
  if (job.is_first) return;
  const std::lock_guard lock(shared_->mutex);
  --shared_->repeats_running;
  shared_->wake.notify_one();
}

void RunQueue::close() {
  std::deque<Shared::Ticket> firsts;
  std::deque<Shared::Ticket> repeats;
  const std::lock_guard lock(shared_->mutex);
  shared_->is_closed = true;
  firsts.swap(shared_->firsts);
  repeats.swap(shared_->repeats);
  shared_->wake.notify_all();
}

}  // namespace moonstone::live
