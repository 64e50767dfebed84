// Moonstone. Licence: see LICENSE.
#pragma once
// IoThreads: the threads on which files are read and written, shared by all tenants of a process.
//
// Each transfer belongs to one of the transfer threads, which makes it confined; a slow client
// holds none of them, since they work only when a piece has come. What nobody waits for (deletions,
// clean-up) has a thread of its own, so that it delays no transfer and may be waited for by one.
// Threads: synchronised. Lifetime: outlives every FileService and its transfers.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "base/executor.h"

namespace moonstone::files {

class IoThreads {
 public:
  /// Disks and buckets answer several requests at once; more threads than this gain little.
  static constexpr std::size_t kTransferThreads = 4;

  IoThreads();
  /// Runs what waits; timers that have not struck are dropped.
  ~IoThreads();
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  /// The thread for a new transfer.
  [[nodiscard]] Executor& next_transfer();
  [[nodiscard]] Executor& maintenance() { return maintenance_; }
  /// Posts the task to maintenance() after that time.
  void after(std::chrono::steady_clock::duration delay, Executor::Task task);

 private:
  class Timers;

  std::vector<std::unique_ptr<ThreadExecutor>> transfers_;
  ThreadExecutor maintenance_{"file-upkeep"};
  std::atomic<std::size_t> next_{0};
  std::unique_ptr<Timers> timers_;  // posts to maintenance_, so it goes first
};

}  // namespace moonstone::files
