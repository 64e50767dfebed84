// Moonstone. Licence: see LICENSE.
#include "base/redact.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/json.h"

namespace moonstone {
namespace {

TEST(Redact, TellingNames) {
  for (const char* name :
       {"password", "userPassword", "API_KEY", "x-api-key", "apiKey", "Authorization", "Set-Cookie",
        "access_token", "clientSecret", "MOONSTONE_ADMIN_KEY", "private-key"}) {
    EXPECT_TRUE(names_secret(name)) << name;
  }
  for (const char* name : {"function", "key", "text", "monkey", "author", "pass", ""}) {
    EXPECT_FALSE(names_secret(name)) << name;
  }
}

TEST(Redact, Texts) {
  EXPECT_EQ(redact_text("GET /storage/upload?token=abc.def-1&x=2"),
            "GET /storage/upload?token=[redacted]&x=2");
  EXPECT_EQ(redact_text("Authorization: Bearer abc123 more"),
            "Authorization: Bearer [redacted] more");
  EXPECT_EQ(redact_text("bearer x"), "bearer [redacted]");
  EXPECT_EQ(redact_text(R"({"password":"hunter2","name":"Ada"})"),
            R"({"password":"[redacted]","name":"Ada"})");
  EXPECT_EQ(redact_text("saw eyJhbGciOi.eyJzdWIi.c2ln here"), "saw [redacted] here");
  EXPECT_EQ(redact_text("api_key=1; Cookie: sid=9"), "api_key=[redacted]; Cookie: [redacted]");
}

TEST(Redact, OrdinaryTextStays) {
  for (const char* text : {"", "plain", "a token was sent", "x=1&y=2", "the password is wrong",
                           "eyJ not one", "Zürich — ☀", "secret", "token=", "bearer"}) {
    EXPECT_EQ(redact_text(text), text);
  }
}

TEST(Redact, TokensAmongOtherWords) {
  EXPECT_EQ(redact_text("a.b=eyJx.y.z c.eyJx.y.z. d"), "a.b=[redacted] c.[redacted] d");
  EXPECT_EQ(redact_text("eyJx.y and eyJx.y=z"), "eyJx.y and eyJx.y=z");
  EXPECT_EQ(redact_text("eyJa=eyJb=eyJc.d.e"), "[redacted]");
  EXPECT_EQ(redact_text("eyJa.b eyJc.d.e eyJf.g"), "eyJa.b [redacted] eyJf.g");
}

// A caller can bring any text into the log, on the thread that writes for all. If each word looked
// at the rest of its run this would take hours.
TEST(Redact, LongTextsAreReadOnce) {
  for (const std::string_view word : {"a.", "eyJ=", "a/", "token ", "token:x ", "bearer."}) {
    std::string text;
    while (text.size() < 4'000'000)
      text += word;
    EXPECT_FALSE(redact_text(text).empty()) << word;
  }
}

TEST(Redact, ValuesAtAnyDepth) {
  const Value value =
      *parse_json(R"({"a":[{"token":{"x":1}},{"url":"/?secret=1"}],"cookie":null,"n":3})");
  EXPECT_EQ(to_json(redact("fields", value)),
            R"({"a":[{"token":"[redacted]"},{"url":"/?secret=[redacted]"}],"cookie":null,"n":3})");
  EXPECT_EQ(to_json(redact("password", 12)), R"("[redacted]")");
}

}  // namespace
}  // namespace moonstone
