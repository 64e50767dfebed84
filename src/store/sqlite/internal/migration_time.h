// Moonstone. Licence: see LICENSE.
#pragma once
// Points in time as migrations write them. Threads: pure functions.

#include <cstdint>
#include <string>

namespace moonstone::store::sqlite {

/// As JavaScript's toISOString() prints it: 2026-02-01T10:00:00.000Z.
[[nodiscard]] std::string iso_time(std::int64_t unix_ms);
/// YYYYMMDDHHMMSS in the local time zone.
[[nodiscard]] std::string local_stamp(std::int64_t unix_ms);

}  // namespace moonstone::store::sqlite
