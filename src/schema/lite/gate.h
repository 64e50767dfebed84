// Moonstone. Licence: see LICENSE.
#pragma once
// The levels of `@@gate("R.C.U.D")`. Threads: pure functions. Source: litestone.md 30.1

#include <optional>
#include <string_view>

#include "base/result.h"

namespace moonstone::lite {

/// Required levels, each 0 to 9; 8 is the system's, 9 is locked.
struct GateLevels {
  int read = 0;
  int create = 0;
  int update = 0;
  int remove = 0;
  friend bool operator==(const GateLevels&, const GateLevels&) = default;
};

/// `STRANGER` is 0 .. `LOCKED` is 9.
[[nodiscard]] std::optional<int> find_gate_level(std::string_view name);

/// One to four levels; a missing one repeats the one to its left.
/// Errors: InvalidArgument with a text that begins `@@gate: `.
[[nodiscard]] Result<GateLevels> parse_gate(std::string_view text);

}  // namespace moonstone::lite
