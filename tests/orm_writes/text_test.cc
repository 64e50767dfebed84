// Moonstone. Licence: see LICENSE.
// Texts of values: white space, lengths, dates, ids, transforms.

#include <cmath>
#include <limits>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/ulid.h"
#include "orm/internal/date_text.h"
#include "orm/internal/id_text.h"
#include "orm/internal/transform.h"
#include "orm/internal/unicode.h"

namespace moonstone::orm {
namespace {

TEST(UnicodeTest, TrimsWhatJavaScriptTrims) {
  EXPECT_EQ(trimmed("  a b\t\n"), "a b");
  EXPECT_EQ(trimmed("\u00a0\ufeff\u3000a\u2028"), "a");
  EXPECT_EQ(trimmed(" \t "), "");
  EXPECT_EQ(trimmed("\u200ba"), "\u200ba");  // a zero-width space is none
}

TEST(UnicodeTest, CountsUtf16Units) {
  EXPECT_EQ(utf16_length("abc"), 3U);
  EXPECT_EQ(utf16_length("\u00e4\u20ac"), 2U);
  EXPECT_EQ(utf16_length("\U0001F600"), 2U);
}

TEST(UnicodeTest, MakesTextAsStringDoes) {
  EXPECT_EQ(text_of(Value(5.0)), "5");
  EXPECT_EQ(text_of(Value(0.5)), "0.5");
  EXPECT_EQ(text_of(Value(true)), "true");
  EXPECT_EQ(text_of(Value(Array{Value(1), Value(nullptr), Value("a")})), "1,,a");
  EXPECT_EQ(text_of(Value(Object())), "[object Object]");
  EXPECT_EQ(text_of(Value(std::numeric_limits<double>::quiet_NaN())), "NaN");
}

TEST(UnicodeTest, MakesNumbersAsNumberDoes) {
  EXPECT_EQ(number_of(Value(" 42 ")), 42);
  EXPECT_EQ(number_of(Value("+1.5")), 1.5);
  EXPECT_EQ(number_of(Value("")), 0);
  EXPECT_EQ(number_of(Value(true)), 1);
  EXPECT_TRUE(std::isnan(number_of(Value("4x"))));
  EXPECT_TRUE(std::isnan(number_of(Value("inf"))));
}

TEST(DateTextTest, PrintsAsJavaScriptDoes) {
  EXPECT_EQ(iso_text_of(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(iso_text_of(1'769'940'000'123), "2026-02-01T10:00:00.123Z");
  EXPECT_EQ(iso_text_of(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(iso_text_of(951'782'400'000), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(iso_text_of(-62'198'755'200'000), "-000001-01-01T00:00:00.000Z");
  EXPECT_EQ(iso_text_of(8.64e15), "+275760-09-13T00:00:00.000Z");
  EXPECT_EQ(iso_text_of(8.64e15 + 1), std::nullopt);
  EXPECT_EQ(iso_text_of(std::numeric_limits<double>::infinity()), std::nullopt);
}

TEST(DateTextTest, TakesTheFormsOfDateTimes) {
  for (const std::string_view good :
       {"2024-01-15", "2024-01-15T09:30:00", "2024-01-15T09:30:00Z", "2024-01-15T09:30:00.5Z",
        "2024-01-15T09:30:00+02:00", "2024-01-15T09:30:00.123456-02:00", "2024-99-99"}) {
    EXPECT_TRUE(is_date_time_text(good)) << good;
  }
  for (const std::string_view bad :
       {"", "2024-1-15", "2024-01-15 09:30:00", "2024-01-15T09:30Z", "2024-01-15T09:30:00.Z",
        "2024-01-15T09:30:00z", "2024-01-15T09:30:00+0200", "2024-01-15\n", "x2024-01-15"}) {
    EXPECT_FALSE(is_date_time_text(bad)) << bad;
  }
}

bool is_made_of(std::string_view text, std::string_view alphabet) {
  return text.find_first_not_of(alphabet) == std::string_view::npos;
}

TEST(IdTextTest, HasTheFormsOfIds) {
  SeededRandom random(7);
  const std::string uuid = make_uuid(random);
  ASSERT_EQ(uuid.size(), 36U);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_TRUE(is_made_of(uuid.substr(19, 1), "89ab")) << uuid;
  EXPECT_TRUE(is_made_of(uuid, "0123456789abcdef-")) << uuid;

  const std::string ulid = make_ulid(random, 1'769'940'000'123);
  EXPECT_EQ(ulid_unix_ms(ulid), 1'769'940'000'123) << ulid;

  const std::string cuid = make_cuid(random, 1'769'940'000'123);
  EXPECT_EQ(cuid.size(), 25U);
  EXPECT_EQ(cuid.front(), 'c');
  EXPECT_TRUE(is_made_of(cuid, "0123456789abcdefghijklmnopqrstuvwxyz")) << cuid;

  const std::string nanoid = make_nanoid(random);
  EXPECT_EQ(nanoid.size(), 21U);
  EXPECT_TRUE(
      is_made_of(nanoid, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"))
      << nanoid;
}

TEST(IdTextTest, DiffersFromIdToIdAndNotFromSeedToSeed) {
  SeededRandom random(7);
  SeededRandom again(7);
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const std::string id = make_nanoid(random);
    EXPECT_EQ(id, make_nanoid(again));
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(TransformTest, MakesSlugs) {
  EXPECT_EQ(slug_of("Hello,  World_again"), "hello-world-again");
  EXPECT_EQ(slug_of("--A - b--"), "a-b");
  EXPECT_EQ(slug_of("C++ & D"), "c-d");
  EXPECT_EQ(slug_of("caf\u00e9"), "caf");
  EXPECT_EQ(slug_of("!!"), "");
}

TEST(TransformTest, TakesWhatIsNoTextAsText) {
  Value number(12);
  apply_transform(schema::Transform::Trim, number);
  EXPECT_EQ(number, Value("12"));
  Value missing(nullptr);
  apply_transform(schema::Transform::Upper, missing);
  EXPECT_EQ(missing, Value(nullptr));
  Value text("  \u00c4b ");
  apply_transform(schema::Transform::Trim, text);
  apply_transform(schema::Transform::Lower, text);
  EXPECT_EQ(text, Value("\u00e4b"));
}

TEST(TransformTest, CoercesNumbersToDateTimes) {
  Value number(0.0);
  EXPECT_TRUE(coerce_date_time(number));
  EXPECT_EQ(number, Value("1970-01-01T00:00:00.000Z"));
  Value date("2024-01-15");
  EXPECT_TRUE(coerce_date_time(date));
  EXPECT_EQ(date, Value("2024-01-15"));
  Value wrong("tomorrow");
  EXPECT_FALSE(coerce_date_time(wrong));
  Value truth(true);
  EXPECT_FALSE(coerce_date_time(truth));
  Value endless(std::numeric_limits<double>::infinity());
  EXPECT_FALSE(coerce_date_time(endless));
}

}  // namespace
}  // namespace moonstone::orm
