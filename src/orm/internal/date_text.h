// Moonstone. Licence: see LICENSE.
#pragma once
// Points in time as text: ISO 8601 as JavaScript prints it, and what DateTime fields take.
// Threads: pure functions. Source: litestone.md 5.3.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace moonstone::orm {

/// "2026-02-01T10:00:00.000Z", as Date.prototype.toISOString prints it. Nothing: no such date.
/// Units: milliseconds since 1970.
[[nodiscard]] std::optional<std::string> iso_text_of(double unix_ms);

/// The same for the time of a call.
[[nodiscard]] std::string iso_now(std::int64_t unix_ms);

/// YYYY-MM-DD, without a look at how many days a month has.
[[nodiscard]] bool is_date_text(std::string_view text);

/// A date, or a date with a time and perhaps a zone.
[[nodiscard]] bool is_date_time_text(std::string_view text);

}  // namespace moonstone::orm
