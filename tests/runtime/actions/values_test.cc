// Moonstone. Licence: see LICENSE.

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "base/json.h"
#include "runtime/actions/internal/frames.h"
#include "runtime/actions/internal/tagged_json.h"

namespace moonstone::actions {
namespace {

std::string tagged(const Value& value) {
  std::string out;
  write_tagged_json(value, out);
  return out;
}

Value resolved(const std::string& text) {
  Value value = *parse_json(text);
  resolve_tags(value);
  return value;
}

TEST(TaggedJsonTest, WritesWhatJsonCannotCarry) {
  EXPECT_EQ(tagged(Value()), R"({"$undefined":true})");
  EXPECT_EQ(tagged(std::int64_t{9007199254740991}), "9007199254740991");
  EXPECT_EQ(tagged(std::int64_t{9007199254740992}), R"({"$bigint":"9007199254740992"})");
  EXPECT_EQ(tagged(-std::numeric_limits<double>::infinity()), R"({"$number":"-Infinity"})");
  EXPECT_EQ(tagged(Bytes{"ab"}), R"({"$bytes":"YWI="})");
  EXPECT_EQ(tagged(Object{{"$a", 1}}), R"({"$object":{"$a":1}})");
  EXPECT_EQ(tagged(Object{{"$a", 1}, {"b", Array{Value(), 2}}}),
            R"({"$a":1,"b":[{"$undefined":true},2]})");
}

TEST(TaggedJsonTest, ResolvesWhatItWrites) {
  const Value value =
      Object{{"a", Array{Value(), nullptr, true, std::numeric_limits<std::int64_t>::min()}},
             {"$b", Bytes{"\0x"}},
             {"c", Object{{"$bytes", "text"}}},
             {"d", Object{{"$object", Object{{"$bigint", "1"}}}}}};
  EXPECT_EQ(resolved(tagged(value)), value);
}

TEST(TaggedJsonTest, ANumberBeyondTheSafeIntegersStaysANumber) {
  EXPECT_EQ(resolved("[9007199254740991,9007199254740992]"),
            Value(Array{std::int64_t{9007199254740991}, 9007199254740992.0}));
  EXPECT_EQ(resolved(R"({"a":-9007199254740993})"), Value(Object{{"a", -9007199254740992.0}}));
}

TEST(TaggedJsonTest, ATagThatMeansNothingStays) {
  EXPECT_EQ(resolved(R"({"$bytes":7})"), Value(Object{{"$bytes", 7}}));
  EXPECT_EQ(resolved(R"({"$number":"seven"})"), Value(Object{{"$number", "seven"}}));
}

TEST(FrameReaderTest, ReadsFramesInAnyPieces) {
  std::string bytes;
  append_frame({.kind = FrameKind::Message, .number = 0, .payload = "hello"}, bytes);
  append_frame({.kind = FrameKind::Pull, .number = 0x01020304, .payload = {}}, bytes);
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    FrameReader reader;
    std::string seen;
    for (std::size_t i = 0; i < bytes.size(); i += piece) {
      ASSERT_TRUE(reader.feed(std::string_view(bytes).substr(i, piece),
                              [&](const auto& frame) { append_frame(frame, seen); }));
    }
    EXPECT_EQ(seen, bytes);
  }
}

TEST(FrameReaderTest, RefusesWhatIsNotAFrame) {
  FrameReader reader;
  const auto ignore = [](const WorkerFrame&) {};
  EXPECT_FALSE(reader.feed(std::string(9, '\x7f'), ignore));
  FrameReader other;
  EXPECT_FALSE(other.feed(std::string("\0\0\0\0\x09\0\0\0\0", 9), ignore));
}

}  // namespace
}  // namespace moonstone::actions
