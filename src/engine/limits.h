// Moonstone. Licence: see LICENSE.
#pragma once
// The engine's limits. All are configuration; these are the defaults (design.md section 5).

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace moonstone::engine {

struct Limits {
  std::uint64_t rows_read_max = 100'000;  // per call; bounds the memory of one result
  std::uint64_t bytes_read_max = std::uint64_t{64} * 1024 * 1024;
  std::uint64_t rows_written_max = 20'000;  // per mutation; bounds how long the writer is held
  std::uint64_t bytes_written_max = std::uint64_t{32} * 1024 * 1024;
  std::size_t queue_max = 10'000;  // waiting mutations; beyond: LimitExceeded (reason "queue_full")
  std::size_t group_calls_max = 256;             // mutations per commit
  std::chrono::milliseconds group_time_max{10};  // a group takes no further member after this
  /// A call inside a group that runs longer is undone and runs again alone (design.md decision 8).
  std::chrono::milliseconds grouped_call_max{5};
  std::chrono::milliseconds call_max{1000};  // a call that runs alone
  std::size_t changes_tracked_max = 10'000;  // a bigger commit reaches live queries as "everything"
};

}  // namespace moonstone::engine
