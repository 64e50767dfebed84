// Moonstone. Licence: see LICENSE.
#pragma once
// RunQueue: the runs that wait for a reader thread.
//
// First come, first served, but slow re-runs never occupy the last reader: new subscriptions go
// ahead while slow queries grind. Its length is bounded by its feeder (kReaderRunsMax first runs,
// and one run per query of the slow lane).
// Threads: synchronised.

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "base/thread_cache.h"
#include "live/internal/live_query.h"

namespace moonstone::live {

class RunQueue {
 public:
  explicit RunQueue(std::size_t readers);
  ~RunQueue();
  RunQueue(const RunQueue&) = delete;
  RunQueue& operator=(const RunQueue&) = delete;

  void push(std::vector<RunJob> jobs);
  /// Waits for a job; nothing: the queue is closed. A thread that waits longer than `idle_max`
  /// releases its caches.
  [[nodiscard]] std::optional<RunJob> take(ThreadIdleMax idle_max = {});
  /// The job that take() returned has ended.
  void done(const RunJob& job);
  /// Drops what waits and wakes everybody.
  void close();

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace moonstone::live
