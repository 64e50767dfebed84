// Moonstone. Licence: see LICENSE.
// The look of a whole project is compared with the hand-written fixture of packages/server in
// program_test.cc; here are the edges.
#include "cli/codegen.h"

#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/temporary_folder.h"

namespace moonstone::cli {
namespace {

using runtime::Function;
using runtime::FunctionKind;
using runtime::Visibility;
using schema::Type;
using schema::TypeKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Codegen : public testing::Test {
 protected:
  Function& add(const std::string& module, const std::string& name) {
    Function& function = bundle_.functions[module + ":" + name];
    function.module = module;
    function.export_name = name;
    function.name = module + ":" + name;
    return function;
  }

  std::string file(std::string_view name) {
    const auto files =
        *generate({.bundle = &bundle_, .layout = &layout_, .package = "@moonstone/server"});
    for (const GeneratedFile& file : files) {
      if (file.name == name) return file.text;
    }
    return "(not generated)";
  }

  runtime::Bundle bundle_;
  Layout layout_;
};

TEST_F(Codegen, WritesTheFourFiles) {
  std::vector<std::string> names;
  const auto files = *generate({.bundle = &bundle_, .layout = &layout_, .package = "p"});
  for (const GeneratedFile& file : files)
    names.push_back(file.name);
  EXPECT_THAT(names, ElementsAre("api.ts", "dataModel.ts", "manifest.ts", "server.ts"));
}

TEST_F(Codegen, NeedsNoImportsForNothing) {
  const std::string api = file("api.ts");
  EXPECT_THAT(api,
              HasSubstr("export const api = {} as const;\n\nexport const internal = {} as const;"));
  EXPECT_THAT(api, Not(HasSubstr("import type")));
  EXPECT_THAT(file("dataModel.ts"), HasSubstr("export type DataModel = {};\n\n"
                                              "export type TableName = never;\n"));
  EXPECT_THAT(file("server.ts"), HasSubstr("export const schema = {} as const;"));
}

TEST_F(Codegen, QuotesNamesThatAreNoIdentifiers) {
  add("my-tasks/2nd", "list").returns = Type::scalar(TypeKind::Null);
  add("a", "default");
  const std::string api = file("api.ts");
  EXPECT_THAT(api, HasSubstr("  \"my-tasks\": {\n    \"2nd\": {\n      list: {"));
  EXPECT_THAT(api, HasSubstr("_name: \"my-tasks/2nd:list\""));
  EXPECT_THAT(api, HasSubstr("import(\"../a\")"));
}

TEST_F(Codegen, WritesArgumentsAsAnInlineType) {
  Function& function = add("m", "f");
  function.args = Type::object({{"a", Type::scalar(TypeKind::String)},
                                {"b", Type::optional(Type::object({{"c-d", Type::id("t")}}))}});
  function.returns = Type::scalar(TypeKind::Int64);
  EXPECT_THAT(file("api.ts"), HasSubstr("      { a: string; b?: { \"c-d\": Id<\"t\"> } },\n"
                                        "      number | bigint\n    >,"));
  EXPECT_THAT(file("api.ts"), HasSubstr("import type { FunctionReference, Id } from"));
}

TEST_F(Codegen, KeepsInternalFunctionsApart) {
  add("m", "f").visibility = Visibility::Internal;
  EXPECT_THAT(file("api.ts"), HasSubstr("export const api = {} as const;\n\n"
                                        "export const internal = {\n  m: {\n    f: {"));
}

TEST_F(Codegen, JavaScriptModulesHaveNoTypes) {
  layout_.modules = {{.name = "old", .path = "/app/moonstone/old.js"}};
  add("old", "f").kind = FunctionKind::Mutation;
  EXPECT_THAT(file("api.ts"), HasSubstr("f: { _name: \"old:f\", _type: \"mutation\" } as "
                                        "FunctionReference<\"mutation\", any, any>,"));
  EXPECT_THAT(file("manifest.ts"), HasSubstr("// @ts-ignore: plain JavaScript\n"
                                             "import * as m0 from \"../old.js\";\n"));
}

TEST_F(Codegen, AModuleAndAnExportMayShareAName) {
  add("a", "b").returns = Type::scalar(TypeKind::Null);
  add("a/b", "c").returns = Type::scalar(TypeKind::Null);
  const std::string api = file("api.ts");
  EXPECT_THAT(api, HasSubstr("b: Object.assign({ _name: \"a:b\""));
  EXPECT_THAT(api, HasSubstr("c: { _name: \"a/b:c\""));
}

TEST_F(Codegen, TheManifestListsFunctionsSchemaRoutesAndCrons) {
  layout_.modules = {{.name = "tasks", .path = "/app/moonstone/tasks.ts"}};
  layout_.http = Module{.name = "http", .path = "/app/moonstone/http.ts"};
  add("tasks", "list");
  const std::string manifest = file("manifest.ts");
  EXPECT_THAT(manifest,
              HasSubstr("import * as m0 from \"../tasks\";\nimport http from \"../http\";"));
  EXPECT_THAT(manifest, HasSubstr("{\n  \"tasks:list\": entry(m0.list),\n};"));
  EXPECT_THAT(manifest, HasSubstr("export const httpRouter: unknown = http;"));
  EXPECT_THAT(manifest, HasSubstr("export const cronJobsDef: unknown = null;"));
}

TEST_F(Codegen, LeavesCurrentFilesAlone) {
  const TemporaryFolder folder;
  const auto files = *generate({.bundle = &bundle_, .layout = &layout_, .package = "p"});
  EXPECT_THAT(*write_generated(folder.path(), files),
              ElementsAre("api.ts", "dataModel.ts", "manifest.ts", "server.ts"));
  EXPECT_THAT(*write_generated(folder.path(), files), IsEmpty());
  folder.write("server.ts", "edited");
  EXPECT_THAT(*write_generated(folder.path(), files), ElementsAre("server.ts"));
}

TEST_F(Codegen, StubsMakeAllSixFactoriesAndV) {
  const TemporaryFolder folder;
  folder.write("_generated/api.ts", "kept");
  ASSERT_TRUE(write_missing_stubs(folder / "_generated", "@zeroback/server"));
  const std::string server = folder.read("_generated/server.ts");
  for (const char* const name : {"query", "mutation", "action", "internalQuery", "internalMutation",
                                 "internalAction", "v"}) {
    EXPECT_THAT(server, HasSubstr("export const " + std::string(name) + ":"));
  }
  EXPECT_THAT(server, HasSubstr("from \"@zeroback/server\""));
  EXPECT_EQ(folder.read("_generated/api.ts"), "kept");
  EXPECT_THAT(folder.read("_generated/dataModel.ts"), HasSubstr("GenericDataModel"));
}

TEST_F(Codegen, AServerFileFromBeforeTheModelsGivesWay) {
  const TemporaryFolder folder;
  folder.write("_generated/server.ts", "old");
  ASSERT_TRUE(write_missing_stubs(folder / "_generated", "@moonstone/server"));
  EXPECT_EQ(folder.read("_generated/server.ts"), "old");
  for (const char* const round : {"first", "second"}) {
    ASSERT_TRUE(write_missing_stubs(folder / "_generated", "@moonstone/server", HasModels::Yes));
    EXPECT_THAT(folder.read("_generated/server.ts"), HasSubstr("defineModels")) << round;
  }
}

}  // namespace
}  // namespace moonstone::cli
