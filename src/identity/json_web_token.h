// Moonstone. Licence: see LICENSE.
#pragma once
// A JSON Web Token in its compact form, taken apart but not yet believed.
//
//   base64url(header) "." base64url(claims) "." base64url(signature)
//
// Parsing is strict where leniency has hurt others: one spelling of base64url, no repeated members,
// no unsigned tokens, no extensions that we do not know (`crit`). What a header says about where
// its key is to be found (`jku`, `jwk`, `x5u`, `x5c`) is not even looked at.
// Threads: pure functions.
// Source: RFC 7515, 7519, 8725; reliability.md C.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"

namespace moonstone::identity {

/// What a token may be signed with. Each kind of key belongs to exactly one of them.
enum class Algorithm : unsigned char { Hs256, Rs256, Es256, EdDsa };

/// As headers and key sets spell it: "HS256".
[[nodiscard]] std::string_view to_string(Algorithm algorithm);

/// Longer texts are refused unread. Real tokens have one or two KiB; proxies cut headers at 8
/// or 16.
inline constexpr std::size_t kTokenBytesMax = std::size_t{16} * 1024;

struct ParsedToken {
  Algorithm algorithm = Algorithm::Hs256;
  std::string key_id;  // "kid"; empty: none
  Object claims;
  std::string signed_text;  // header and claims as they were sent
  std::string signature;    // raw bytes

  /// A claim that is text, or empty.
  [[nodiscard]] std::string_view text_claim(std::string_view name) const;
};

/// Errors: Unauthenticated with reason "not_a_token" (not three parts of base64url JSON),
/// "algorithm", or "token" (anything else).
[[nodiscard]] Result<ParsedToken> parse_token(std::string_view text);

/// Whether a text has the shape of a token, for callers to whom other secrets are sent as well.
[[nodiscard]] bool looks_like_token(std::string_view text);

/// Base64url without padding, and nothing but the one spelling that an encoder gives.
[[nodiscard]] Result<std::string> from_base64url(std::string_view text);

/// Whether an object anywhere in the text names a member twice. The text is valid JSON.
[[nodiscard]] bool repeats_member(std::string_view json);

}  // namespace moonstone::identity
