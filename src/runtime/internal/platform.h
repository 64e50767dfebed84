// Moonstone. Licence: see LICENSE.
#pragma once
// The V8 process: started once, never stopped (its worker threads may outlive main()).
//
// Invariant: a thread whose clock is frozen sees one wall-clock time in all of JavaScript, Date and
// Intl alike, because V8 asks its platform for it.
// Threads: synchronised; FrozenClock is confined to the thread that made it.

#include <cstdint>

namespace v8 {
class Isolate;
}

namespace moonstone::runtime {

/// Starts V8 in this process if it is not running yet.
void start_v8();

/// Runs what V8 posted to the isolate's own thread; returns at once.
void run_foreground_tasks(v8::Isolate* isolate);

/// Must be called before an isolate is disposed of.
void forget_isolate(v8::Isolate* isolate);

/// While it lives, JavaScript on this thread sees `unix_ms` as the time.
class FrozenClock {
 public:
  explicit FrozenClock(std::int64_t unix_ms);
  ~FrozenClock();
  FrozenClock(const FrozenClock&) = delete;
  FrozenClock& operator=(const FrozenClock&) = delete;

  /// Whether JavaScript asked for the time since it was frozen.
  [[nodiscard]] bool was_read() const;

 private:
  double former_ms_;
  bool former_read_;
};

}  // namespace moonstone::runtime
