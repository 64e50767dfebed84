// Moonstone. Licence: see LICENSE.
#include "protocol/functions/authentication.h"

#include <utility>

#include "identity/json_web_token.h"
#include "protocol/functions/exchange.h"

namespace moonstone::protocol::functions {
namespace {

constexpr std::string_view kBearer = "bearer ";

/// The secret of `Authorization: Bearer secret`, or empty.
std::string_view bearer_of(const HttpRequest& request) {
  const std::string_view header = request.header("Authorization");
  if (header.size() <= kBearer.size() ||
      !same_header_name(header.substr(0, kBearer.size()), kBearer)) {
    return {};
  }
  return header.substr(kBearer.size());
}

std::unique_ptr<identity::TokenVerifier> verifier_without_providers() {
  return identity::TokenVerifier::create({}).value();
}

}  // namespace

Authentication::Authentication(identity::TokenVerifier* verifier)
    : none_(verifier == nullptr ? verifier_without_providers() : nullptr),
      verifier_(verifier == nullptr ? *none_ : *verifier) {}

void Authentication::verify(std::string token, identity::TokenVerifier::Done done) {
  verifier_.verify(std::move(token), std::move(done));
}

void Authentication::identify(const HttpRequest& request, BearerRule rule, Identified done) {
  const std::string_view bearer = bearer_of(request);
  const bool may_be_other = rule == BearerRule::OwnScheme || rule == BearerRule::Key;
  const bool is_other = (may_be_other && !identity::looks_like_token(bearer)) ||
                        (rule == BearerRule::OwnScheme && !verifier_.is_configured());
  if (bearer.empty() || rule == BearerRule::Ignored || is_other) return done(std::nullopt);
  verifier_.verify(std::string(bearer), [rule, done = std::move(done)](
                                            Result<identity::VerifiedToken> verified) mutable {
    if (verified) return done(*std::move(verified));
    const bool is_of_others = verified.error().reason() == "unknown_issuer";
    if (rule == BearerRule::OwnScheme && is_of_others) return done(std::nullopt);
    done(std::move(verified).error());
  });
}

HttpResponse token_refusal(const Error& error) {
  const bool is_refused = error.code() == ErrorCode::Unauthenticated;
  HttpResponse response =
      error_response(is_refused ? 401 : 503, token_refusal_code(error), error.message());
  if (is_refused) {
    response.headers.push_back({"WWW-Authenticate", "Bearer error=\"invalid_token\""});
  }
  return response;
}

std::string_view token_refusal_code(const Error& error) {
  return error.code() == ErrorCode::Unauthenticated ? "unauthenticated" : "unavailable";
}

}  // namespace moonstone::protocol::functions
