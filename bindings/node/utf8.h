// Moonstone. Licence: see LICENSE.
#pragma once
// How UTF-8 of the database and the UTF-16 units of JavaScript strings relate.

#include <cstddef>
#include <string>
#include <string_view>

namespace moonstone::node {

struct Utf8Facts {
  bool is_ascii = true;
  bool is_valid = true;
  std::size_t units = 0;  // of UTF-16; meaningless if not valid
};

/// Cost: O(text), and little for ASCII.
[[nodiscard]] Utf8Facts measure_utf8(std::string_view text);

/// The text with U+FFFD for every byte that belongs to no character.
[[nodiscard]] std::string repair_utf8(std::string_view text);

/// How many bytes the first `units` UTF-16 units of valid UTF-8 take; all if there are fewer.
[[nodiscard]] std::size_t bytes_of_units(std::string_view text, std::size_t units);

}  // namespace moonstone::node
