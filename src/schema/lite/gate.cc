// Moonstone. Licence: see LICENSE.
#include "schema/lite/gate.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace moonstone::lite {

std::optional<int> find_gate_level(std::string_view name) {
  constexpr std::array<std::string_view, 10> kNames{
      "STRANGER",      "VISITOR", "READER",   "CREATOR", "USER",
      "ADMINISTRATOR", "OWNER",   "SYSADMIN", "SYSTEM",  "LOCKED"};
  const auto* found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<int>(found - kNames.begin());
}

Result<GateLevels> parse_gate(std::string_view text) {
  std::array<int, 4> levels{};
  std::size_t count = 0;
  for (std::size_t at = 0;; at += 2) {
    const bool is_level = at < text.size() && text[at] >= '0' && text[at] <= '9' &&
                          (at + 1 == text.size() || text[at + 1] == '.');
    if (!is_level || count == levels.size()) {
      return Error(ErrorCode::InvalidArgument,
                   fmt::format("@@gate: \"{}\" must be one to four levels from 0 to 9 with dots "
                               "between them, such as \"1.4.4.6\"",
                               text));
    }
    levels.at(count++) = text[at] - '0';
    if (at + 1 == text.size()) break;
  }
  std::fill(levels.begin() + static_cast<std::ptrdiff_t>(count), levels.end(),
            levels.at(count - 1));
  return GateLevels{levels[0], levels[1], levels[2], levels[3]};
}

}  // namespace moonstone::lite
