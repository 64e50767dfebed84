// Moonstone. Licence: see LICENSE.
#pragma once
// Running a child process to its end, bounded in time and in what it prints.
// Threads: run_process blocks its caller.

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace moonstone::cli {

/// Output beyond this is dropped; the tools that we call print a few KiB.
inline constexpr std::size_t kProcessOutputBytesMax = std::size_t{1} * 1024 * 1024;

struct ProcessOptions {
  std::vector<std::string> command{};  // command[0] is a path
  std::string folder{};                // where it runs
  std::chrono::seconds time_max{30};
  int interrupt = -1;                      // a descriptor; once it is readable the child is stopped
  std::vector<std::string> environment{};  // "NAME=value"; empty: as ours
};

struct ProcessOutcome {
  int exit_code = 0;   // 128 + signal if a signal ended it
  std::string output;  // standard output and standard error, as they came
};

/// The child gets no input, no blocked signals, and is never left running.
/// Errors: Unavailable (cannot start), DeadlineExceeded, Cancelled (interrupted).
[[nodiscard]] Result<ProcessOutcome> run_process(const ProcessOptions& options);

}  // namespace moonstone::cli
