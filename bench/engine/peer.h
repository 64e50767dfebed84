// Moonstone. Licence: see LICENSE.
#pragma once
// Peer: somebody who does the same work on a database of its own, for as long as asked.
// Threads: confined.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace moonstone::bench {

using SteadyClock = std::chrono::steady_clock;

/// Mutations under way at once; also the size of a raw group, so that both sync equally often.
inline constexpr int kGroup = 160;
inline constexpr int kGroupsOfItems = 100;
inline constexpr int kAccounts = 10'000;
inline constexpr int kPageDocuments = 10;
/// Operations between two looks at the clock.
inline constexpr int kBatch = 100;

[[noreturn]] inline void fail(const std::string& why) {
  std::fprintf(stderr, "against_raw: %s\n", why.c_str());
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): the end of a measurement that means nothing
}

/// Spreads 0, 1, 2, .. over [0, count).
inline std::uint64_t spread(std::uint64_t number, std::uint64_t count) {
  return number * 7919 % count;
}

/// Each returns how many operations there were until `end`. Writes are durable (WAL, FULL), in
/// groups of kGroup, and leave a log row for each change.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual std::uint64_t insert_until(SteadyClock::time_point end) = 0;
  /// Reads a counter and writes it, one more.
  virtual std::uint64_t increment_until(SteadyClock::time_point end) = 0;
  /// Moves an amount between two of kAccounts, found by their numbers.
  virtual std::uint64_t transfer_until(SteadyClock::time_point end) = 0;
  /// Documents by id, in one snapshot. Needs inserted ones, as page_until does.
  virtual std::uint64_t get_until(SteadyClock::time_point end) = 0;
  /// The newest kPageDocuments of a group as JSON text, in one snapshot.
  virtual std::uint64_t page_until(SteadyClock::time_point end) = 0;
};

}  // namespace moonstone::bench
