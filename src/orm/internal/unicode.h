// Moonstone. Licence: see LICENSE.
#pragma once
// Text as JavaScript sees it: white space, lengths, letters of the other case, values as text.
// Threads: pure functions. Text must be valid UTF-8.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/value.h"

namespace moonstone::orm {

/// The code point at `position`, which moves behind it.
[[nodiscard]] char32_t next_code_point(std::string_view text, std::size_t& position);

/// White space of JavaScript: what trim() removes and \s matches.
[[nodiscard]] bool is_white_space(char32_t code_point);

[[nodiscard]] std::string_view trimmed(std::string_view text);

/// Length in UTF-16 code units. Cost: O(bytes).
[[nodiscard]] std::size_t utf16_length(std::string_view text);

/// Letter by letter: one letter never becomes two.
[[nodiscard]] std::string to_lower_case(std::string_view text);
[[nodiscard]] std::string to_upper_case(std::string_view text);

/// What String(value) gives.
[[nodiscard]] std::string text_of(const Value& value);

/// What Number(value) gives; NaN for what is no number.
[[nodiscard]] double number_of(const Value& value);

}  // namespace moonstone::orm
