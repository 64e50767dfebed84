// Moonstone. Licence: see LICENSE.
#include "identity/claims.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "tests/identity/token_maker.h"

namespace moonstone::identity {
namespace {

using testing::claims_json;
using testing::kNowSeconds;

const ClaimRules kRules{.issuer = "https://issuer.test", .audiences = {"app", "other"}};

Result<VerifiedToken> check(const std::string& claims,
                            const ClaimRules& rules = kRules,
                            std::int64_t seconds_later = 0) {
  ParsedToken token;
  token.claims = parse_json(claims).value().as_object();
  return check_claims(token, rules, (kNowSeconds + seconds_later) * 1000);
}
std::string reason_of(const Result<VerifiedToken>& checked) {
  return checked ? "" : checked.error().reason();
}
std::string with_times(const std::string& times) {
  return R"({"iss":"https://issuer.test","aud":"app","sub":"u",)" + times + "}";
}

TEST(ClaimsTest, TheIdentityHasTheNamesOfTheSpecAndNothingThatChangesWithEachToken) {
  const auto checked = check(claims_json(
      "u1", R"(,"jti":"x","nbf":1,"nonce":"n","email":"a@b.c","email_verified":true,"name":"A",
               "preferred_username":"ann","picture":"p","role":"admin","org":{"id":7},
               "subject":"forged","tokenIdentifier":"forged","username":"other")"));
  ASSERT_TRUE(checked) << checked.error().message();
  EXPECT_EQ(to_json(checked->identity),
            R"({"subject":"u1","issuer":"https://issuer.test",)"
            R"("tokenIdentifier":"https://issuer.test|u1","email":"a@b.c","emailVerified":true,)"
            R"("name":"A","username":"ann","pictureUrl":"p","aud":"app","role":"admin",)"
            R"("org":{"id":7}})");
  EXPECT_EQ(checked->expires_unix_ms, (kNowSeconds + 3600 + 60) * 1000);
}

TEST(ClaimsTest, ATokenEndsWithItsTimeAndTheSkew) {
  EXPECT_EQ(reason_of(check(claims_json(), kRules, 3659)), "");
  const auto expired = check(claims_json(), kRules, 3660);
  EXPECT_EQ(reason_of(expired), "expired");
  EXPECT_EQ(expired.error().message(), "the token expired 60 s ago; send a fresh one");
  ClaimRules strict = kRules;
  strict.clock_skew = std::chrono::seconds(0);
  EXPECT_EQ(reason_of(check(claims_json(), strict, 3600)), "expired");
}

TEST(ClaimsTest, TimesBeforeTheTokenBeginsAreRefused) {
  const std::string now = std::to_string(kNowSeconds);
  const auto later = [](int seconds) { return std::to_string(kNowSeconds + seconds); };
  const std::string good = R"("exp":)" + later(3600);
  EXPECT_EQ(reason_of(check(with_times(good + R"(,"nbf":)" + later(60)))), "");
  EXPECT_EQ(reason_of(check(with_times(good + R"(,"nbf":)" + later(61)))), "not_yet_valid");
  EXPECT_EQ(reason_of(check(with_times(good + R"(,"iat":)" + later(61)))), "not_yet_valid");
  EXPECT_EQ(reason_of(check(with_times(R"("iat":)" + now))), "claims") << "no exp";
}

TEST(ClaimsTest, AbsurdTimesAreRefused) {
  for (const char* value : {"-1", "1e300", "253402300800", "\"1795003600\"", "null", "true", "[]",
                            "1795003600000", "9223372036854775807"}) {
    EXPECT_EQ(reason_of(check(with_times(R"("exp":)" + std::string(value)))), "claims") << value;
    EXPECT_EQ(reason_of(check(with_times(R"("exp":1795003600,"nbf":)" + std::string(value)))),
              "claims")
        << value;
  }
  EXPECT_EQ(reason_of(check(with_times(R"("exp":1795003600.5)"))), "") << "fractions are allowed";
}

TEST(ClaimsTest, TheAudienceMustBeOneOfOurs) {
  const auto with_audience = [](const std::string& audience) {
    return check(R"({"iss":"https://issuer.test","sub":"u","exp":1795003600,"aud":)" + audience +
                 "}");
  };
  EXPECT_TRUE(with_audience(R"("other")"));
  EXPECT_TRUE(with_audience(R"(["x","app"])"));
  for (const char* audience : {R"("App")", R"(["x"])", "[]", "7", "null", R"([["app"]])", R"("")"})
    EXPECT_EQ(reason_of(with_audience(audience)), "audience") << audience;
  EXPECT_EQ(with_audience(R"("shop")").error().message(),
            R"(the token is for the audience "shop", not for "app")");
  EXPECT_EQ(reason_of(check(R"({"iss":"https://issuer.test","sub":"u","exp":1795003600})")),
            "audience");
  EXPECT_TRUE(check(R"({"iss":"https://issuer.test","sub":"u","exp":1795003600})",
                    {.issuer = "https://issuer.test", .audiences = {}}));
}

TEST(ClaimsTest, TheIssuerMustBeTheOneAndTheSubjectSomebody) {
  EXPECT_EQ(reason_of(check(R"({"iss":"https://issuer.test/","sub":"u","exp":1795003600})")),
            "issuer");
  EXPECT_EQ(reason_of(check(R"({"iss":["https://issuer.test"],"sub":"u","exp":1795003600})")),
            "claims");
  for (const std::string& subject : {std::string("7"), std::string("\"\""), std::string("null"),
                                     "\"" + std::string(2000, 's') + "\""}) {
    EXPECT_EQ(
        reason_of(check(R"({"iss":"https://issuer.test","aud":"app","exp":1795003600,"sub":)" +
                        subject + "}")),
        "claims");
  }
  const auto own = check(R"({"sub":"u","exp":1795003600})", {.issuer = "", .audiences = {}});
  ASSERT_TRUE(own);
  EXPECT_EQ(own->identity.as_object().find("tokenIdentifier")->as_text(), "moonstone|u");
}

TEST(ClaimsTest, MessagesRepeatLittleOfALongText) {
  const std::string long_issuer = std::string(99, 'x') + "ü" + std::string(5000, 'y');
  const auto checked = check(R"({"iss":")" + long_issuer + R"(","sub":"u","exp":1795003600})");
  ASSERT_EQ(reason_of(checked), "issuer");
  EXPECT_LT(checked.error().message().size(), 250U);
  EXPECT_TRUE(parse_json("\"" + std::string(99, 'x') + "\""));
  EXPECT_EQ(checked.error().message().find("ü"), std::string::npos);
}

}  // namespace
}  // namespace moonstone::identity
