// Moonstone. Licence: see LICENSE.

#include "schema/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/schema/json_text.h"

namespace moonstone::schema {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kBefore = R"({"tables":{
  "old":{"fields":{"x":{"type":"any"}}},
  "notes":{"fields":{"a":{"type":"string"},"b":{"type":"number"},"c":{"type":"any"}},
    "indexes":[{"name":"by_a","fields":["a"]},{"name":"by_b","fields":["b"]}],
    "searchIndexes":[{"name":"s","searchField":"a"}]}}})";
constexpr std::string_view kAfter = R"({"tables":{
  "notes":{"fields":{"d":{"type":"any"},"a":{"type":"string"},
      "b":{"type":"optional","value":{"type":"number"}}},
    "indexes":[{"name":"by_b","fields":["b","a"]},{"name":"by_a","fields":["a"]}],
    "searchIndexes":[{"name":"s2","searchField":"a"}]},
  "fresh":{"fields":{"x":{"type":"any"}},"indexes":[{"name":"by_x","fields":["x"]}]}}})";

std::vector<std::string> lines(const SchemaDiff& diff) {
  std::vector<std::string> lines;
  for (const SchemaChange& change : diff.changes)
    lines.push_back(describe(change));
  return lines;
}

TEST(DiffSchemas, ListsChangesInAnOrderThatCanBeCarriedOut) {
  const SchemaDiff diff = diff_schemas(schema_of(kBefore), schema_of(kAfter));
  EXPECT_THAT(
      lines(diff),
      ElementsAre("old: remove table", "notes: remove search index s", "notes: remove index by_b",
                  "notes: remove field c", "notes: add field d", "notes: change type of field b",
                  "notes: add index by_b", "notes: add search index s2", "fresh: add table"));
  EXPECT_TRUE(diff.loses_data());
  EXPECT_FALSE(diff.same_layout);
}

TEST(DiffSchemas, FindsNothingBetweenEqualSchemas) {
  const SchemaDiff diff = diff_schemas(schema_of(kAfter), schema_of(kAfter));
  EXPECT_TRUE(diff.empty());
  EXPECT_TRUE(diff.same_layout);
  EXPECT_FALSE(diff.loses_data());
}

TEST(DiffSchemas, TakesFieldOrderForALayoutOnly) {
  const SchemaDiff diff = diff_schemas(
      schema_of(R"({"tables":{"t":{"fields":{"a":{"type":"any"},"b":{"type":"any"}}}}})"),
      schema_of(R"({"tables":{"t":{"fields":{"b":{"type":"any"},"a":{"type":"any"}}}}})"));
  EXPECT_THAT(lines(diff), IsEmpty());
  EXPECT_FALSE(diff.same_layout);
}

TEST(DiffSchemas, SeesThatAWiderTypeIsAnotherType) {
  const auto schema_with = [](std::string_view literals) {
    return schema_of(R"({"tables":{"t":{"fields":{"a":{"type":"union","value":[)" +
                     std::string(literals) + "]}}}}}");
  };
  const SchemaDiff diff =
      diff_schemas(schema_with(R"({"type":"literal","value":"x"})"),
                   schema_with(R"({"type":"literal","value":"x"},{"type":"literal","value":"y"})"));
  EXPECT_THAT(lines(diff), ElementsAre("t: change type of field a"));
  EXPECT_FALSE(diff.loses_data());
}

}  // namespace
}  // namespace moonstone::schema
