// Moonstone. Licence: see LICENSE.
//
// The JSON of the tree. Source: litestone.md 3.7
#include "schema/lite/ast_json.h"

#include <string>

#include <gtest/gtest.h>

#include "base/json.h"
#include "tests/lite/golden.h"
#include "tests/lite/schema_text.h"

namespace moonstone::lite {
namespace {

TEST(LiteAstJsonTest, ASchemaWithEverything) {
  const Schema schema = parse_valid(read_test_file("golden/everything.lite"));
  expect_golden_json("golden/everything.json", schema_to_json(schema));
}

TEST(LiteAstJsonTest, AnEmptySchema) {
  EXPECT_EQ(to_json(schema_to_json(parse_valid(""))),
            R"({"imports":[],"databases":[],"models":[],"views":[],"enums":[],"functions":[],)"
            R"("traits":[],"types":[]})");
}

TEST(LiteAstJsonTest, ResultsOfParsing) {
  const Object good = parse_result_to_json(parse("model A { a Int @@deny('read', true) }"));
  EXPECT_TRUE(good.find("schema")->is_object());
  EXPECT_EQ(*good.find("valid"), Value(true));
  EXPECT_EQ(good.find("warnings")->as_array().size(), 1U);
  EXPECT_EQ(
      to_json(parse_result_to_json(parse("model"))),
      R"json({"schema":null,"valid":false,"errors":["Expected a name, got the end of the )json"
      R"json(schema (line 1, col 6)"],"warnings":[]})json");
}

TEST(LiteAstJsonTest, OneModel) {
  const Schema schema = parse_valid("/// T\nmodel A { /// k\n id Int @id\n n Text[]? }");
  EXPECT_EQ(to_json(model_to_json(schema.models.at(0))),
            R"({"name":"A","comments":["T"],"fields":[)"
            R"({"name":"id","type":{"kind":"scalar","name":"Int","array":false,"optional":false},)"
            R"("attributes":[{"kind":"id"}],"comments":["k"]},)"
            R"({"name":"n","type":{"kind":"scalar","name":"Text","array":true,"optional":true},)"
            R"("attributes":[],"comments":[]}],"attributes":[]})");
}

TEST(LiteAstJsonTest, Transitions) {
  const Schema schema = parse_valid("enum E { a b transitions { go: [a] -> b } }");
  EXPECT_EQ(to_json(transitions_to_json(*schema.enums.at(0).transitions)),
            R"({"go":{"from":["a"],"to":"b"}})");
}

}  // namespace
}  // namespace moonstone::lite
