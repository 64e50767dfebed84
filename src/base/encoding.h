// Moonstone. Licence: see LICENSE.
#pragma once
// Text encodings: base64, hexadecimal, UTF-8 checks, FNV hashing of text.
// Threads: pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace moonstone {

/// Standard alphabet with padding.
[[nodiscard]] std::string to_base64(std::string_view bytes);
/// Accepts the standard and the URL alphabet, with or without padding; nothing on anything else.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

[[nodiscard]] std::string to_hex(std::string_view bytes);
/// Accepts both cases; nothing on anything else.
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);

/// Whether the text is well-formed UTF-8 (no surrogates, no overlong forms).
[[nodiscard]] bool is_utf8(std::string_view text);

/// A stable 64-bit hash (FNV-1a); not for security.
[[nodiscard]] std::uint64_t stable_hash(std::string_view text);

}  // namespace moonstone
