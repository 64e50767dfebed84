// Moonstone. Licence: see LICENSE.
#include "runtime/jobs/alarms.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/mutex.h"
#include "base/thread.h"

namespace moonstone::runtime::jobs {

namespace {

/// The wall clock may be set, which no wait notices: so often it is looked at again.
constexpr std::int64_t kWaitMaxMs = 5000;

}  // namespace

class ThreadAlarms::State {
 public:
  class Entry;

  explicit State(Clock& clock) : clock_(clock) {
    thread_ = start_thread("ms-alarms", [this](const std::stop_token&) { run(); });
  }
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void set(Entry& entry, std::int64_t unix_ms);
  void clear(Entry& entry);
  void forget(Entry& entry);

 private:
  void run();
  void take_out(Entry& entry) MS_REQUIRES(mutex_);

  Clock& clock_;
  Mutex mutex_;
  Condition changed_;  // an earlier time, the end of a ring, or the end of it all
  std::multimap<std::int64_t, Entry*> due_ MS_GUARDED_BY(mutex_);
  Entry* ringing_ MS_GUARDED_BY(mutex_) = nullptr;
  bool is_stopping_ MS_GUARDED_BY(mutex_) = false;
  std::jthread thread_;  // last, so that it starts when all else exists
};

class ThreadAlarms::State::Entry final : public Alarm {
 public:
  Entry(State& owner, std::move_only_function<void()> ring)
      : owner_(owner), ring_(std::move(ring)) {}
  ~Entry() override { owner_.forget(*this); }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  void set(std::int64_t unix_ms) override { owner_.set(*this, unix_ms); }
  void clear() override { owner_.clear(*this); }
  void ring() { ring_(); }

  std::optional<std::int64_t> time;  // guarded by the owner's mutex

 private:
  State& owner_;
  std::move_only_function<void()> ring_;
};

ThreadAlarms::State::~State() {
  {
    const MutexLock lock(mutex_);
    MS_CHECK(due_.empty(), "an alarm outlives its thread and would never ring");
    is_stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void ThreadAlarms::State::set(Entry& entry, std::int64_t unix_ms) {
  const MutexLock lock(mutex_);
  take_out(entry);
  entry.time = unix_ms;
  due_.emplace(unix_ms, &entry);
  if (due_.begin()->second == &entry) changed_.notify_all();
}

void ThreadAlarms::State::clear(Entry& entry) {
  const MutexLock lock(mutex_);
  take_out(entry);
}

void ThreadAlarms::State::take_out(Entry& entry) {
  if (!entry.time) return;
  const auto [first, last] = due_.equal_range(*entry.time);
  for (auto position = first; position != last; ++position) {
    if (position->second != &entry) continue;
    due_.erase(position);
    break;
  }
  entry.time.reset();
}

void ThreadAlarms::State::forget(Entry& entry) {
  const MutexLock lock(mutex_);
  take_out(entry);
  while (ringing_ == &entry && std::this_thread::get_id() != thread_.get_id())
    changed_.wait(mutex_);
}

void ThreadAlarms::State::run() {
  while (true) {
    Entry* due = nullptr;
    {
      const MutexLock lock(mutex_);
      if (is_stopping_) return;
      const std::int64_t now = clock_.unix_ms();
      if (!due_.empty() && due_.begin()->first <= now) {
        due = due_.begin()->second;
        due->time.reset();
        due_.erase(due_.begin());
        ringing_ = due;
      } else {
        const std::int64_t wait =
            due_.empty() ? kWaitMaxMs : std::min(kWaitMaxMs, due_.begin()->first - now);
        changed_.wait_until(mutex_,
                            std::chrono::steady_clock::now() + std::chrono::milliseconds(wait));
        continue;
      }
    }
    due->ring();
    const MutexLock lock(mutex_);
    ringing_ = nullptr;
    changed_.notify_all();
  }
}

ThreadAlarms::ThreadAlarms(Clock& clock) : state_(std::make_unique<State>(clock)) {}

ThreadAlarms::~ThreadAlarms() = default;

std::unique_ptr<Alarm> ThreadAlarms::make(std::move_only_function<void()> ring) {
  return std::make_unique<State::Entry>(*state_, std::move(ring));
}

}  // namespace moonstone::runtime::jobs
