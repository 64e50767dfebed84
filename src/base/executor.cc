// Moonstone. Licence: see LICENSE.
#include "base/executor.h"

#include <utility>

#include "base/check.h"
#include "base/thread.h"

namespace moonstone {
namespace {

/// Whose task this thread runs now.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): one word per thread
thread_local const Executor* current_executor = nullptr;

/// Runs the task as one of `executor`. A task may run the tasks of another, manual executor.
void run_as(const Executor& executor, Executor::Task& task) {
  const Executor* const outer = std::exchange(current_executor, &executor);
  task();
  current_executor = outer;
}

}  // namespace

ThreadExecutor::ThreadExecutor(std::string_view name, std::size_t tasks_max)
    : tasks_max_(tasks_max),
      thread_(start_thread(name, [this](const std::stop_token& /*stop*/) { run(); })) {}

ThreadExecutor::~ThreadExecutor() {
  stop(Rest::Run);
}

bool ThreadExecutor::post(Task task) {
  {
    const MutexLock lock(mutex_);
    if (is_stopping_ || tasks_.size() >= tasks_max_) return false;
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

bool ThreadExecutor::is_current() const {
  return current_executor == this;
}

void ThreadExecutor::stop(Rest rest) {
  MS_CHECK(!is_current(), "an executor's thread would wait for its own end");
  std::deque<Task> dropped;  // destroyed outside the lock: a task's end may run any code
  {
    const MutexLock lock(mutex_);
    if (!is_stopping_ && rest == Rest::Drop) dropped.swap(tasks_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void ThreadExecutor::run() {
  for (;;) {
    Task task;
    {
      const MutexLock lock(mutex_);
      while (tasks_.empty() && !is_stopping_) {
        changed_.wait(mutex_);
      }
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    run_as(*this, task);
  }
}

bool ManualExecutor::post(Task task) {
  const MutexLock lock(mutex_);
  if (tasks_.size() >= kExecutorTasksMax) return false;
  tasks_.push_back(std::move(task));
  return true;
}

bool ManualExecutor::is_current() const {
  return current_executor == this;
}

bool ManualExecutor::run_one() {
  Task task;
  {
    const MutexLock lock(mutex_);
    if (tasks_.empty()) return false;
    task = std::move(tasks_.front());
    tasks_.pop_front();
  }
  run_as(*this, task);
  return true;
}

std::size_t ManualExecutor::run_all() {
  std::size_t count = 0;
  while (run_one()) {
    ++count;
  }
  return count;
}

std::size_t ManualExecutor::waiting_count() {
  const MutexLock lock(mutex_);
  return tasks_.size();
}

}  // namespace moonstone
