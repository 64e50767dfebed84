// Moonstone. Licence: see LICENSE.
#include "identity/json_web_token.h"

#include <gtest/gtest.h>

#include "tests/identity/token_maker.h"

namespace moonstone::identity {
namespace {

using testing::claims_json;
using testing::hmac_token;
using testing::to_base64url;

const std::string kSecret(32, 's');

std::string reason_of(std::string_view token) {
  const auto parsed = parse_token(token);
  return parsed ? "" : parsed.error().reason();
}
std::string with_header(std::string_view header) {
  return hmac_token(kSecret, claims_json(), header);
}

TEST(JsonWebTokenTest, TakesATokenApart) {
  const auto token = parse_token(with_header(R"({"alg":"HS256","kid":"k1","typ":"jwt"})"));
  ASSERT_TRUE(token) << token.error().message();
  EXPECT_EQ(token->algorithm, Algorithm::Hs256);
  EXPECT_EQ(token->key_id, "k1");
  EXPECT_EQ(token->text_claim("sub"), "u1");
  EXPECT_EQ(token->text_claim("exp"), "");
  EXPECT_EQ(token->signature.size(), 32U);
}

TEST(JsonWebTokenTest, AlgorithmNamesAreThoseOfTheRegistry) {
  EXPECT_EQ(to_string(Algorithm::Hs256), "HS256");
  EXPECT_EQ(to_string(Algorithm::Rs256), "RS256");
  EXPECT_EQ(to_string(Algorithm::Es256), "ES256");
  EXPECT_EQ(to_string(Algorithm::EdDsa), "EdDSA");
}

TEST(JsonWebTokenTest, UnsignedAndUnknownAlgorithmsAreRefused) {
  for (const char* name : {"none", "None", "NONE", "HS512", "hs256", "RS1", "ES384", ""}) {
    EXPECT_EQ(reason_of(with_header(R"({"alg":")" + std::string(name) + R"("})")), "algorithm")
        << name;
  }
  EXPECT_EQ(reason_of(with_header(R"({"typ":"JWT"})")), "algorithm");
  EXPECT_EQ(reason_of(with_header(R"({"alg":["HS256"]})")), "algorithm");
  EXPECT_EQ(parse_token(with_header(R"({"alg":"nOnE"})")).error().message(),
            "unsigned tokens are not accepted");
}

TEST(JsonWebTokenTest, HeadersThatChangeTheMeaningAreRefused) {
  EXPECT_EQ(reason_of(with_header(R"({"alg":"HS256","crit":["b64"],"b64":false})")), "token");
  EXPECT_EQ(reason_of(with_header(R"({"alg":"HS256","typ":"logout+jwt"})")), "token");
  EXPECT_EQ(reason_of(with_header(R"({"alg":"HS256","kid":7})")), "token");
  EXPECT_EQ(reason_of(with_header(R"({"alg":"HS256","kid":")" + std::string(300, 'k') + R"("})")),
            "token");
  EXPECT_EQ(reason_of(with_header(R"({"alg":"HS256","typ":"at+jwt"})")), "");
}

TEST(JsonWebTokenTest, RepeatedMembersAreRefusedWhereverTheyStand) {
  EXPECT_EQ(reason_of(with_header(R"({"alg":"none","alg":"HS256"})")), "token");
  EXPECT_EQ(reason_of(with_header("{\"alg\":\"HS256\",\"a\\u006cg\":\"HS256\"}")), "token");
  EXPECT_EQ(reason_of(hmac_token(kSecret, R"({"sub":"a","sub":"b"})")), "token");
  EXPECT_EQ(reason_of(hmac_token(kSecret, R"({"a":[{"b":1},{"b":{"c":1,"c":2}}]})")), "token");
  EXPECT_FALSE(repeats_member(R"({"a":{"a":"a\":"},"b":[{"a":1},{"a":2}],"c":"\\"})"));
}

TEST(JsonWebTokenTest, OtherShapesAreNotTokens) {
  const std::string good = with_header(R"({"alg":"HS256"})");
  for (const std::string& text :
       {std::string(), std::string("."), std::string(".."), std::string("a.b"), good + ".x",
        good + "=", "x" + good, " " + good, good + "\n", std::string("sk_live_abcdef"),
        good.substr(0, good.rfind('.') + 1), std::string("e30.e30.e30") + '\0',
        to_base64url("[]") + ".e30.e30", to_base64url("{} x") + ".e30.e30",
        std::string(kTokenBytesMax + 1, 'a')}) {
    EXPECT_FALSE(parse_token(text)) << text.substr(0, 80);
  }
  EXPECT_EQ(reason_of("a.b"), "not_a_token");
  EXPECT_TRUE(looks_like_token(good));
  EXPECT_FALSE(looks_like_token("sk_live.abc"));
  EXPECT_FALSE(looks_like_token("a.b.c d"));
}

TEST(JsonWebTokenTest, SizeIsBounded) {
  const std::string padding(kTokenBytesMax, 'p');
  EXPECT_EQ(reason_of(hmac_token(kSecret, claims_json("u", R"(,"p":")" + padding + "\""))),
            "not_a_token");
  std::string deep;
  for (int i = 0; i < 40; ++i)
    deep += "[";
  EXPECT_EQ(reason_of(hmac_token(kSecret, R"({"a":)" + deep + std::string(40, ']') + "}")),
            "not_a_token");
}

TEST(JsonWebTokenTest, Base64UrlHasOneSpelling) {
  EXPECT_EQ(from_base64url("").value(), "");
  EXPECT_EQ(from_base64url("_-8").value(), "\xff\xef");
  for (const char* text : {"a", "abcde", "AB==", "A+8", "A/8", "AB", "A B", "AAA\n"})
    EXPECT_FALSE(from_base64url(text)) << text;
  for (int size = 0; size < 40; ++size) {
    const std::string bytes(static_cast<std::size_t>(size), static_cast<char>(size * 37));
    EXPECT_EQ(from_base64url(to_base64url(bytes)).value(), bytes);
  }
}

}  // namespace
}  // namespace moonstone::identity
