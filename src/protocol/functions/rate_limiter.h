// Moonstone. Licence: see LICENSE.
#pragma once
// RateLimiter: at most N messages in any sliding second.
// Threads: confined to one connection's strand.

#include <chrono>
#include <cstddef>
#include <deque>

namespace moonstone::protocol::functions {

class RateLimiter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// `per_second` 0: no limit.
  explicit RateLimiter(std::size_t per_second) : per_second_(per_second) {}

  /// Whether a message at `now` is within the limit; a refused message does not count.
  [[nodiscard]] bool admit(TimePoint now) {
    if (per_second_ == 0) return true;
    while (!admitted_.empty() && now - admitted_.front() >= std::chrono::seconds(1)) {
      admitted_.pop_front();
    }
    if (admitted_.size() >= per_second_) return false;
    admitted_.push_back(now);
    return true;
  }

 private:
  std::size_t per_second_;
  std::deque<TimePoint> admitted_;  // of the last second, at most per_second_
};

}  // namespace moonstone::protocol::functions
