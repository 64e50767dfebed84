// Moonstone. Licence: see LICENSE.
//
// Bundles: what they declare, both authoring styles through the real authoring package, and stacks
// that point at TypeScript lines. fixtures/app/bundle.js is made by fixtures/make.
#include <fstream>
#include <sstream>

#include "tests/runtime/runtime_fixture.h"

namespace moonstone::runtime {
namespace {

std::string read_fixture(const std::string& name) {
  const std::ifstream file(std::string(MS_SOURCE_DIR) + "/tests/runtime/fixtures/app/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

BundleSource fixture_source() {
  return {.code = read_fixture("bundle.js"), .source_map = read_fixture("bundle.js.map")};
}

class BundleTest : public RuntimeFixture {};

TEST_F(BundleTest, DeclaresFunctionsAndSchema) {
  load(fixture_source());
  std::string names;
  for (const auto& [name, function] : bundle_->functions) {
    EXPECT_EQ(name, function.name);
    names += name + " ";
  }
  EXPECT_EQ(names,
            "messages:clear messages:list messages:mine messages:send messages:wrong "
            "utils/stats:counts utils/stats:fails utils/stats:remote ");
  const Function& mine = *bundle_->find("messages:mine");
  EXPECT_EQ(mine.kind, FunctionKind::Query);
  ASSERT_NE(mine.args, nullptr);
  EXPECT_EQ(to_json(schema::type_to_json(*mine.args)),
            R"({"type":"object","value":{"prefix":{"type":"string"},"loud":{"type":"boolean"}}})");
  ASSERT_NE(mine.returns, nullptr);
  EXPECT_EQ(to_json(schema::type_to_json(*mine.returns)),
            R"({"type":"array","value":{"type":"string"}})");
  EXPECT_EQ(bundle_->find("messages:send")->kind, FunctionKind::Mutation);
  EXPECT_EQ(bundle_->find("messages:clear")->visibility, Visibility::Internal);
  EXPECT_EQ(bundle_->find("messages:clear")->args, nullptr);  // {} checks nothing
  EXPECT_EQ(bundle_->find("utils/stats:remote")->kind, FunctionKind::Action);
  EXPECT_EQ(bundle_->find("utils.stats:fails"), bundle_->find("utils/stats:fails"));
  EXPECT_EQ(bundle_->find("utils.stats:nope"), nullptr);
  EXPECT_EQ(bundle_->find("messages"), nullptr);
  ASSERT_EQ(bundle_->schema.tables.size(), 1U);
  EXPECT_EQ(bundle_->schema.tables[0].fields.size(), 4U);
  EXPECT_NE(bundle_->schema.tables[0].find_index("by_author"), nullptr);
  EXPECT_EQ(bundle_->hash.size(), 64U);
}

TEST_F(BundleTest, BothAuthoringStylesRun) {
  load(fixture_source());
  ASSERT_TRUE(mutate("messages:send", R"({"author":"ada","body":"hi"})"));
  ASSERT_TRUE(mutate("messages:send", R"({"author":"bob","body":"yo"})"));
  EXPECT_THAT(json_of(query("messages:list", R"({"author":"bob"})")), testing::HasSubstr("yo"));
  EXPECT_EQ(error_of(query("messages:mine", R"({"prefix":">","loud":true})")), "please sign in");
  session_.identity = Object{{"subject", "ada"}};
  EXPECT_EQ(json_of(query("messages:mine", R"({"prefix":"so ","loud":true})")), R"(["SO HI"])");
  EXPECT_EQ(json_of(query("messages:mine", R"({"prefix":">","loud":false})")),
            R"(["messages",">hi"])");
  EXPECT_EQ(error_of(query("messages:wrong")),
            R"(Return value validation failed for "messages:wrong": Expected string, got number)");
  ASSERT_TRUE(mutate("messages:clear"));
  EXPECT_EQ(json_of(query("messages:list")), "[]");
}

TEST_F(BundleTest, StacksPointAtTypeScriptLines) {
  load(fixture_source());
  auto outcome = query("utils/stats:fails", R"({"text":""})");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().message(), "nothing to shout");
  EXPECT_THAT(outcome.error().stack(),
              testing::StartsWith("at shout (moonstone/utils/stats.ts:8:11)\n"
                                  "at handler (moonstone/utils/stats.ts:17:12)"));
  // An error that a native throws: the frames of the runtime are left out.
  outcome = query("utils/stats:counts", R"({"table":"nope"})");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::NotFound);
  EXPECT_THAT(outcome.error().stack(),
              testing::StartsWith("at handler (moonstone/utils/stats.ts:23:"));
}

TEST_F(BundleTest, WithoutMapStacksPointIntoTheBundle) {
  for (const std::string map : {"", "{}", "not json"}) {
    BundleSource source = fixture_source();
    source.source_map = map;
    load(std::move(source));
    const auto outcome = query("utils/stats:fails", R"({"text":""})");
    ASSERT_FALSE(outcome);
    EXPECT_THAT(outcome.error().stack(), testing::StartsWith("at shout (bundle.js:"));
  }
}

TEST_F(BundleTest, WhatIsWrongWithABundleIsSaid) {
  const auto message_of = [](std::string code) {
    const auto bundle = load_bundle({.code = std::move(code), .source_map = {}});
    return bundle ? "no error" : bundle.error().message();
  };
  EXPECT_THAT(message_of("var __moonstone = {"), testing::HasSubstr("Unexpected"));
  EXPECT_THAT(message_of("throw new Error('at load')"), testing::HasSubstr("at load"));
  EXPECT_THAT(message_of("const x = 1;"), testing::HasSubstr("__moonstone"));
  EXPECT_THAT(message_of("var __moonstone = 5;"), testing::HasSubstr("__moonstone"));
  EXPECT_EQ(message_of("var __moonstone = { modules: {} };"), "no error");
  EXPECT_THAT(message_of("var __moonstone = { modules: {}, schema: { other: 1 } };"),
              testing::HasSubstr("defineSchema"));
  EXPECT_THAT(message_of("var __moonstone = { modules: { m: { f: { _type: 'query', handler() {}, "
                         "_argsValidator: { x: 5 } } } } };"),
              testing::HasSubstr(R"(m:f: the argument "x" is not a validator)"));
  const auto bundle = load_bundle({.code = "var x = 1;\n  var __moonstone = ;", .source_map = {}});
  ASSERT_FALSE(bundle);
  EXPECT_EQ(bundle.error().stack(), "at bundle.js:2:21");
}

TEST_F(BundleTest, SchemaMayBeAModuleOrItsDefault) {
  const std::string_view table = "{ tables: { t: { fields: {}, indexes: [] } } }";
  for (const std::string form : {"", "schema: ", "default: "}) {
    std::string code = "var __moonstone = { modules: {}, schema: ";
    code += form.empty() ? std::string(table) : "{ " + form + std::string(table) + " }";
    code += " };";
    const auto bundle = load_bundle({.code = code, .source_map = {}});
    ASSERT_TRUE(bundle) << bundle.error().message();
    EXPECT_EQ((*bundle)->schema.tables.size(), 1U);
  }
}

}  // namespace
}  // namespace moonstone::runtime
