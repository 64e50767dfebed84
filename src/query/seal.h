// Moonstone. Licence: see LICENSE.
#pragma once
// Sealed text: encrypted and authenticated, the same text for the same content.
//
// The scheme is SIV (RFC 5297) with HMAC-SHA-256 in both places: the tag is a MAC of the content,
// and the content is masked with the MACs of (tag, 0), (tag, 1), ... under a second key. Equal
// contents give equal texts, which is wanted here, and nothing else is told but the length.
// Threads: pure functions.

#include <optional>
#include <string>
#include <string_view>

namespace moonstone::query {

/// Base64 of tag and masked content. Cost: one MAC per 32 bytes.
[[nodiscard]] std::string seal(std::string_view content, std::string_view secret);
/// The content, or nothing if the text was not sealed with this secret.
[[nodiscard]] std::optional<std::string> unseal(std::string_view text, std::string_view secret);

}  // namespace moonstone::query
