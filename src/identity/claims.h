// Moonstone. Licence: see LICENSE.
#pragma once
// From the claims of a token to an identity: is it for us, is it in time, who is it.
// Threads: pure functions. Source: RFC 7519 section 4; functions.md section 19.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "identity/json_web_token.h"

namespace moonstone::identity {

/// Whom a token must come from and be meant for.
struct ClaimRules {
  std::string issuer = {};                  // empty: any
  std::vector<std::string> audiences = {};  // one of them must be named; empty: any
  std::chrono::seconds clock_skew{60};
};

/// Who somebody is, for as long as their token lasts.
struct VerifiedToken {
  /// `{subject, issuer, tokenIdentifier, email?, .., further claims}`. What every new token of the
  /// same person changes (exp, iat, nbf, jti, ..) is not in it, so that results can be shared
  /// between tokens.
  Value identity;
  std::int64_t expires_unix_ms = 0;  // clock skew included
};

/// Errors: Unauthenticated, reason "expired", "not_yet_valid", "issuer", "audience" or "claims",
/// saying what is wrong.
[[nodiscard]] Result<VerifiedToken> check_claims(const ParsedToken& token,
                                                 const ClaimRules& rules,
                                                 std::int64_t now_unix_ms);

}  // namespace moonstone::identity
