// Moonstone. Licence: see LICENSE.
#pragma once
// WriterBaton: who may use the store's writer now, the writer's thread or a turn; never two.
// Threads: synchronised.

#include <chrono>
#include <memory>

#include "base/mutex.h"
#include "base/result.h"

namespace moonstone::engine {

class WriterBaton {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// A turn that can be made to end.
  class Revocable {
   public:
    virtual ~Revocable() = default;
    /// Ends the turn, after the step that runs, and gives the baton back; does nothing if it has
    /// ended. Called without the baton's lock.
    virtual void revoke() = 0;
  };

  /// For the writer's thread: waits for the turn that lasts, no longer than its lease.
  void take_for_loop();
  /// The lease begins with the turn. Errors: DeadlineExceeded (reason "writer_busy"); Unavailable
  /// (reason "shutting_down").
  [[nodiscard]] Status take_for_turn(std::shared_ptr<Revocable> turn,
                                     std::chrono::milliseconds lease,
                                     TimePoint wait_until);
  void give_back();
  /// Leases end at once from now on, and no more turns begin.
  void shut();

 private:
  [[nodiscard]] bool is_free() const MS_REQUIRES(mutex_) { return !is_loop_ && turn_ == nullptr; }

  Mutex mutex_;
  Condition changed_;
  bool is_loop_ MS_GUARDED_BY(mutex_) = false;
  bool is_shut_ MS_GUARDED_BY(mutex_) = false;
  std::shared_ptr<Revocable> turn_ MS_GUARDED_BY(mutex_);
  TimePoint lease_end_ MS_GUARDED_BY(mutex_);
};

}  // namespace moonstone::engine
