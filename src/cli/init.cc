// Moonstone. Licence: see LICENSE.
// moonstone init [dir]: the backend of a new app, or of one that is there.
// Source: functions.md section 16, 21.3.

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "cli/codegen.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/package_json.h"
#include "cli/report.h"
#include "cli/support.h"

namespace moonstone::cli {
namespace {

constexpr std::string_view kPackage = "@moonstone/server";

constexpr std::string_view kSchema =
    R"(import { defineSchema, defineTable, v } from "@moonstone/server";

export const schema = defineSchema({
  tasks: defineTable({
    text: v.string(),
    isCompleted: v.boolean(),
  }),
});
)";

constexpr std::string_view kTasks = R"(import { mutation, query, v } from "./_generated/server";

/** All tasks, newest first. Clients that subscribe hear of every change. */
export const list = query({
  args: {},
  handler: (ctx) => ctx.db.query("tasks").order("desc").collect(),
});

export const create = mutation({
  args: { text: v.string() },
  handler: (ctx, args) => ctx.db.insert("tasks", { text: args.text, isCompleted: false }),
});

export const toggle = mutation({
  args: { id: v.id("tasks") },
  handler: async (ctx, args) => {
    const task = await ctx.db.get(args.id);
    if (task === null) throw new Error("There is no such task");
    await ctx.db.patch(args.id, { isCompleted: !task.isCompleted });
  },
});
)";

Status write_functions(const std::string& folder) {
  MS_TRY_STATUS(write_file(folder + "/schema.ts", kSchema));
  MS_TRY_STATUS(write_file(folder + "/tasks.ts", kTasks));
  return write_missing_stubs(folder + "/_generated", std::string(kPackage));
}

Status write_gitignore(const std::string& folder) {
  const std::string path = folder + "/.gitignore";
  if (!is_file(path)) return write_file(path, "node_modules/\n.moonstone/\n");
  MS_TRY(std::string text, read_file(path));
  if (text.find(".moonstone/") != std::string::npos) return {};
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  return write_file(path, text + ".moonstone/\n");
}

/// The packages an app needs; the React bindings only where React is used.
std::vector<NpmPackage> packages_for(std::string_view package_json) {
  std::vector<NpmPackage> packages = find_npm_packages();
  const bool uses_react = package_json.find("\"react\"") != std::string_view::npos;
  std::erase_if(packages, [&](const NpmPackage& package) {
    if (package.name == "@moonstone/react") return !uses_react;
    return package.name != "@moonstone/server" && package.name != "@moonstone/client";
  });
  return packages;
}

Status write_package_json(const std::string& folder, Terminal& terminal) {
  const std::string path = folder + "/package.json";
  std::string before;
  if (is_file(path)) {
    MS_TRY(before, read_file(path));
  }
  const std::string name = std::filesystem::path(folder).filename().string();
  const auto after = add_dependencies(before, name, packages_for(before));
  if (!after) {
    terminal.warning(fmt::format("package.json is left as it is: {}", after.error().message()));
    return {};
  }
  MS_TRY_STATUS(write_if_changed(path, *after));
  return {};
}

void print_next_steps(Terminal& terminal, const InitOptions& options) {
  const auto step = [&](std::string_view command, std::string_view meaning) {
    terminal.line(fmt::format("    {} {}",
                              terminal.styled(Style::Cyan, fmt::format("{:<50}", command)),
                              terminal.styled(Style::Dim, meaning)));
  };
  terminal.line(fmt::format("  {} Created moonstone/ with a schema and three functions",
                            terminal.styled(Style::Green, "✓")));
  terminal.line();
  terminal.line("  Next:");
  if (options.folder != ".") step("cd " + options.folder, "");
  step("moonstone dev", "serve, and rebuild at every change");
  step("moonstone run tasks:create '{\"text\":\"Buy milk\"}'", "in another terminal");
  step("npm install", "types for the editor, the client for your pages");
  terminal.line();
}

Status scaffold(const std::string& folder, Terminal& terminal) {
  MS_TRY_STATUS(write_functions(folder + "/moonstone"));
  MS_TRY_STATUS(write_gitignore(folder));
  return write_package_json(folder, terminal);
}

}  // namespace

ExitCode run_init(const InitOptions& options, Terminal& terminal) {
  std::string folder = std::filesystem::absolute(options.folder).lexically_normal().string();
  while (folder.size() > 1 && folder.ends_with('/'))
    folder.pop_back();
  for (const std::string_view name : {"moonstone", "zeroback"}) {
    if (!is_folder(fmt::format("{}/{}", folder, name))) continue;
    terminal.line(
        fmt::format("  {}/ exists already; nothing to do. Start it: moonstone dev", name));
    return ExitCode::Success;
  }
  if (const Status made = scaffold(folder, terminal); !made) {
    print_error(terminal, made.error());
    return ExitCode::Failure;
  }
  print_next_steps(terminal, options);
  return ExitCode::Success;
}

}  // namespace moonstone::cli
