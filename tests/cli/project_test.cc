// Moonstone. Licence: see LICENSE.
#include "cli/project.h"

#include <filesystem>
#include <string>
#include <vector>

#include "cli/bundler.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/temporary_folder.h"

namespace moonstone::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names(const std::vector<Module>& modules) {
  std::vector<std::string> names;
  for (const Module& module : modules)
    names.push_back(module.name);
  return names;
}

TEST(Discovery, FindsModulesInNestedFolders) {
  const TemporaryFolder folder;
  folder.write("tasks.ts", "");
  folder.write("utils/stats.ts", "");
  folder.write("utils/deep/er.js", "");
  const auto layout = discover(folder.path());
  ASSERT_TRUE(layout) << layout.error().message();
  EXPECT_THAT(names(layout->modules), ElementsAre("tasks", "utils/deep/er", "utils/stats"));
}

TEST(Discovery, SkipsWhatIsNoModule) {
  const TemporaryFolder folder;
  for (const char* const name :
       {"_helpers.ts", "_generated/server.ts", "node_modules/p/index.js", "types.d.ts", "a.js.map",
        "a.test.ts", "b.spec.ts", ".hidden.ts", "notes.md", "utils/_private.ts"}) {
    folder.write(name, "");
  }
  folder.write("real.ts", "");
  const auto layout = discover(folder.path());
  ASSERT_TRUE(layout);
  EXPECT_THAT(names(layout->modules), ElementsAre("real"));
}

TEST(Discovery, ReservesThreeNamesInTheRootOnly) {
  const TemporaryFolder folder;
  for (const char* const name :
       {"schema.ts", "http.ts", "crons.ts", "sub/schema.ts", "sub/http.ts"}) {
    folder.write(name, "");
  }
  const auto layout = discover(folder.path());
  ASSERT_TRUE(layout);
  EXPECT_TRUE(layout->schema && layout->http && layout->crons);
  EXPECT_THAT(names(layout->modules), ElementsAre("sub/http", "sub/schema"));
}

TEST(Discovery, TakesTypeScriptBeforeJavaScript) {
  const TemporaryFolder folder;
  folder.write("a.js", "");
  folder.write("a.ts", "");
  const auto layout = discover(folder.path());
  ASSERT_TRUE(layout);
  ASSERT_EQ(layout->modules.size(), 1U);
  EXPECT_TRUE(layout->modules[0].is_typescript());
}

TEST(Discovery, LeavesOutFilesForNode) {
  const TemporaryFolder folder;
  folder.write("mail.ts", "// sends mail\n\"use node\";\nimport fs from \"node:fs\";");
  folder.write("plain.ts", "const text = \"use node\";");
  const auto layout = discover(folder.path());
  ASSERT_TRUE(layout);
  EXPECT_THAT(names(layout->modules), ElementsAre("plain"));
  ASSERT_EQ(layout->node_modules.size(), 1U);
  EXPECT_EQ(layout->node_modules.front().name, "mail");
}

TEST(Discovery, NamesAFolderThatIsMissing) {
  const TemporaryFolder folder;
  const auto layout = discover(folder / "nowhere");
  ASSERT_FALSE(layout);
  EXPECT_THAT(layout.error().message(), HasSubstr("nowhere"));
}

TEST(Gate, IsAnEntryThatDoesMoreThanPassOn) {
  const TemporaryFolder folder;
  const Project project = project_of(folder / "zeroback");
  ASSERT_TRUE(find_gate(project));
  EXPECT_FALSE(find_gate(project)->has_value());
  folder.write(".zeroback/entry.ts", "export default workerHandler");
  EXPECT_FALSE(find_gate(project)->has_value());
  folder.write(".zeroback/entry.ts", "export default { fetch() {} }");
  const auto gate = find_gate(project);
  ASSERT_TRUE(gate && gate->has_value());
  EXPECT_EQ((*gate)->name, ".zeroback/entry.ts");
}

TEST(Gate, ScaffoldsAreToldByWhatTheyDoNotByTheirSpaces) {
  EXPECT_TRUE(
      is_plain_entry(R"(import { createZerobackDO, workerHandler } from "@zeroback/server/runtime"
import { functions, schema } from '../zeroback/_generated/manifest';
// user-owned
export const ZerobackDO = createZerobackDO({ functions, schema, authDef: authDef ?? undefined })
export default workerHandler;
)"));
  EXPECT_TRUE(is_plain_entry(
      "import{createWorkerHandler}from\"x\"\nexport default createWorkerHandler( { } )"));
  EXPECT_FALSE(is_plain_entry(R"(export default createWorkerHandler({ cors: { origin: "*" } }))"));
  EXPECT_FALSE(is_plain_entry("export default workerHandler\nconsole.log(1)"));
  EXPECT_FALSE(is_plain_entry("console.log(1)\nexport default workerHandler"));
  EXPECT_FALSE(is_plain_entry(""));
}

TEST(Directives, AreFoundBehindCommentsAndOtherDirectives) {
  EXPECT_TRUE(is_marked_for_node("'use node'"));
  EXPECT_TRUE(is_marked_for_node("/* a */ // b\n 'use strict';\n\"use node\";"));
  EXPECT_FALSE(is_marked_for_node(""));
  EXPECT_FALSE(is_marked_for_node("/* \"use node\" */ let a;"));
  EXPECT_FALSE(is_marked_for_node("let a; \"use node\";"));
  EXPECT_FALSE(is_marked_for_node("\"use"));
}

TEST(AuthoringPackage, IsWhatTheSchemaImportsFrom) {
  EXPECT_EQ(authoring_package_of(""), "@moonstone/server");
  EXPECT_EQ(authoring_package_of("import { v } from \"@zeroback/server\";"), "@zeroback/server");
  EXPECT_EQ(authoring_package_of("import {v} from '@lunora/server'"), "@lunora/server");
}

TEST(ProjectFolders, StandBesideTheFunctions) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "app/backend");
  const auto project = find_project(folder / "app/backend/");
  ASSERT_TRUE(project) << project.error().message();
  EXPECT_EQ(project->functions_folder, folder / "app/backend");
  EXPECT_EQ(project->root, folder / "app");
  EXPECT_EQ(project->data_folder(""), folder / "app/.moonstone/data");
  EXPECT_EQ(project->data_folder("test"), folder / "app/.moonstone/env/test");
}

TEST(ProjectFolders, AreFoundInTheFolderOfAnApp) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "app/moonstone/moonstone");
  ASSERT_TRUE(write_file(folder / "app/moonstone/schema.lite", ""));
  for (const char* const named : {"app", "app/", "app/moonstone"}) {
    const auto project = find_project(folder / named);
    ASSERT_TRUE(project) << project.error().message();
    EXPECT_EQ(project->functions_folder, folder / "app/moonstone") << named;
  }
}

TEST(ProjectFolders, AreMissedWithTheWayOut) {
  const TemporaryFolder folder;
  const auto project = find_project(folder / "backend");
  ASSERT_FALSE(project);
  EXPECT_THAT(project.error().message(), HasSubstr("moonstone init"));
}

TEST(Entry, ImportsEveryModuleAndTheSchema) {
  Layout layout;
  layout.modules = {{.name = "tasks", .path = "/app/moonstone/tasks.ts"},
                    {.name = "utils/old", .path = "/app/moonstone/utils/old.js"}};
  layout.schema = Module{.name = "schema", .path = "/app/moonstone/schema.ts"};
  EXPECT_EQ(entry_text(layout, "/app/.moonstone/build"),
            "// Written by moonstone at each build.\n"
            "import * as m0 from \"../../moonstone/tasks\";\n"
            "import * as m1 from \"../../moonstone/utils/old.js\";\n"
            "import * as schema from \"../../moonstone/schema\";\n"
            "\n"
            "export const modules = {\n"
            "  \"tasks\": m0,\n"
            "  \"utils/old\": m1,\n"
            "};\n"
            "export { schema };\n");
}

TEST(Entry, DoesWithoutASchema) {
  EXPECT_EQ(entry_text({}, "/app/.moonstone/build"),
            "// Written by moonstone at each build.\n\nexport const modules = {\n};\n");
}

}  // namespace
}  // namespace moonstone::cli
