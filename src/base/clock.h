// Moonstone. Licence: see LICENSE.
#pragma once
// The seams for time and randomness. Nothing else in Moonstone asks the operating system for
// either, so that a test can run the engine on a virtual clock and a fixed seed. Threads:
// implementations are synchronised.

#include <atomic>
#include <chrono>
#include <cstdint>

namespace moonstone {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall-clock time in milliseconds since 1970-01-01 UTC. May step backwards.
  [[nodiscard]] virtual std::int64_t unix_ms() = 0;
  /// Never steps backwards; for deadlines and durations only.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point monotonic() = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  [[nodiscard]] virtual std::uint64_t next() = 0;
};

/// The operating system's clock and its random source, for programs. Lives as long as the process.
[[nodiscard]] Clock& system_clock();
[[nodiscard]] Random& system_random();

/// CPU time that the calling thread has used: how much work something was, however busy the machine
/// is.
[[nodiscard]] std::chrono::nanoseconds thread_cpu_time();

/// A clock that stands still until told; for tests.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t unix_ms) : unix_ms_(unix_ms) {}
  [[nodiscard]] std::int64_t unix_ms() override { return unix_ms_; }
  [[nodiscard]] std::chrono::steady_clock::time_point monotonic() override {
    return std::chrono::steady_clock::time_point(std::chrono::milliseconds(unix_ms_));
  }
  void set(std::int64_t unix_ms) { unix_ms_ = unix_ms; }
  void advance(std::chrono::milliseconds by) { unix_ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> unix_ms_;
};

/// A reproducible stream (SplitMix64); for tests and for the seeded randomness of user functions.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  [[nodiscard]] std::uint64_t next() override;

 private:
  std::atomic<std::uint64_t> state_;
};

}  // namespace moonstone
