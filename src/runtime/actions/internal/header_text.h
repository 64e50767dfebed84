// Moonstone. Licence: see LICENSE.
#pragma once
// Values of headers: bytes to HTTP, texts of as many characters (U+0000 to U+00FF) to fetch.
// Threads: pure functions. Source: the Fetch standard, isomorphic encoding.

#include <string>
#include <string_view>

namespace moonstone::actions {

/// The text, as UTF-8, that stands for those bytes.
[[nodiscard]] std::string header_text_of(std::string_view bytes);
/// The bytes for which a text stands. Characters beyond U+00FF, which no header of fetch has, stay
/// as they are.
[[nodiscard]] std::string header_bytes_of(std::string_view text);

}  // namespace moonstone::actions
