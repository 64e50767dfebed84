// Moonstone. Licence: see LICENSE.
#pragma once
// Lists in the text of a setting: elements with commas between. An element that holds a comma or a
// quote, or begins or ends with a blank, stands in double quotes, where a quote is written twice.
// Threads: pure functions.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moonstone::cli {

/// Without empty elements and without blanks around others. A quote that nothing closes lasts to
/// the end.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

/// The text that split_list makes these elements of, but for empty ones.
[[nodiscard]] std::string join_list(std::span<const std::string> elements);

}  // namespace moonstone::cli
