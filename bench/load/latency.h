// Moonstone. Licence: see LICENSE.
#pragma once
// Latency: a histogram of durations with a fixed relative error and a fixed size, however many and
// however long they are.
//
// Durations below 2^8 ns have a bucket each. Above, each power of two is cut into 128 buckets of
// equal width, and a bucket answers with its middle: at most 1/256 beside the truth.
// Threads: confined.

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace moonstone::bench {

class Latency {
 public:
  using Duration = std::chrono::nanoseconds;

  /// A negative duration counts as none.
  void add(Duration duration) {
    const auto ns = static_cast<std::uint64_t>(std::max<Duration::rep>(duration.count(), 0));
    counts_[bucket_of(ns)] += 1;
    count_ += 1;
    max_ = std::max(max_, ns);
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// Exact; 0 without durations.
  [[nodiscard]] Duration max() const { return duration_of(max_); }
  /// The shortest duration that at least `share` of all durations do not exceed. `share` in [0, 1];
  /// 0 without durations.
  [[nodiscard]] Duration percentile(double share) const {
    const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen > 0 && seen >= rank) return duration_of(std::min(middle_of(bucket), max_));
    }
    return Duration(0);
  }

 private:
  static constexpr int kHalfBits = 7;
  static constexpr std::size_t kHalf = std::size_t{1} << kHalfBits;
  /// How many lowest bits a bucket ignores.
  static constexpr int kShiftMax = 64 - kHalfBits - 1;

  static std::size_t bucket_of(std::uint64_t ns) {
    const int shift = std::max(static_cast<int>(std::bit_width(ns)) - kHalfBits - 1, 0);
    return kHalf * static_cast<std::size_t>(shift) + static_cast<std::size_t>(ns >> shift);
  }
  static std::uint64_t middle_of(std::size_t bucket) {
    const std::size_t shift = bucket < 2 * kHalf ? 0 : bucket / kHalf - 1;
    const std::uint64_t width = std::uint64_t{1} << shift;
    return ((bucket - kHalf * shift) << shift) + width / 2;
  }
  static Duration duration_of(std::uint64_t ns) { return Duration(static_cast<Duration::rep>(ns)); }

  std::array<std::uint64_t, kHalf*(kShiftMax + 2)> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace moonstone::bench
