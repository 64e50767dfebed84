// Moonstone. Licence: see LICENSE.
// The built binary, driven as a user does: commands, files, signals.

#include <csignal>
#include <filesystem>
#include <future>
#include <string>
#include <string_view>

#include "base/json.h"
#include "cli/files.h"
#include "cli/http_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/running_program.h"
#include "tests/cli/temporary_folder.h"

namespace moonstone::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

constexpr std::string_view kSchema =
    R"(import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema({
  notes: defineTable({ text: v.string(), rank: v.optional(v.number()) }),
});
)";

/// `greeting` says the version at once, `slow` after some hundred milliseconds of work.
std::string functions(std::string_view version) {
  return R"(import { mutation, query, v } from "./_generated/server";
const VERSION = ")" +
         std::string(version) + R"(";
export const greeting = query({ args: {}, handler: () => VERSION });
export const slow = query({
  args: {},
  handler: () => {
    let sum = 0;
    for (let step = 0; step < 4e7; step++) sum += Math.sqrt(step);
    return sum > 0 ? VERSION : "";
  },
});
export const add = mutation({
  args: { text: v.string() },
  handler: (ctx, args) => ctx.db.insert("notes", { text: args.text }),
});
export const texts = query({
  args: {},
  handler: async (ctx) => (await ctx.db.query("notes").collect()).map((note) => note.text),
});
)";
}

class Program : public testing::Test {
 protected:
  void SetUp() override {
    app_.write("moonstone/schema.ts", kSchema);
    app_.write("moonstone/notes.ts", functions("one"));
  }

  /// The result of a query as JSON text, or the error's text.
  static std::string query(const RunningProgram& server, const std::string& function) {
    const auto reply =
        post({.url = server.url() + "/query", .body = R"({"fn":")" + function + "\"}"});
    if (!reply) return reply.error().message();
    const auto body = parse_json(reply->body);
    if (!body || !body->is_object()) return reply->body;
    const Value* const result = body->as_object().find("result");
    return result == nullptr ? reply->body : to_json(*result);
  }

  FinishedProgram run(std::vector<std::string> arguments) const {
    return run_program(app_.path(), std::move(arguments));
  }

  TemporaryFolder app_;
};

TEST_F(Program, InitThenDevNeedsNothingElse) {
  const TemporaryFolder fresh;
  const FinishedProgram init = run_program(fresh.path(), {"init", "app"});
  EXPECT_EQ(init.exit_code, 0) << init.output;
  EXPECT_THAT(init.output, HasSubstr("moonstone dev"));
  EXPECT_THAT(fresh.read("app/.gitignore"), HasSubstr(".moonstone/"));
  EXPECT_FALSE(is_folder(fresh / "app/node_modules"));

  RunningProgram dev(fresh / "app", {"dev", "--port", "0"});
  ASSERT_TRUE(dev.wait_for("  ✓ Bundled 3 functions, 1 table in"));
  ASSERT_TRUE(dev.wait_for("Ready"));
  const FinishedProgram created = run_program(
      fresh.path(), {"run", "tasks:create", R"({"text":"Buy milk"})", "--url", dev.url()});
  EXPECT_EQ(created.exit_code, 0) << created.output;
  EXPECT_THAT(created.output, testing::StartsWith("\"tasks:"));
  EXPECT_THAT(query(dev, "tasks:list"), HasSubstr(R"("text":"Buy milk","isCompleted":false)"));
  EXPECT_THAT(fresh.read("app/moonstone/_generated/api.ts"), HasSubstr("tasks:toggle"));
  dev.signal(SIGTERM);
  EXPECT_EQ(dev.wait_for_exit(), 0) << dev.output();
}

TEST_F(Program, InitLeavesAnExistingBackendAlone) {
  const FinishedProgram init = run({"init"});
  EXPECT_EQ(init.exit_code, 0);
  EXPECT_THAT(init.output, HasSubstr("exists already"));
  EXPECT_EQ(app_.read("moonstone/schema.ts"), kSchema);
  EXPECT_FALSE(is_file(app_ / "package.json"));
}

TEST_F(Program, CodegenWritesWhatTheHandWrittenFixtureSays) {
  const fs::path fixtures = fs::path(MS_SOURCE_DIR) / "packages/server/test/fixtures";
  const TemporaryFolder app;
  for (const char* const name : {"schema.ts", "messages.ts", "utils/stats.ts"}) {
    app.write(std::string("moonstone/") + name, *read_file((fixtures / name).string()));
  }
  const FinishedProgram codegen = run_program(app.path(), {"codegen"});
  ASSERT_EQ(codegen.exit_code, 0) << codegen.output;
  for (const char* const name : {"api.ts", "dataModel.ts", "server.ts"}) {
    EXPECT_EQ(app.read(std::string("moonstone/_generated/") + name),
              *read_file((fixtures / "_generated" / name).string()));
  }
  const FinishedProgram again = run_program(app.path(), {"codegen"});
  EXPECT_THAT(again.output, HasSubstr("is current"));
}

TEST_F(Program, AFunctionMayUseTheGeneratedApi) {
  app_.write("moonstone/names.ts",
             "import { api } from \"./_generated/api\";\n"
             "import { query } from \"./_generated/server\";\n"
             "export const name = query({ args: {}, handler: () => api.notes.add._name });\n");
  RunningProgram dev(app_.path(), {"dev", "--port", "0"});
  ASSERT_TRUE(dev.wait_for("Ready"));
  EXPECT_EQ(query(dev, "names:name"), "\"notes:add\"");
}

TEST_F(Program, CodeSwapsWhileACallIsInFlight) {
  RunningProgram dev(app_.path(), {"dev", "--port", "0"}, {"MOONSTONE_LIMITS_RUN_MS=60000"});
  ASSERT_TRUE(dev.wait_for("Ready"));
  auto slow = std::async(std::launch::async, [&] { return query(dev, "notes:slow"); });
  EXPECT_EQ(query(dev, "notes:greeting"), "\"one\"");
  app_.write("moonstone/notes.ts", functions("two"));
  ASSERT_TRUE(dev.wait_for("✓ Bundled"));
  EXPECT_EQ(query(dev, "notes:greeting"), "\"two\"");
  EXPECT_THAT(slow.get(), testing::AnyOf("\"one\"", "\"two\""));
}

TEST_F(Program, ABrokenFileKeepsTheLastGoodVersion) {
  RunningProgram dev(app_.path(), {"dev", "--port", "0"});
  ASSERT_TRUE(dev.wait_for("Ready"));
  app_.write("moonstone/notes.ts", "export const greeting = query({");
  ASSERT_TRUE(dev.wait_for("moonstone/notes.ts:1"));
  ASSERT_TRUE(dev.wait_for("The last good version keeps running."));
  EXPECT_EQ(query(dev, "notes:greeting"), "\"one\"");

  app_.write("moonstone/notes.ts", functions("two") + "\nthrow new Error(\"at load\");\n");
  ASSERT_TRUE(dev.wait_for("Error: at load"));
  ASSERT_TRUE(dev.wait_for("at moonstone/notes.ts:"));
  ASSERT_TRUE(dev.wait_for("The last good version keeps running."));
  EXPECT_EQ(query(dev, "notes:greeting"), "\"one\"");

  app_.write("moonstone/notes.ts", functions("three"));
  ASSERT_TRUE(dev.wait_for("✓ Bundled"));
  EXPECT_EQ(query(dev, "notes:greeting"), "\"three\"");
}

TEST_F(Program, WaitsForTheFirstGoodVersion) {
  app_.write("moonstone/notes.ts", "export const greeting = query({");
  RunningProgram dev(app_.path(), {"dev", "--port", "0"});
  ASSERT_TRUE(dev.wait_for("waiting for a change"));
  app_.write("moonstone/notes.ts", functions("one"));
  ASSERT_TRUE(dev.wait_for("Ready"));
  EXPECT_EQ(query(dev, "notes:greeting"), "\"one\"");
}

TEST_F(Program, SchemaChangesAreRefusedRatherThanLosingData) {
  RunningProgram dev(app_.path(), {"dev", "--port", "0"});
  ASSERT_TRUE(dev.wait_for("Ready"));
  const std::string url = dev.url();
  EXPECT_EQ(run({"run", "notes:add", R"({"text":"kept"})", "--url", url}).exit_code, 0);

  // Rows violate it.
  app_.write("moonstone/schema.ts",
             R"(import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema({ notes: defineTable({ text: v.number() }) });
)");
  ASSERT_TRUE(dev.wait_for("refused"));
  ASSERT_TRUE(dev.wait_for("The last good version keeps running."));
  // It drops a table.
  app_.write("moonstone/schema.ts", R"(import { defineSchema } from "@moonstone/server";
export const schema = defineSchema({});
)");
  ASSERT_TRUE(dev.wait_for("To accept that, run: moonstone dev --accept-data-loss"));
  EXPECT_EQ(query(dev, "notes:texts"), R"(["kept"])");
  dev.signal(SIGINT);
  EXPECT_EQ(dev.wait_for_exit(), 0);

  const FinishedProgram start = run({"start", "--port", "0"});
  EXPECT_EQ(start.exit_code, 5) << start.output;
  EXPECT_THAT(start.output, HasSubstr("moonstone start --accept-data-loss"));

  RunningProgram accepting(app_.path(), {"dev", "--port", "0", "--accept-data-loss"});
  ASSERT_TRUE(accepting.wait_for("notes: remove table"));
  ASSERT_TRUE(accepting.wait_for("Ready"));
}

TEST_F(Program, SchemaChangesThatFitAreCarriedOut) {
  RunningProgram dev(app_.path(), {"dev", "--port", "0"});
  ASSERT_TRUE(dev.wait_for("Ready"));
  app_.write("moonstone/schema.ts",
             R"(import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema({
  notes: defineTable({ text: v.string(), rank: v.optional(v.number()) }).index("by_text", ["text"]),
});
)");
  ASSERT_TRUE(dev.wait_for("notes: add index by_text"));
  EXPECT_THAT(app_.read("moonstone/_generated/dataModel.ts"), HasSubstr("by_text: [\"text\"]"));
}

TEST_F(Program, RunPrintsResultsAndErrors) {
  RunningProgram dev(app_.path(), {"dev", "--port", "0"});
  ASSERT_TRUE(dev.wait_for("Ready"));
  const std::string url = dev.url();
  EXPECT_EQ(run({"run", "notes:add", R"({"text":"a"})", "--url", url}).exit_code, 0);
  const FinishedProgram texts = run({"run", "notes:texts", "--url", url + "/"});
  EXPECT_EQ(texts.exit_code, 0);
  EXPECT_EQ(texts.output, "[\n  \"a\"\n]\n");

  const FinishedProgram unknown = run({"run", "notes:nothing", "--url", url});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.output, HasSubstr("Error [not_found]: Function not found: notes:nothing"));
  const FinishedProgram invalid = run({"run", "notes:add", R"({"text":1})", "--url", url});
  EXPECT_EQ(invalid.exit_code, 1);
  EXPECT_EQ(invalid.output, "Error [execution_error]: Expected string, got number\n");
  const FinishedProgram arguments = run({"run", "notes:add", "{text", "--url", url});
  EXPECT_EQ(arguments.exit_code, 1);
  EXPECT_EQ(arguments.output, "Invalid JSON args: {text\n");
  const FinishedProgram offline = run({"run", "notes:add", "--url", "http://localhost:1"});
  EXPECT_EQ(offline.exit_code, 1);
  EXPECT_THAT(offline.output, HasSubstr("http://localhost:1"));
}

TEST_F(Program, ResetRefusesARunningServer) {
  RunningProgram dev(app_.path(), {"dev", "--port", "0"});
  ASSERT_TRUE(dev.wait_for("Ready"));
  EXPECT_EQ(run({"run", "notes:add", R"({"text":"a"})", "--url", dev.url()}).exit_code, 0);
  const FinishedProgram locked = run({"reset", "--yes"});
  EXPECT_EQ(locked.exit_code, 4) << locked.output;
  EXPECT_EQ(query(dev, "notes:texts"), R"(["a"])");
  dev.signal(SIGTERM);
  EXPECT_EQ(dev.wait_for_exit(), 0);

  EXPECT_EQ(run({"reset", "--yes", "--env", "../data"}).exit_code, 2);
  EXPECT_EQ(run({"reset"}).exit_code, 0);  // not a terminal: nobody is there to be asked
  EXPECT_FALSE(is_folder(app_ / ".moonstone/data"));
  EXPECT_EQ(run({"reset", "--yes"}).exit_code, 0);
}

TEST_F(Program, StartServesFromTheBundleOnDisk) {
  RunningProgram first(app_.path(), {"start", "--port", "0"}, {"MOONSTONE_ADMIN_KEY=secret"});
  ASSERT_TRUE(first.wait_for("Ready"));
  EXPECT_THAT(first.output(), Not(HasSubstr("_dashboard")));
  EXPECT_THAT(first.output(), Not(HasSubstr("secret")));
  const std::vector<std::string> call = {"run",   "notes:add", R"({"text":"a"})",
                                         "--url", first.url(), "--admin-key"};
  auto with_key = call;
  with_key.emplace_back("secret");
  EXPECT_EQ(run(with_key).exit_code, 0);
  auto without = call;
  without.emplace_back("wrong");
  EXPECT_EQ(run(without).exit_code, 1);
  first.signal(SIGTERM);
  EXPECT_EQ(first.wait_for_exit(), 0) << first.output();

  const auto written = fs::last_write_time(app_ / ".moonstone/build/bundle.js");
  RunningProgram second(app_.path(), {"start", "--port", "0"});
  ASSERT_TRUE(second.wait_for("Ready"));
  EXPECT_THAT(second.output(), HasSubstr("Administration is off"));
  EXPECT_EQ(query(second, "notes:texts"), R"(["a"])");
  EXPECT_EQ(fs::last_write_time(app_ / ".moonstone/build/bundle.js"), written);
}

TEST_F(Program, StartFailsOnABrokenBuild) {
  app_.write("moonstone/notes.ts", "export const greeting = query({");
  const FinishedProgram start = run({"start", "--port", "0"});
  EXPECT_EQ(start.exit_code, 1);
  EXPECT_THAT(start.output, HasSubstr("moonstone/notes.ts:1"));
}

TEST_F(Program, ServesBuiltPages) {
  app_.write("dist/index.html", "<p>page</p>");
  RunningProgram dev(app_.path(), {"dev", "--port", "0"});
  ASSERT_TRUE(dev.wait_for("Pages"));
  ASSERT_TRUE(dev.wait_for("Ready"));
  const FinishedProgram missing = run({"dev", "--port", "0", "--env", "b", "--static", "nowhere"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.output, HasSubstr("nowhere"));
}

TEST_F(Program, EnvironmentsHaveDataOfTheirOwn) {
  RunningProgram first(app_.path(), {"dev", "--port", "0"});
  ASSERT_TRUE(first.wait_for("Ready"));
  RunningProgram second(app_.path(), {"dev", "--port", "0", "--env", "test"});
  ASSERT_TRUE(second.wait_for("Ready"));
  EXPECT_EQ(run({"run", "notes:add", R"({"text":"a"})", "--url", second.url()}).exit_code, 0);
  EXPECT_EQ(query(first, "notes:texts"), "[]");
  EXPECT_EQ(query(second, "notes:texts"), R"(["a"])");
}

TEST_F(Program, APortInUseAndASecondServerAreNamed) {
  RunningProgram dev(app_.path(), {"dev", "--port", "0"});
  ASSERT_TRUE(dev.wait_for("Ready"));
  const std::string url = dev.url();
  const std::string port = url.substr(url.rfind(':') + 1);
  const FinishedProgram same_port = run({"dev", "--port", port, "--env", "b"});
  EXPECT_EQ(same_port.exit_code, 3) << same_port.output;
  EXPECT_THAT(same_port.output, HasSubstr(port));
  const FinishedProgram same_data = run({"dev", "--port", "0"});
  EXPECT_EQ(same_data.exit_code, 4) << same_data.output;
  EXPECT_THAT(same_data.output, HasSubstr("another Moonstone process"));
}

TEST_F(Program, UsageHasItsOwnExitCodes) {
  EXPECT_EQ(run({}).exit_code, 0);
  EXPECT_EQ(run({"--help"}).exit_code, 0);
  EXPECT_EQ(run({"version"}).exit_code, 0);
  const FinishedProgram unknown = run({"dve"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.output, HasSubstr("did you mean dev?"));
  EXPECT_EQ(run({"run"}).exit_code, 2);
  EXPECT_EQ(run({"dev", "--prot", "1"}).exit_code, 2);
  EXPECT_EQ(run({"dev", "--port", "many"}).exit_code, 2);
  const FinishedProgram nowhere = run({"dev", "nowhere"});
  EXPECT_EQ(nowhere.exit_code, 1);
  EXPECT_THAT(nowhere.output, HasSubstr("moonstone init"));
}

}  // namespace
}  // namespace moonstone::cli
