// Moonstone. Licence: see LICENSE.
#pragma once
// Authentication: tokens on HTTP requests and sockets, and the end of identities on the latter.
//
// An identity lasts as long as its token. On a socket that lives longer it ends with an `error`
// frame of code `unauthenticated` without id, and the connection goes on without an identity until
// its client sends a fresh token.
// Threads: synchronised. Source: functions.md 21.18; reliability.md C.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "identity/token_verifier.h"
#include "protocol/functions/alarms.h"
#include "protocol/transport.h"

namespace moonstone::protocol::functions {

/// What a bearer secret may be besides a token of ours.
enum class BearerRule : unsigned char {
  Token,      // nothing else
  OwnScheme,  // whatever the project's own routes make of it; a bad token of ours is still refused
  Key,        // an administrator's key, unless it looks like a token
  Ignored,
};

class Authentication {
 public:
  /// `verifier` outlives it; null: no provider is configured, and a token is an error.
  explicit Authentication(identity::TokenVerifier* verifier);

  /// See identity::TokenVerifier::verify.
  void verify(std::string token, identity::TokenVerifier::Done done);

  /// Who sends the request; nothing: nobody says. `done` is called once, perhaps at once.
  using Identified = std::move_only_function<void(Result<std::optional<identity::VerifiedToken>>)>;
  void identify(const HttpRequest& request, BearerRule rule, Identified done);

  [[nodiscard]] Alarms& alarms() { return alarms_; }

 private:
  std::unique_ptr<identity::TokenVerifier> none_;
  identity::TokenVerifier& verifier_;
  Alarms alarms_;
};

/// The answer to a refused token: 401, or 503 if it could not be checked.
[[nodiscard]] HttpResponse token_refusal(const Error& error);
/// The code of an error frame for a refused token.
[[nodiscard]] std::string_view token_refusal_code(const Error& error);

/// What a socket session needs to take tokens.
struct SocketAuthentication {
  Authentication* authentication = nullptr;  // null: tokens are refused
  /// Kept as long as a check is under way, which may outlast the socket.
  std::shared_ptr<const void> keep_alive = nullptr;
  std::optional<identity::VerifiedToken> verified = std::nullopt;  // at the upgrade
};

}  // namespace moonstone::protocol::functions
