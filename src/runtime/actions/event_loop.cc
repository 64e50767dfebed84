// Moonstone. Licence: see LICENSE.
#include "runtime/actions/internal/event_loop.h"

#include <algorithm>
#include <limits>
#include <span>
#include <thread>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/thread.h"

namespace moonstone::actions {

using std::chrono::steady_clock;

/// Keeps <thread> out of the header.
class EventLoop::Thread {
 public:
  Thread(std::string_view name, EventLoop& loop)
      : thread_(start_thread(name, [&loop](const std::stop_token&) { loop.run(); })) {}

 private:
  std::jthread thread_;
};

EventLoop::EventLoop(std::string_view name) : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  MS_CHECK(wake_ >= 0, "without it a posted task would never run");
  thread_ = std::make_unique<Thread>(name, *this);
}

EventLoop::~EventLoop() {
  stop([] {});
  ::close(wake_);
}

bool EventLoop::post(Task task) {
  {
    const auto inbox = inbox_.lock();
    if (inbox->has_ended) return false;
    inbox->tasks.push_back(std::move(task));
  }
  const std::uint64_t one = 1;
  // A full counter wakes just as well.
  static_cast<void>(!::write(wake_, &one, sizeof one));
  return true;
}

void EventLoop::stop(Task last) {
  if (thread_ == nullptr) return;
  post([this, last = std::move(last)]() mutable {
    last();
    is_ending_ = true;
  });
  thread_.reset();
}

void EventLoop::watch(int descriptor, short events, Ready ready) {
  watched_[descriptor] = {.events = events, .ready = std::make_shared<Ready>(std::move(ready))};
}

void EventLoop::set_events(int descriptor, short events) {
  if (const auto found = watched_.find(descriptor); found != watched_.end()) {
    found->second.events = events;
  }
}

void EventLoop::unwatch(int descriptor) {
  watched_.erase(descriptor);
}

EventLoop::TimerId EventLoop::at(TimePoint when, Task task) {
  const TimerId id{when, ++last_timer_};
  timers_.emplace(id, std::move(task));
  return id;
}

EventLoop::TimerId EventLoop::after(std::chrono::milliseconds delay, Task task) {
  return at(steady_clock::now() + delay, std::move(task));
}

void EventLoop::cancel(const TimerId& timer) {
  timers_.erase(timer);
}

void EventLoop::run() {
  while (run_tasks()) {
    run_timers();
    wait();
  }
}

bool EventLoop::run_tasks() {
  std::vector<Task> tasks;
  inbox_.with_lock([&](Inbox& inbox) { tasks.swap(inbox.tasks); });
  for (Task& task : tasks)
    task();
  if (!is_ending_) return true;
  // What came in between is run too; later posts are refused.
  inbox_.with_lock([&](Inbox& inbox) {
    inbox.has_ended = true;
    tasks = std::exchange(inbox.tasks, {});
  });
  for (Task& task : tasks)
    task();
  timers_.clear();
  watched_.clear();
  return false;
}

void EventLoop::run_timers() {
  const auto now = steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    Task task = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    task();
  }
}

int EventLoop::time_left_ms() const {
  if (timers_.empty()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first -
                                                                 steady_clock::now());
  return static_cast<int>(
      std::clamp<std::int64_t>(left.count(), 0, std::numeric_limits<int>::max()));
}

void EventLoop::wait() {
  std::vector<pollfd> waits;
  waits.reserve(watched_.size() + 1);
  waits.push_back({.fd = wake_, .events = POLLIN, .revents = 0});
  for (const auto& [descriptor, watched] : watched_)
    waits.push_back({.fd = descriptor, .events = watched.events, .revents = 0});
  if (::poll(waits.data(), waits.size(), time_left_ms()) <= 0) return;
  if (waits.front().revents != 0) {
    std::uint64_t count = 0;
    static_cast<void>(!::read(wake_, &count, sizeof count));
  }
  for (const pollfd& wait : std::span(waits).subspan(1)) {
    if (wait.revents == 0) continue;
    const auto found = watched_.find(wait.fd);  // an earlier one may have taken it off
    if (found == watched_.end()) continue;
    const std::shared_ptr<Ready> ready = found->second.ready;
    (*ready)(wait.revents);
  }
}

}  // namespace moonstone::actions
