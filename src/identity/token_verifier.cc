// Moonstone. Licence: see LICENSE.
#include "identity/token_verifier.h"

#include <set>
#include <utility>

#include "identity/internal/key_cache.h"
#include "identity/json_web_token.h"
#include "identity/key_set.h"

namespace moonstone::identity {
namespace {

/// The audience that says: any.
constexpr std::string_view kAnyAudience = "*";

Error refused(std::string_view reason, const std::string& message) {
  return {ErrorCode::Unauthenticated, message, reason};
}

Error misconfigured(const Provider& provider, const std::string& what) {
  return {ErrorCode::InvalidArgument, "auth provider " + provider.name + ": " + what, "config"};
}

/// What a failed check of the signature is called.
Error signature_error(SignatureCheck check, const ParsedToken& token) {
  switch (check) {
    case SignatureCheck::UnknownKey:
      return refused("key", "the token is signed with a key that its issuer does not publish");
    case SignatureCheck::OtherAlgorithm:
      return refused("key", "the token says " + std::string(to_string(token.algorithm)) +
                                ", but its issuer's key is for another algorithm");
    case SignatureCheck::Valid:
    case SignatureCheck::Invalid:
      break;
  }
  return refused("signature", "the token's signature is wrong");
}

/// One provider with its keys. Threads: synchronised.
class Judge {
 public:
  static Result<std::unique_ptr<Judge>> create(Provider provider, const VerifierOptions& options);

  [[nodiscard]] const std::string& issuer() const { return rules_.issuer; }
  void judge(ParsedToken token, std::int64_t now_unix_ms, TokenVerifier::Done done);

 private:
  Judge() = default;
  Status open_keys(const Provider& provider, const VerifierOptions& options);

  ClaimRules rules_;
  KeySet secrets_;
  std::unique_ptr<KeyCache> cache_;  // null: no public keys
};

Result<std::unique_ptr<Judge>> Judge::create(Provider provider, const VerifierOptions& options) {
  const bool has_public_keys = !provider.keys_url.empty() || !provider.keys_file.empty();
  if (provider.secrets.empty() && !has_public_keys) {
    return misconfigured(provider,
                         "it has no key; give it a key set (jwks), or a secret in the environment");
  }
  if (!provider.keys_url.empty() && !provider.keys_file.empty()) {
    return misconfigured(provider, "it has both a URL and a file of keys");
  }
  if (has_public_keys && provider.issuer.empty()) {
    return misconfigured(provider, "public keys need the issuer whose tokens they check");
  }
  if (has_public_keys && provider.audiences.empty()) {
    return misconfigured(provider,
                         "public keys need an audience: that of your application as its tokens "
                         "name it (\"aud\"), or \"*\" to take the issuer's tokens for any");
  }
  std::unique_ptr<Judge> judge(new Judge());
  judge->rules_ = {.issuer = provider.issuer,
                   .audiences = provider.audiences,
                   .clock_skew = provider.clock_skew};
  if (provider.audiences == std::vector<std::string>{std::string(kAnyAudience)}) {
    judge->rules_.audiences.clear();
  }
  for (const std::string& secret : provider.secrets) {
    auto key = VerificationKey::from_secret(secret);
    if (!key) return misconfigured(provider, key.error().message());
    judge->secrets_.keys.push_back(*std::move(key));
  }
  if (has_public_keys) MS_TRY_STATUS(judge->open_keys(provider, options));
  return judge;
}

Status Judge::open_keys(const Provider& provider, const VerifierOptions& options) {
  const bool is_url = provider.keys_file.empty();
  KeySource source{.provider = provider.name,
                   .place = is_url ? provider.keys_url : provider.keys_file,
                   .time_to_live = provider.keys_time_to_live};
  if (is_url && !is_key_url(source.place)) {
    return misconfigured(provider, "\"" + source.place + "\" is not an http(s) URL of a key set");
  }
  KeyFetcherPtr fetcher = !is_url               ? make_file_fetcher()
                          : options.url_fetcher ? options.url_fetcher
                                                : make_url_fetcher();
  cache_ = std::make_unique<KeyCache>(std::move(source), std::move(fetcher), *options.clock,
                                      *options.logger);
  if (is_url) {
    // An unreachable issuer must not keep the server from starting; the first tokens would wait.
    (void)cache_->find();
    return {};
  }
  if (const Status loaded = cache_->load(); !loaded) {
    return misconfigured(provider, loaded.error().message());
  }
  return {};
}

void Judge::judge(ParsedToken token, std::int64_t now_unix_ms, TokenVerifier::Done done) {
  // First what needs no key: nobody waits for keys with a token that is of no use anyway.
  auto claims = check_claims(token, rules_, now_unix_ms);
  if (!claims) return done(claims.error());
  const KeySetPtr keys = cache_ ? cache_->find() : nullptr;
  SignatureCheck check = check_signature(secrets_, token);
  if (check != SignatureCheck::Valid && keys != nullptr) check = check_signature(*keys, token);
  if (check == SignatureCheck::Valid) return done(*std::move(claims));
  // Keys without an id may have been replaced without a trace.
  const bool may_be_new = cache_ && token.algorithm != Algorithm::Hs256 &&
                          (keys == nullptr || check == SignatureCheck::UnknownKey ||
                           (check == SignatureCheck::Invalid && token.key_id.empty()));
  if (!may_be_new) return done(signature_error(check, token));
  cache_->find_newer(keys, [token = std::move(token), claims = *std::move(claims),
                            done = std::move(done)](Result<KeySetPtr> newer) mutable {
    if (!newer) return done(newer.error());
    const SignatureCheck second = check_signature(**newer, token);
    if (second == SignatureCheck::Valid) return done(std::move(claims));
    done(signature_error(second, token));
  });
}

class Verifier final : public TokenVerifier {
 public:
  static Result<std::unique_ptr<TokenVerifier>> create(VerifierOptions options) {
    if (options.clock == nullptr) options.clock = &system_clock();
    if (options.logger == nullptr) options.logger = &null_logger();
    std::unique_ptr<Verifier> verifier(new Verifier(*options.clock));
    std::set<std::string> issuers;
    for (const Provider& provider : options.providers) {
      if (!issuers.insert(provider.issuer).second) {
        return misconfigured(provider, provider.issuer.empty()
                                           ? "only one provider may be without an issuer"
                                           : "another one has the same issuer");
      }
      MS_TRY(verifier->judges_.emplace_back(), Judge::create(provider, options));
    }
    return verifier;
  }

  void verify(std::string token, Done done) override {
    if (judges_.empty()) {
      return done(refused("not_configured",
                          "a token was sent, but this server checks none; configure a provider in "
                          "moonstone.toml ([auth] issuer, jwks, audience) or set "
                          "MOONSTONE_AUTH_SECRET"));
    }
    auto parsed = parse_token(token);
    if (!parsed) return done(parsed.error());
    Judge* const judge = find_judge(parsed->text_claim("iss"));
    if (judge == nullptr) {
      return done(refused("unknown_issuer", "the token's issuer is not one that is configured"));
    }
    judge->judge(*std::move(parsed), clock_.unix_ms(), std::move(done));
  }

  [[nodiscard]] bool is_configured() const override { return !judges_.empty(); }

 private:
  explicit Verifier(Clock& clock) : clock_(clock) {}

  [[nodiscard]] Judge* find_judge(std::string_view issuer) const {
    Judge* for_others = nullptr;
    for (const auto& judge : judges_) {
      if (judge->issuer().empty()) for_others = judge.get();
      if (!issuer.empty() && judge->issuer() == issuer) return judge.get();
    }
    return for_others;
  }

  Clock& clock_;
  std::vector<std::unique_ptr<Judge>> judges_;
};

}  // namespace

Result<std::unique_ptr<TokenVerifier>> TokenVerifier::create(VerifierOptions options) {
  return Verifier::create(std::move(options));
}

}  // namespace moonstone::identity
