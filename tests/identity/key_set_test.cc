// Moonstone. Licence: see LICENSE.
#include "identity/key_set.h"

#include <gtest/gtest.h>

#include "tests/identity/token_maker.h"

namespace moonstone::identity {
namespace {

using testing::claims_json;
using testing::hmac_token;
using testing::key_set_json;
using testing::SigningKey;
using Kind = SigningKey::Kind;

SignatureCheck check(const std::string& set, const std::string& token) {
  const auto keys = parse_key_set(set);
  EXPECT_TRUE(keys) << keys.error().message();
  const auto parsed = parse_token(token);
  EXPECT_TRUE(parsed) << parsed.error().message();
  return check_signature(*keys, *parsed);
}

TEST(KeySetTest, EachAlgorithmVerifiesItsOwnTokensAndNoOthers) {
  for (const Kind kind : {Kind::Rsa, Kind::P256, Kind::Ed25519}) {
    const SigningKey key(kind, "k");
    const SigningKey twin(kind, "k");
    const std::string set = key_set_json(key.public_json());
    const std::string token = key.token(claims_json());
    EXPECT_EQ(check(set, token), SignatureCheck::Valid) << key.algorithm();
    EXPECT_EQ(check(set, twin.token(claims_json())), SignatureCheck::Invalid);
    // One changed character of the claims, then of the signature.
    std::string changed = token;
    const std::size_t middle = token.find('.') + 20;
    changed[middle] = changed[middle] == 'A' ? 'B' : 'A';
    if (const auto parsed = parse_token(changed)) {
      EXPECT_EQ(check_signature(parse_key_set(set).value(), *parsed), SignatureCheck::Invalid);
    }
    changed = token;
    const std::size_t in_signature = token.rfind('.') + 5;
    changed[in_signature] = changed[in_signature] == 'A' ? 'B' : 'A';
    EXPECT_EQ(check(set, changed), SignatureCheck::Invalid);
    EXPECT_EQ(check(set, token.substr(0, token.rfind('.') + 1) + "AAAA"), SignatureCheck::Invalid);
  }
}

TEST(KeySetTest, APublicKeyIsNeverASecret) {
  const SigningKey key(Kind::Rsa, "k");
  const std::string set = key_set_json(key.public_json());
  for (const std::string& secret : {key.public_pem(), key.public_json()}) {
    EXPECT_EQ(check(set, hmac_token(secret, claims_json(), R"({"alg":"HS256","kid":"k"})")),
              SignatureCheck::OtherAlgorithm);
  }
  // An elliptic key under the id of an RSA one, and so on.
  const SigningKey other(Kind::P256, "k");
  EXPECT_EQ(check(set, other.token(claims_json())), SignatureCheck::OtherAlgorithm);
}

TEST(KeySetTest, KeysInHeadersAreNotLookedAt) {
  const SigningKey trusted(Kind::P256, "k");
  const SigningKey forger(Kind::P256, "k");
  const std::string header =
      R"({"alg":"ES256","kid":"k","jku":"http://127.0.0.1:1/","x5u":"http://127.0.0.1:1/","jwk":)" +
      forger.public_json() + "}";
  EXPECT_EQ(
      check(key_set_json(trusted.public_json()), forger.token_with_header(header, claims_json())),
      SignatureCheck::Invalid);
}

TEST(KeySetTest, KeyIdsChooseAndTheirAbsenceTriesAll) {
  const SigningKey one(Kind::P256, "one");
  const SigningKey two(Kind::P256, "two");
  const SigningKey nameless(Kind::P256, "");
  const std::string both = key_set_json(one.public_json(), two.public_json());
  EXPECT_EQ(check(both, two.token(claims_json())), SignatureCheck::Valid);
  EXPECT_EQ(check(both, two.token_with_header(R"({"alg":"ES256"})", claims_json())),
            SignatureCheck::Valid);
  EXPECT_EQ(check(both, two.token_with_header(R"({"alg":"ES256","kid":"../two"})", claims_json())),
            SignatureCheck::UnknownKey);
  EXPECT_EQ(check(both, two.token_with_header(R"({"alg":"ES256","kid":"one"})", claims_json())),
            SignatureCheck::Invalid);
  EXPECT_EQ(check(key_set_json(nameless.public_json()),
                  nameless.token_with_header(R"({"alg":"ES256","kid":"any"})", claims_json())),
            SignatureCheck::Valid);
}

TEST(KeySetTest, KeysOfNoUseAreSkippedAndSaidWhy) {
  const SigningKey good(Kind::P256, "good");
  const auto set = parse_key_set(key_set_json(
      SigningKey(Kind::Rsa1024, "weak").public_json(), R"({"kty":"oct","k":"c2VjcmV0"})",
      R"({"kty":"EC","crv":"P-384","x":"AA","y":"AA"})", R"({"kty":"RSA","use":"enc"})",
      R"({"kty":"RSA","alg":"RS512"})", R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})", "7",
      R"({"kty":"OKP","crv":"Ed25519","key_ops":["sign"],"x":"AA"})", good.public_json()));
  ASSERT_TRUE(set) << set.error().message();
  EXPECT_EQ(set->keys.size(), 1U);
  EXPECT_EQ(set->keys[0].id(), "good");
  ASSERT_EQ(set->skipped.size(), 8U);
  EXPECT_EQ(set->skipped[0], "key 1: its RSA modulus has 1024 bits; allowed are 2048 to 8192");
}

TEST(KeySetTest, APointOffTheCurveIsNoKey) {
  const std::string off(43, 'E');
  EXPECT_FALSE(parse_key_set(
      key_set_json(R"({"kty":"EC","crv":"P-256","x":")" + off + R"(","y":")" + off + R"("})")));
}

TEST(KeySetTest, WhatIsNoSetIsSaidToBeNone) {
  for (const std::string& text :
       {std::string(), std::string("<html>"), std::string("[]"), std::string("{}"),
        std::string(R"({"keys":{}})"), std::string(R"({"keys":[]})"),
        std::string(R"({"keys":[],"keys":[]})"), std::string(kKeySetBytesMax + 1, ' ')}) {
    EXPECT_FALSE(parse_key_set(text)) << text.substr(0, 40);
  }
}

TEST(KeySetTest, ASetIsBounded) {
  std::string many;
  const std::string key = SigningKey(Kind::Ed25519, "k").public_json();
  for (std::size_t i = 0; i < kKeysMax + 5; ++i)
    many += (many.empty() ? "" : ",") + key;
  const auto set = parse_key_set(R"({"keys":[)" + many + "]}");
  ASSERT_TRUE(set);
  EXPECT_EQ(set->keys.size(), kKeysMax);
  EXPECT_EQ(set->skipped.size(), 1U);
}

TEST(KeySetTest, SecretsHaveALeastLength) {
  EXPECT_TRUE(VerificationKey::from_secret(std::string(kSecretBytesMin, 's')));
  const auto refused = VerificationKey::from_secret("hunter2" + std::string(24, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message().find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace moonstone::identity
