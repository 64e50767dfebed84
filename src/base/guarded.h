// Moonstone. Licence: see LICENSE.
#pragma once
// Guarded<T>: data and its mutex in one; the data is reachable only while the mutex is held.
//
//   Guarded<std::vector<Job>> jobs_;
//   jobs_.with_lock([&](std::vector<Job>& jobs) { jobs.push_back(job); });
//   const auto jobs = jobs_.lock();   // held to the end of the scope
//
// Keep the scope to a few lines: no callback, input or output under the lock.
// Threads: synchronised.

#include <functional>
#include <utility>

#include "base/mutex.h"

namespace moonstone {

template <class T>
class Guarded {
 public:
  /// Access to the data for as long as it lives; stays in the scope that made it.
  class Lock {
   public:
    explicit Lock(Guarded& owner) MS_NO_THREAD_SAFETY_ANALYSIS : owner_(owner) {
      owner_.mutex_.lock();
    }
    ~Lock() MS_NO_THREAD_SAFETY_ANALYSIS { owner_.mutex_.unlock(); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    T& operator*() const { return owner_.data_; }
    T* operator->() const { return &owner_.data_; }

    /// Gives the lock up until `condition` is notified, and takes it again; until `is_ready` of
    /// the data is true.
    template <class Predicate>
    void wait(Condition& condition, Predicate is_ready) const MS_NO_THREAD_SAFETY_ANALYSIS {
      while (!is_ready(std::as_const(owner_.data_))) {
        condition.wait(owner_.mutex_);
      }
    }

   private:
    Guarded& owner_;
  };

  Guarded() = default;
  explicit Guarded(T data) : data_(std::move(data)) {}

  [[nodiscard]] Lock lock() { return Lock(*this); }

  /// Calls `fn(data)` under the lock and hands back its result. Never return a reference into
  /// the data.
  template <class Fn>
  decltype(auto) with_lock(Fn&& fn) {
    const Lock held(*this);
    return std::invoke(std::forward<Fn>(fn), *held);
  }

 private:
  Mutex mutex_;
  T data_{};
};

}  // namespace moonstone
