// Moonstone. Licence: see LICENSE.
#pragma once
// Meter: what a run has measured, and whether it still makes sense. The first failure ends a run: a
// measurement with errors has no result. Arrivals: lets one thread wait for what callbacks bring.
//
// A request counts if it began (or, at a fixed rate, was due) between `from` and `until`, however
// late its answer comes: so a stall at the end is not cut off.
// Threads: synchronised.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "bench/load/latency.h"

namespace moonstone::bench {

using Time = std::chrono::steady_clock::time_point;
using Seconds = std::chrono::duration<double>;

inline Time now() {
  return std::chrono::steady_clock::now();
}

inline Time after(Time time, double seconds) {
  return time + std::chrono::duration_cast<Time::duration>(Seconds(seconds));
}

struct Measured {
  Latency latency;
  std::uint64_t answers = 0;  // of the whole run, those that do not count included
  double seconds = 0;         // from `from` to `until` or to the last answer
};

class Meter {
 public:
  void measure(Time from, Time until);
  /// Whether to begin no more requests.
  [[nodiscard]] bool is_over() const;
  void answered(Time began);
  /// The first one is kept.
  void failed(std::string why);

  [[nodiscard]] std::optional<std::string> failure() const;
  [[nodiscard]] Measured measured() const;

 private:
  friend class Arrivals;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Time from_{};
  Time until_{};
  Time last_answer_{};
  Latency latency_;
  std::uint64_t answers_ = 0;
  std::optional<std::string> failure_;
};

class Arrivals {
 public:
  explicit Arrivals(Meter& meter) : meter_(meter) {}

  void add();
  /// Waits until there were `count` of them; false: the run has failed. If they do not come within
  /// a minute (after the end of the measurement), then this is the failure.
  [[nodiscard]] bool wait_for(std::size_t count, const char* what);
  void reset();

 private:
  Meter& meter_;  // its lock protects the rest
  std::size_t count_ = 0;
  std::size_t awaited_ = 0;
};

}  // namespace moonstone::bench
