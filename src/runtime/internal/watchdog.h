// Moonstone. Licence: see LICENSE.
#pragma once
// Watchdog: one thread that stops JavaScript which runs past its deadline, in any isolate.
//
// Invariants:
//  (1) An isolate is terminated only between arm() and disarm() of its watch: both and the firing
//      happen under one lock, so a late kill can never hit the next call.
//  (2) disarm() tells whether it fired; the caller then cancels the termination.
// Threads: synchronised; a Watch is armed and disarmed by the thread of its isolate.

#include <chrono>
#include <cstddef>
#include <memory>

#include <v8.h>

namespace moonstone::runtime {

class Watch {
 public:
  explicit Watch(v8::Isolate* isolate);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void arm(std::chrono::steady_clock::time_point deadline);
  /// Returns whether the deadline passed while the watch was armed.
  [[nodiscard]] bool disarm();

 private:
  std::size_t slot_;
};

}  // namespace moonstone::runtime
