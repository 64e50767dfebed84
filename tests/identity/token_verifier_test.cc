// Moonstone. Licence: see LICENSE.
#include "identity/token_verifier.h"

#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>

#include <gtest/gtest.h>
#include <unistd.h>

#include "identity/internal/key_cache.h"
#include "identity/key_set.h"
#include "tests/identity/token_maker.h"

namespace moonstone::identity {
namespace {

using testing::claims_json;
using testing::hmac_token;
using testing::key_set_json;
using testing::kNowSeconds;
using testing::SigningKey;
using Kind = SigningKey::Kind;

constexpr std::chrono::seconds kPatience{60};
const std::string kSecret = "0123456789abcdef0123456789abcdef";
const std::string kUrl = "https://issuer.test/keys";

/// Answers with what the test puts there; may be held up.
class ScriptedFetcher final : public KeyFetcher {
 public:
  Result<std::string> fetch(const std::string& place, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    ++fetches_[place];
    changed_.notify_all();
    changed_.wait_for(lock, kPatience, [&] { return !is_held_ || stop.stop_requested(); });
    const auto found = answers_.find(place);
    if (found == answers_.end()) return Error(ErrorCode::Unavailable, "connection refused");
    return found->second;
  }
  void answer(const std::string& text, const std::string& place = kUrl) {
    const std::lock_guard lock(mutex_);
    answers_[place] = text;
  }
  void fail() {
    const std::lock_guard lock(mutex_);
    answers_.clear();
  }
  void hold(bool is_held) {  // NOLINT: a test's switch
    const std::lock_guard lock(mutex_);
    is_held_ = is_held;
    changed_.notify_all();
  }
  int fetches(const std::string& place = kUrl) {
    const std::lock_guard lock(mutex_);
    return fetches_[place];
  }
  bool wait_for_fetches(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return fetches_[kUrl] >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::string> answers_;
  std::map<std::string, int> fetches_;
  bool is_held_ = false;
};

/// An answer that may come from another thread.
class Answer {
 public:
  void set(Result<VerifiedToken> result) {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(result_) << "answered twice";
    result_ = std::move(result);
    changed_.notify_all();
  }
  [[nodiscard]] bool is_there() {
    const std::lock_guard lock(mutex_);
    return result_.has_value();
  }
  /// The subject, or the reason of the refusal.
  std::string wait() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [this] { return result_.has_value(); })) return "late";
    if (!*result_) return (*result_).error().reason();
    return (**result_).identity.as_object().find("subject")->as_text();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Result<VerifiedToken>> result_;
};

class TokenVerifierTest : public ::testing::Test {
 protected:
  void open(std::vector<Provider> providers) {
    auto created = create(std::move(providers));
    ASSERT_TRUE(created) << created.error().message();
    verifier_ = *std::move(created);
  }
  Result<std::unique_ptr<TokenVerifier>> create(std::vector<Provider> providers) {
    return TokenVerifier::create(
        {.providers = std::move(providers), .clock = &clock_, .url_fetcher = fetcher_});
  }
  static Provider with_secret() { return {.name = "main", .secrets = {kSecret}}; }
  static Provider with_url() {
    return {
        .name = "main", .issuer = "https://issuer.test", .audiences = {"app"}, .keys_url = kUrl};
  }
  std::shared_ptr<Answer> ask(const std::string& token) {
    auto answer = std::make_shared<Answer>();
    verifier_->verify(token,
                      [answer](Result<VerifiedToken> result) { answer->set(std::move(result)); });
    return answer;
  }
  std::string verify(const std::string& token) { return ask(token)->wait(); }
  std::string refusal_of(std::vector<Provider> providers) {
    const auto created = create(std::move(providers));
    return created ? "" : created.error().message();
  }

  ManualClock clock_{kNowSeconds * 1000};
  std::shared_ptr<ScriptedFetcher> fetcher_ = std::make_shared<ScriptedFetcher>();
  std::unique_ptr<TokenVerifier> verifier_;
};

TEST_F(TokenVerifierTest, WithoutAProviderATokenIsAnErrorThatSaysHowToConfigureOne) {
  open({});
  EXPECT_FALSE(verifier_->is_configured());
  verifier_->verify("anything", [](const Result<VerifiedToken>& result) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason(), "not_configured");
    EXPECT_NE(result.error().message().find("MOONSTONE_AUTH_SECRET"), std::string::npos);
  });
}

TEST_F(TokenVerifierTest, SecretsAnswerAtOnceAndMayBeTwoWhileOneReplacesTheOther) {
  Provider provider = with_secret();
  const std::string next = "fedcba9876543210fedcba9876543210";
  provider.secrets.push_back(next);
  open({provider});
  const auto answer = ask(hmac_token(kSecret, claims_json("ann")));
  EXPECT_TRUE(answer->is_there()) << "nothing to wait for";
  EXPECT_EQ(answer->wait(), "ann");
  EXPECT_EQ(verify(hmac_token(next, claims_json("ben"))), "ben");
  EXPECT_EQ(verify(hmac_token(std::string(32, 'x'), claims_json())), "signature");
  EXPECT_EQ(verify(SigningKey(Kind::Rsa, "k").token(claims_json())), "key");
  EXPECT_EQ(verify(hmac_token("", claims_json())), "signature");
  EXPECT_EQ(verify("no token"), "not_a_token");
}

TEST_F(TokenVerifierTest, NoMessageRepeatsTheTokenOrTheSecret) {
  open({with_secret()});
  for (const std::string& token :
       {hmac_token("wrong" + kSecret, claims_json()), std::string("secret-api-key"),
        hmac_token(kSecret, R"({"sub":"u","exp":1})")}) {
    verifier_->verify(token, [&](const Result<VerifiedToken>& result) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().message().find(token.substr(token.rfind('.') + 1)),
                std::string::npos);
      EXPECT_EQ(result.error().message().find(kSecret), std::string::npos);
    });
  }
}

TEST_F(TokenVerifierTest, TheIssuerChoosesTheProvider) {
  const SigningKey key(Kind::P256, "k");
  fetcher_->answer(key_set_json(key.public_json()));
  open({with_secret(), with_url()});
  EXPECT_EQ(verify(key.token(claims_json("ann"))), "ann");
  // The secret's owner cannot speak for the other issuer, nor the other way round.
  EXPECT_EQ(verify(hmac_token(kSecret, claims_json("ann"))), "key");
  const std::string elsewhere = R"({"iss":"https://elsewhere.test","sub":"ann","exp":1795003600})";
  EXPECT_EQ(verify(hmac_token(kSecret, elsewhere)), "ann");
  EXPECT_EQ(verify(key.token(elsewhere)), "key");
  open({with_url()});
  EXPECT_EQ(verify(key.token(elsewhere)), "unknown_issuer");
}

TEST_F(TokenVerifierTest, ManyWaitForOneFetch) {
  const SigningKey key(Kind::Ed25519, "k");
  fetcher_->hold(true);
  open({with_url()});
  std::vector<std::shared_ptr<Answer>> answers;
  for (int i = 0; i < 50; ++i)
    answers.push_back(ask(key.token(claims_json("u" + std::to_string(i)))));
  EXPECT_FALSE(answers.back()->is_there());
  fetcher_->answer(key_set_json(key.public_json()));
  fetcher_->hold(false);
  for (std::size_t i = 0; i < answers.size(); ++i)
    EXPECT_EQ(answers[i]->wait(), "u" + std::to_string(i));
  EXPECT_EQ(fetcher_->fetches(), 1);
  EXPECT_TRUE(ask(key.token(claims_json()))->is_there()) << "keys at hand: no waiting";
}

TEST_F(TokenVerifierTest, ARotatedKeyIsFetchedOnceAndUnknownKeysNotMoreOftenThanAllowed) {
  const SigningKey first(Kind::P256, "first");
  const SigningKey second(Kind::P256, "second");
  fetcher_->answer(key_set_json(first.public_json()));
  open({with_url()});
  EXPECT_EQ(verify(first.token(claims_json("ann"))), "ann");
  fetcher_->answer(key_set_json(first.public_json(), second.public_json()));
  EXPECT_EQ(verify(second.token(claims_json("ben"))), "key") << "too soon after the last fetch";
  clock_.advance(kRefetchAfter);
  EXPECT_EQ(verify(second.token(claims_json("ben"))), "ben");
  EXPECT_EQ(verify(first.token(claims_json("ann"))), "ann");
  EXPECT_EQ(fetcher_->fetches(), 2);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(verify(SigningKey(Kind::Ed25519, "k" + std::to_string(i)).token(claims_json())),
              "key");
  EXPECT_EQ(fetcher_->fetches(), 2);
  // The old key is withdrawn; after the next fetch its tokens are of no use.
  fetcher_->answer(key_set_json(second.public_json()));
  clock_.advance(kRefetchAfter);
  EXPECT_EQ(verify(SigningKey(Kind::P256, "third").token(claims_json())), "key");
  EXPECT_EQ(verify(first.token(claims_json("ann"))), "key");
}

TEST_F(TokenVerifierTest, ExpiredTokensCauseNoFetch) {
  const SigningKey key(Kind::P256, "k");
  fetcher_->answer(key_set_json(key.public_json()));
  open({with_url()});
  EXPECT_EQ(verify(key.token(claims_json("ann"))), "ann");
  clock_.advance(std::chrono::hours(2));
  EXPECT_EQ(verify(SigningKey(Kind::P256, "new").token(claims_json())), "expired");
  EXPECT_EQ(fetcher_->fetches(), 1);
}

TEST_F(TokenVerifierTest, OldKeysServeOnWhileTheyAreRenewedOrCannotBe) {
  const SigningKey key(Kind::P256, "k");
  const std::string far =
      R"({"iss":"https://issuer.test","aud":"app","sub":"ann","exp":1799999999})";
  fetcher_->answer(key_set_json(key.public_json()));
  open({with_url()});
  EXPECT_EQ(verify(key.token(far)), "ann");
  fetcher_->fail();
  clock_.advance(std::chrono::seconds(600));
  EXPECT_TRUE(ask(key.token(far))->is_there()) << "renewed in the background";
  EXPECT_TRUE(fetcher_->wait_for_fetches(2));
  clock_.advance(std::chrono::hours(12));
  EXPECT_EQ(verify(key.token(far)), "ann");
  clock_.advance(kKeysAgeMax);
  EXPECT_EQ(verify(key.token(far)), "keys_unavailable") << "withdrawn keys must end some day";
  fetcher_->answer(key_set_json(key.public_json()));
  clock_.advance(kRetryAfter);
  EXPECT_EQ(verify(key.token(far)), "ann");
}

TEST_F(TokenVerifierTest, WithoutKeysTheErrorSaysThatItIsNotTheTokensFault) {
  const SigningKey key(Kind::P256, "k");
  open({with_url()});
  EXPECT_TRUE(fetcher_->wait_for_fetches(1));
  EXPECT_EQ(verify(key.token(claims_json())), "keys_unavailable");
  fetcher_->answer("<html>");
  clock_.advance(kRetryAfter);
  EXPECT_EQ(verify(key.token(claims_json())), "keys_unavailable");
  fetcher_->answer(key_set_json(key.public_json()));
  clock_.advance(kRetryAfter);
  EXPECT_EQ(verify(key.token(claims_json("ann"))), "ann");
}

TEST_F(TokenVerifierTest, WhoeverWaitsAtTheEndIsAnswered) {
  const SigningKey key(Kind::P256, "k");
  fetcher_->hold(true);
  open({with_url()});
  const auto answer = ask(key.token(claims_json()));
  EXPECT_TRUE(fetcher_->wait_for_fetches(1));
  fetcher_->hold(false);
  verifier_.reset();
  EXPECT_EQ(answer->wait(), "keys_unavailable");
}

TEST_F(TokenVerifierTest, KeysMayStandInAFileThatIsReadAtTheStartAndWhenAKeyIsUnknown) {
  const SigningKey first(Kind::Rsa, "first");
  const SigningKey second(Kind::Rsa, "second");
  std::string path = (std::filesystem::temp_directory_path() / "moonstone-keys-XXXXXX").string();
  const int file = mkstemp(path.data());
  ::close(file);
  Provider provider = with_url();
  provider.keys_url = "";
  provider.keys_file = path;
  EXPECT_NE(refusal_of({provider}).find(path), std::string::npos) << "an empty file";
  std::ofstream(path) << key_set_json(first.public_json());
  open({provider});
  EXPECT_EQ(verify(first.token(claims_json("ann"))), "ann");
  std::ofstream(path) << key_set_json(second.public_json());
  clock_.advance(kRefetchAfter);
  EXPECT_EQ(verify(second.token(claims_json("ben"))), "ben");
  std::filesystem::remove(path);
  EXPECT_NE(refusal_of({provider}), "");
}

TEST_F(TokenVerifierTest, WrongProvidersAreRefusedByName) {
  Provider keyless{.name = "auth.x", .issuer = "https://x"};
  EXPECT_EQ(refusal_of({keyless}),
            "auth provider auth.x: it has no key; give it a key set (jwks), or a secret in the "
            "environment");
  Provider no_audience = with_url();
  no_audience.audiences.clear();
  EXPECT_NE(refusal_of({no_audience}).find("\"*\""), std::string::npos);
  Provider any_audience = with_url();
  any_audience.audiences = {"*"};
  EXPECT_EQ(refusal_of({any_audience}), "");
  Provider no_issuer = with_url();
  no_issuer.issuer.clear();
  EXPECT_NE(refusal_of({no_issuer}), "");
  EXPECT_NE(refusal_of({with_url(), with_url()}), "");
  EXPECT_NE(refusal_of({with_secret(), with_secret()}), "");
  Provider short_secret{.name = "main", .secrets = {"hunter2"}};
  EXPECT_EQ(refusal_of({short_secret}).find("hunter2"), std::string::npos);
  EXPECT_NE(refusal_of({short_secret}), "");
  for (const char* url : {"file:///etc/passwd", "ftp://x/y", "https://", "https://u:p@x/",
                          "jwks.json", "http://x/#a", "http://x/ y"}) {
    Provider provider = with_url();
    provider.keys_url = url;
    EXPECT_NE(refusal_of({provider}), "") << url;
  }
}

}  // namespace
}  // namespace moonstone::identity
