// Moonstone. Licence: see LICENSE.
#pragma once
// Latency: samples and their percentiles. Exact: it keeps every sample (a run has at most
// millions). Threads: confined.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace moonstone::bench {

using Time = std::chrono::steady_clock::time_point;

inline Time now() {
  return std::chrono::steady_clock::now();
}

inline double ms_between(Time from, Time to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

class Latency {
 public:
  void add(double ms) { samples_.push_back(ms); }
  [[nodiscard]] std::size_t count() const { return samples_.size(); }
  /// `share` in [0, 1]; 0 without samples.
  [[nodiscard]] double percentile(double share) {
    if (samples_.empty()) return 0;
    std::ranges::sort(samples_);
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(samples_.size() - 1));
    return samples_[rank];
  }

 private:
  std::vector<double> samples_;
};

}  // namespace moonstone::bench
