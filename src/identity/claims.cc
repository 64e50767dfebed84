// Moonstone. Licence: see LICENSE.
#include "identity/claims.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

namespace moonstone::identity {
namespace {

/// Year 9999. Beyond, and before 1970, somebody has mistaken milliseconds for seconds or is
/// playing.
constexpr double kSecondsMax = 253'402'300'799;
constexpr std::size_t kSubjectBytesMax = 1'024;
/// Of texts of the token that a message repeats.
constexpr std::size_t kShownBytesMax = 100;
/// For tokens of a provider that names no issuer, which carry none either.
constexpr std::string_view kOwnIssuer = "moonstone";

struct Renamed {
  std::string_view claim;
  std::string_view name;
};
/// Claims of OpenID Connect under the names of functions.md section 19.
constexpr std::array kRenamed{
    Renamed{"email", "email"},        Renamed{"email_verified", "emailVerified"},
    Renamed{"name", "name"},          Renamed{"preferred_username", "username"},
    Renamed{"picture", "pictureUrl"},
};
/// Different in every token of the same person, or said elsewhere.
constexpr std::array<std::string_view, 10> kLeftOut{"exp", "iat",     "nbf",    "jti",    "nonce",
                                                    "sub", "at_hash", "c_hash", "s_hash", "iss"};

Error refused(std::string_view reason, std::string message) {
  return {ErrorCode::Unauthenticated, std::move(message), reason};
}

/// A text of the token for a message: not longer than needed, and never cut within a character.
std::string shown(std::string_view text) {
  if (text.size() <= kShownBytesMax) return "\"" + std::string(text) + "\"";
  std::size_t end = kShownBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U)
    --end;
  return "\"" + std::string(text.substr(0, end)) + "…\"";
}

/// A claim of seconds since 1970; nothing if it is absent.
Result<std::optional<double>> time_claim(const Object& claims, std::string_view name) {
  const Value* value = claims.find(name);
  if (value == nullptr) return std::nullopt;
  const bool is_number = value->is_integer() || value->is_number();
  const double seconds = is_number ? value->to_double() : -1;
  if (!(seconds >= 0 && seconds <= kSecondsMax)) {
    return refused("claims",
                   "the token's \"" + std::string(name) + "\" is not a time in seconds since 1970");
  }
  return seconds;
}

/// Checks the times and returns the end of the token's life.
Result<std::int64_t> check_times(const Object& claims,
                                 std::chrono::seconds clock_skew,
                                 std::int64_t now_unix_ms) {
  const double now = static_cast<double>(now_unix_ms) / 1000;
  const auto skew = static_cast<double>(clock_skew.count());
  MS_TRY(const std::optional<double> expires, time_claim(claims, "exp"));
  MS_TRY(const std::optional<double> begins, time_claim(claims, "nbf"));
  MS_TRY(const std::optional<double> issued, time_claim(claims, "iat"));
  if (!expires) {
    return refused("claims",
                   "the token never expires (it has no \"exp\"); such tokens are refused");
  }
  if (now >= *expires + skew) {
    const auto ago = static_cast<std::int64_t>(now - *expires);
    return refused("expired",
                   "the token expired " + std::to_string(ago) + " s ago; send a fresh one");
  }
  if (begins && *begins > now + skew) {
    return refused("not_yet_valid", "the token is not valid yet (\"nbf\" is in the future)");
  }
  if (issued && *issued > now + skew) {
    return refused("not_yet_valid",
                   "the token was issued in the future (\"iat\"); do the clocks agree?");
  }
  return static_cast<std::int64_t>(std::floor((*expires + skew) * 1000));
}

bool is_among(const std::vector<std::string>& allowed, const Value& name) {
  return name.is_text() && std::ranges::find(allowed, name.as_text()) != allowed.end();
}

Status check_audience(const Object& claims, const std::vector<std::string>& allowed) {
  if (allowed.empty()) return {};
  const Value* audience = claims.find("aud");
  if (audience == nullptr) return refused("audience", "the token has no audience (\"aud\")");
  if (is_among(allowed, *audience)) return {};
  std::string named = audience->is_text() ? shown(audience->as_text()) : std::string();
  if (audience->is_array()) {
    for (const Value& name : audience->as_array()) {
      if (is_among(allowed, name)) return {};
    }
    named = "others";
  }
  return refused("audience",
                 "the token is for the audience " + named + ", not for " + shown(allowed.front()));
}

Object identity_of(const Object& claims, std::string_view subject, std::string_view issuer) {
  Object identity;
  identity.append("subject", subject);
  identity.append("issuer", issuer);
  identity.append("tokenIdentifier", std::string(issuer) + "|" + std::string(subject));
  for (const Renamed& renamed : kRenamed) {
    if (const Value* value = claims.find(renamed.claim)) {
      identity.set(renamed.name, *value);
    }
  }
  // Claims differ from each other: only what stands here already can have the name of one. To look
  // at all of them each time would cost milliseconds for a token that nobody has signed.
  const auto own = static_cast<std::ptrdiff_t>(identity.size());
  for (const Member& claim : claims) {
    const bool is_said =
        std::ranges::find(kRenamed, claim.name, &Renamed::claim) != kRenamed.end() ||
        std::ranges::find(kLeftOut, claim.name) != kLeftOut.end();
    // A claim never replaces what stands for something else: "subject" is "sub".
    const auto own_end = identity.begin() + own;
    const bool is_taken =
        std::ranges::find(identity.begin(), own_end, claim.name, &Member::name) != own_end;
    if (!is_said && !is_taken) identity.append(claim.name, claim.value);
  }
  return identity;
}

}  // namespace

Result<VerifiedToken> check_claims(const ParsedToken& token,
                                   const ClaimRules& rules,
                                   std::int64_t now_unix_ms) {
  const Value* issuer = token.claims.find("iss");
  if (issuer != nullptr && !issuer->is_text()) {
    return refused("claims", "the token's \"iss\" is not a text");
  }
  const std::string_view issuer_name = token.text_claim("iss");
  if (!rules.issuer.empty() && issuer_name != rules.issuer) {
    return refused("issuer",
                   "the token's issuer is " + shown(issuer_name) + ", not " + shown(rules.issuer));
  }
  const std::string_view subject = token.text_claim("sub");
  if (subject.empty() || subject.size() > kSubjectBytesMax) {
    return refused("claims", "the token does not say whom it is about (\"sub\")");
  }
  VerifiedToken verified;
  MS_TRY(verified.expires_unix_ms, check_times(token.claims, rules.clock_skew, now_unix_ms));
  MS_TRY_STATUS(check_audience(token.claims, rules.audiences));
  verified.identity =
      identity_of(token.claims, subject, issuer_name.empty() ? kOwnIssuer : issuer_name);
  return verified;
}

}  // namespace moonstone::identity
