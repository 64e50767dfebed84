// Moonstone. Licence: see LICENSE.
#pragma once
// Meter: what a run has measured, and whether it still makes sense. The first failure ends a run: a
// measurement with errors has no result.
//
// A request counts if it began (or, at a fixed rate, was due) between `from` and `until`, however
// late its answer comes: so a stall at the end is not cut off. Processor time is taken from `from`
// (or the first answer behind it) to the end of the run, and belongs to the answers in between.
// Threads: confined.

#include <chrono>
#include <cstddef>
#include <cstdint>
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

/// The processor time that a process has used, 0 being this one; nothing: there is no such process.
[[nodiscard]] std::optional<Latency::Duration> processor_time(int pid);

struct Cost {
  double generator_us = 0;          // of processor time for each answer
  std::optional<double> server_us;  // nothing: the server's process is not known
};

struct Measured {
  Latency latency;
  std::uint64_t answers = 0;  // of the whole run, those that do not count included
  double seconds = 0;         // from `from` to `until` or to the last answer
  std::optional<Cost> cost;   // nothing: there were no answers to divide by
};

class Meter {
 public:
  /// `server_pid` 0: unknown.
  explicit Meter(int server_pid = 0) : server_pid_(server_pid) {}

  void measure(Time from, Time until);
  /// For runs that are to take a number of answers, however long these take.
  void measure_until(Time until) { until_ = until; }
  [[nodiscard]] Time until() const { return until_; }
  /// Whether to begin no more requests.
  [[nodiscard]] bool is_over() const { return failure_ || now() >= until_; }
  void answered(Time began) { answered(began, now()); }
  void answered(Time began, Time answered);
  /// The first one is kept.
  void failed(std::string why);

  [[nodiscard]] const std::optional<std::string>& failure() const { return failure_; }
  /// Once the run has ended.
  [[nodiscard]] Measured measured() const;

 private:
  struct Sample {
    std::uint64_t answers = 0;
    Latency::Duration generator{};
    std::optional<Latency::Duration> server;
  };
  [[nodiscard]] Sample sample() const;

  const int server_pid_;
  Time from_{};
  Time until_{};
  Time last_answer_{};
  Latency latency_;
  std::uint64_t answers_ = 0;
  std::optional<Sample> first_;
  std::optional<std::string> failure_;
};

}  // namespace moonstone::bench
