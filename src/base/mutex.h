// Moonstone. Licence: see LICENSE.
#pragma once
// Mutex, MutexLock and Condition: the standard ones, annotated so that Clang's thread-safety
// analysis (-Wthread-safety) proves at compile time that guarded data is touched under its lock.
//
// Prefer Guarded<T> (base/guarded.h). A bare Mutex is for data that a condition or several members
// share: MS_GUARDED_BY(mutex_) on each member, MS_REQUIRES(mutex_) on functions that expect it
// held. Threads: synchronised. A Mutex is not recursive.

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define MS_THREAD_ANNOTATION(...) __attribute__((__VA_ARGS__))
#else
#define MS_THREAD_ANNOTATION(...)
#endif

#define MS_CAPABILITY(name) MS_THREAD_ANNOTATION(capability(name))
#define MS_SCOPED_CAPABILITY MS_THREAD_ANNOTATION(scoped_lockable)
#define MS_GUARDED_BY(mutex) MS_THREAD_ANNOTATION(guarded_by(mutex))
#define MS_REQUIRES(...) MS_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define MS_EXCLUDES(...) MS_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define MS_ACQUIRE(...) MS_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define MS_RELEASE(...) MS_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define MS_NO_THREAD_SAFETY_ANALYSIS MS_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace moonstone {

class MS_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() MS_ACQUIRE() { mutex_.lock(); }
  void unlock() MS_RELEASE() { mutex_.unlock(); }

 private:
  friend class Condition;
  std::mutex mutex_;
};

/// Holds a Mutex from its construction to its end.
class MS_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) MS_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() MS_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits for a change of data under a Mutex. Wake-ups may be spurious: wait in a loop that tests
/// the data, as in `while (queue_.empty()) changed_.wait(mutex_);`.
class Condition {
 public:
  enum class Wake : unsigned char { Notified, TimedOut };

  void wait(Mutex& mutex) MS_REQUIRES(mutex) {
    std::unique_lock native(mutex.mutex_, std::adopt_lock);
    condition_.wait(native);
    native.release();
  }

  Wake wait_until(Mutex& mutex, std::chrono::steady_clock::time_point deadline) MS_REQUIRES(mutex) {
    std::unique_lock native(mutex.mutex_, std::adopt_lock);
    const std::cv_status status = condition_.wait_until(native, deadline);
    native.release();
    return status == std::cv_status::timeout ? Wake::TimedOut : Wake::Notified;
  }

  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace moonstone
