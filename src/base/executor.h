// Moonstone. Licence: see LICENSE.
#pragma once
// Executor: runs tasks one after the other, in the order in which they were posted, never two at
// once. Objects that are confined to an executor need no locks; modules talk across threads by
// posting values to each other's executor.
//
// A task that is not accepted is destroyed without having run, and post() says so.
// Threads: post() and is_current() are synchronised.

#include <cstddef>
#include <deque>
#include <functional>
#include <string_view>
#include <thread>

#include "base/mutex.h"

namespace moonstone {

class Executor {
 public:
  using Task = std::move_only_function<void()>;

  virtual ~Executor() = default;

  /// Runs `task` later, never inside this call. Returns false, with the task destroyed, when the
  /// queue is full or the executor has been stopped.
  virtual bool post(Task task) = 0;

  /// Whether the caller is a task of this executor; for checks of confinement.
  [[nodiscard]] virtual bool is_current() const = 0;
};

/// Tasks that wait. Each holds a closure of about 100 bytes, so a full queue is some 10 MB; a
/// poster who finds it full is far ahead of the executor and has to slow down or give up.
inline constexpr std::size_t kExecutorTasksMax = 100'000;

/// Runs its tasks on one named thread of its own.
/// The destructor stops it as stop(Rest::Run) does.
class ThreadExecutor final : public Executor {
 public:
  /// What becomes of the tasks that were accepted before stop().
  enum class Rest : unsigned char { Run, Drop };

  explicit ThreadExecutor(std::string_view name, std::size_t tasks_max = kExecutorTasksMax);
  ~ThreadExecutor() override;
  ThreadExecutor(const ThreadExecutor&) = delete;
  ThreadExecutor& operator=(const ThreadExecutor&) = delete;

  bool post(Task task) override;
  [[nodiscard]] bool is_current() const override;

  /// Accepts nothing more, runs or drops what waits, and returns when the thread has ended. It is
  /// bounded: tasks that run meanwhile cannot add others. Only the first call decides about the
  /// rest. Must not be called from one of its tasks. Threads: one caller, the owner.
  void stop(Rest rest);

 private:
  void run();

  Mutex mutex_;
  Condition changed_;
  std::deque<Task> tasks_ MS_GUARDED_BY(mutex_);
  bool is_stopping_ MS_GUARDED_BY(mutex_) = false;
  const std::size_t tasks_max_;
  std::jthread thread_;  // last, so that it starts when all else exists
};

/// Runs its tasks when told, on the caller's thread; for tests and for simulations.
/// Threads: post() from any, the running of tasks from one.
class ManualExecutor final : public Executor {
 public:
  bool post(Task task) override;
  [[nodiscard]] bool is_current() const override;

  /// Runs the oldest task. Returns whether there was one.
  bool run_one();
  /// Runs until nothing waits, tasks that are posted meanwhile included. Returns their number.
  std::size_t run_all();
  [[nodiscard]] std::size_t waiting_count();

 private:
  Mutex mutex_;
  std::deque<Task> tasks_ MS_GUARDED_BY(mutex_);
};

}  // namespace moonstone
