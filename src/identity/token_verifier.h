// Moonstone. Licence: see LICENSE.
#pragma once
// TokenVerifier: from the token that somebody shows to the identity that it proves.
//
// Several providers may be configured. The issuer that a token names decides which of them judges
// it; a provider without an issuer judges what names no configured one. Identity is only what a
// verified token says.
// Threads: synchronised. Source: design.md decision 24; reliability.md, security rules.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "identity/claims.h"
#include "identity/key_fetcher.h"

namespace moonstone::identity {

struct Provider {
  std::string name = {};                    // for messages: "main", "auth.google"
  std::string issuer = {};                  // empty: the one provider for all other issuers
  std::vector<std::string> audiences = {};  // empty: any; needed with public keys, "*" is any there
  std::vector<std::string> secrets = {};    // HS256; several while one replaces another
  std::string keys_url = {};                // of a key set; empty: none
  std::string keys_file = {};               // the same from a file
  std::chrono::seconds clock_skew{60};
  std::chrono::seconds keys_time_to_live{600};
};

struct VerifierOptions {
  std::vector<Provider> providers = {};
  Clock* clock = nullptr;    // null: the system's
  Logger* logger = nullptr;  // null: none
  /// For key URLs; null: over the network. Tests bring their own.
  KeyFetcherPtr url_fetcher = nullptr;
};

class TokenVerifier {
 public:
  /// Errors: InvalidArgument naming the provider and what is wrong with it; key files are read.
  [[nodiscard]] static Result<std::unique_ptr<TokenVerifier>> create(VerifierOptions options);
  virtual ~TokenVerifier() = default;

  /// Calls `done` exactly once: before it returns, unless keys have to be fetched first.
  /// Errors: Unauthenticated, reason as of parse_token and check_claims, or "signature", "key",
  /// "unknown_issuer", "not_configured"; Unavailable "keys_unavailable". None repeats the token.
  using Done = std::move_only_function<void(Result<VerifiedToken>)>;
  virtual void verify(std::string token, Done done) = 0;

  /// Whether any provider is configured.
  [[nodiscard]] virtual bool is_configured() const = 0;
};

}  // namespace moonstone::identity
