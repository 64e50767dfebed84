// Moonstone. Licence: see LICENSE.
#pragma once
// ULIDs: 26 characters of Crockford base32, 48 bits of milliseconds and 80 random bits, monotonic.
//
// Two ids from one generator always sort in the order in which they were made: within one
// millisecond, and when the clock steps back, the random part is incremented instead.
// Threads: UlidGenerator is confined to its owner (the writer of a database).
// Source: functions.md section 5.1; design.md decision 16.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace moonstone {

inline constexpr std::size_t kUlidLength = 26;

class UlidGenerator {
 public:
  /// `random` must outlive the generator.
  explicit UlidGenerator(Random& random) : random_(random) {}

  /// The next id, stamped `unix_ms` or the last stamp if that is later.
  [[nodiscard]] std::string next(std::int64_t unix_ms);

  /// Makes every following id greater than `ulid`, the last one persisted. Ignores malformed text.
  void start_after(std::string_view ulid);

 private:
  Random& random_;
  std::int64_t last_ms_ = -1;
  std::array<std::uint8_t, 10> last_random_{};
};

/// The milliseconds of a ULID, or nothing if it is malformed.
[[nodiscard]] std::optional<std::int64_t> ulid_unix_ms(std::string_view ulid);

/// The least ULID with that stamp; clamps to the 48-bit range.
[[nodiscard]] std::string least_ulid_at(std::int64_t unix_ms);

}  // namespace moonstone
