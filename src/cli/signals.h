// Moonstone. Licence: see LICENSE.
#pragma once
// SIGINT and SIGTERM as a descriptor that a loop can wait for.
//
// Threads: make it before any other thread starts, so that all of them inherit the blocked signals.

#include <chrono>
#include <initializer_list>
#include <optional>

#include "base/result.h"

namespace moonstone::cli {

class StopSignals {
 public:
  /// Blocks the two signals and ignores SIGPIPE. Errors: Unavailable.
  [[nodiscard]] static Result<StopSignals> catch_them();
  StopSignals(StopSignals&& other) noexcept;
  StopSignals& operator=(StopSignals&&) = delete;
  ~StopSignals();

  /// Readable once one of them arrived, and from then on.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] bool have_arrived() const;

  /// From now on a second signal ends the process at once, should the shutdown hang.
  void let_the_next_one_kill();

 private:
  explicit StopSignals(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

/// Waits until one of the descriptors (-1: none) is readable or the time is over, if one is given.
/// Returns whether one was.
enum class Waited : unsigned char { Readable, TimedOut };
Waited wait_readable(std::initializer_list<int> descriptors,
                     std::optional<std::chrono::milliseconds> time_max);

}  // namespace moonstone::cli
