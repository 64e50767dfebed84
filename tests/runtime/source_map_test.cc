// Moonstone. Licence: see LICENSE.
#include "runtime/internal/source_map.h"

#include <gtest/gtest.h>

namespace moonstone::runtime {
namespace {

SourceMap parse(const std::string& mappings) {
  auto map = SourceMap::parse(R"({"version":3,"sources":["../app/a.ts","./b.ts"],"mappings":")" +
                              mappings + "\"}");
  EXPECT_TRUE(map) << map.error().message();
  return *std::move(map);
}

std::string place(const SourceMap& map, std::size_t line, std::size_t column) {
  const auto found = map.find(line, column);
  if (!found) return "none";
  return std::string(found->file) + ":" + std::to_string(found->line) + ":" +
         std::to_string(found->column);
}

TEST(SourceMapTest, FindsTheSegmentAtOrBeforeAPosition) {
  // Line 1: column 0 -> a.ts 1:1, column 4 -> a.ts 1:9. Line 3: column 2 -> b.ts 5:3.
  const SourceMap map = parse("AAAA,IAAQ;;ECIN");
  EXPECT_EQ(place(map, 1, 1), "app/a.ts:1:1");
  EXPECT_EQ(place(map, 1, 4), "app/a.ts:1:1");
  EXPECT_EQ(place(map, 1, 5), "app/a.ts:1:9");
  EXPECT_EQ(place(map, 1, 500), "app/a.ts:1:9");
  EXPECT_EQ(place(map, 2, 1), "none");
  EXPECT_EQ(place(map, 3, 1), "none");
  EXPECT_EQ(place(map, 3, 3), "b.ts:5:3");
  EXPECT_EQ(place(map, 4, 1), "none");
  EXPECT_EQ(place(map, 0, 0), "none");
}

TEST(SourceMapTest, NamesAndUnmappedCodeAreSkipped) {
  const SourceMap map = parse("AAAAA,C,CACC");
  EXPECT_EQ(place(map, 1, 3), "app/a.ts:2:2");
}

TEST(SourceMapTest, MalformedMapsAreErrors) {
  for (const std::string json :
       {R"({})", R"([])", R"({"sources":[],"mappings":1})", R"({"sources":1,"mappings":""})",
        R"({"sources":[],"mappings":"!"})", R"({"sources":[],"mappings":"A"})",
        R"({"sources":[],"mappings":"gggggggggggggggg"})", R"({"sources":[],"mappings":"DAAA"})",
        R"({"sources":[],"mappings":"AAAAAA"})"}) {
    const auto map = SourceMap::parse(json);
    if (json.ends_with("\"A\"}")) {
      EXPECT_TRUE(map);  // generated code without a source
      continue;
    }
    EXPECT_FALSE(map) << json;
  }
}

TEST(SourceMapTest, SegmentOfAnUnknownSourceMapsToNothing) {
  EXPECT_EQ(place(parse("AEAA"), 1, 1), "none");
}

TEST(StackTest, FramesAreMappedAndThoseOfTheRuntimeDropped) {
  const SourceMap map = parse("AAAA,IAAQ;;ECIN");
  const std::string_view stack =
      "Error: two\nlines (bundle.js:1:1)\n"
      "    at list (bundle.js:1:5)\n"
      "    at async Promise.all (index 0)\n"
      "    at QueryBuilder.collect (moonstone:prelude:10:3)\n"
      "    at async handler (bundle.js:3:3)\n"
      "    at Array.map (<anonymous>)\n"
      "    at new Thing (bundle.js:2:7)\n"
      "    at bundle.js:1:1";
  EXPECT_EQ(map_stack(stack, &map),
            "at list (app/a.ts:1:9)\n"
            "at async handler (b.ts:5:3)\n"
            "at new Thing (bundle.js:2:7)\n"
            "at app/a.ts:1:1");
  EXPECT_EQ(map_stack("    at list (bundle.js:1:5)", nullptr), "at list (bundle.js:1:5)");
  EXPECT_EQ(map_stack("", &map), "");
  EXPECT_EQ(
      map_text("seen: Error: x\n    at list (bundle.js:1:5)\n    at f (moonstone:prelude:1:1)",
               &map),
      "seen: Error: x\n    at list (app/a.ts:1:9)");
}

}  // namespace
}  // namespace moonstone::runtime
