// Moonstone. Licence: see LICENSE.
// moonstone init [dir]: the backend of a new app, or of one that is there; with --template a whole
// new app.
// Source: functions.md section 16, 21.3.

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/codegen.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/package_json.h"
#include "cli/report.h"
#include "cli/support.h"

namespace moonstone::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPackage = "@moonstone/server";
constexpr std::string_view kServerOnly = "server-only";

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

/// Whether a line says so, with or without slashes around it.
bool is_ignored(std::string_view gitignore, std::string_view wanted) {
  const auto bare = [](std::string_view name) {
    while (name.ends_with('\r') || name.ends_with(' '))
      name.remove_suffix(1);
    if (name.ends_with('/')) name.remove_suffix(1);
    if (name.starts_with('/')) name.remove_prefix(1);
    return name;
  };
  while (!gitignore.empty()) {
    const std::size_t end = std::min(gitignore.find('\n'), gitignore.size());
    if (bare(gitignore.substr(0, end)) == bare(wanted)) return true;
    gitignore.remove_prefix(std::min(end + 1, gitignore.size()));
  }
  return false;
}

/// Adds what is missing to .gitignore; what stands there stays.
Status write_gitignore(const std::string& folder, const InitOptions& options) {
  std::vector<std::string_view> wanted = {"node_modules/", ".moonstone/", ".env.local"};
  if (!options.app_template.empty()) wanted.emplace_back("dist/");
  const std::string path = folder + "/.gitignore";
  std::string text;
  if (is_file(path)) {
    MS_TRY(text, read_file(path));
  }
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  for (const std::string_view line : wanted) {
    if (!is_ignored(text, line)) text.append(line).append("\n");
  }
  MS_TRY_STATUS(write_if_changed(path, text));
  return {};
}

/// The packages an app needs; bindings only where their framework is used.
std::vector<NpmPackage> packages_for(std::string_view package_json) {
  const auto uses = [&](std::string_view quoted) {
    return package_json.find(quoted) != std::string_view::npos;
  };
  std::vector<NpmPackage> packages = find_npm_packages();
  std::erase_if(packages, [&](const NpmPackage& package) {
    if (package.name == "@moonstone/react") return !uses("\"react\"");
    if (package.name == "@moonstone/solid") return !uses("\"solid-js\"");
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
  const std::string name = fs::path(folder).filename().string();
  const auto after = add_dependencies(before, name, packages_for(before));
  if (!after) {
    terminal.warning(fmt::format("package.json is left as it is: {}", after.error().message()));
    return {};
  }
  MS_TRY_STATUS(write_if_changed(path, *after));
  return {};
}

/// The files of a template, relative to it.
Result<std::vector<std::string>> list_template(const std::string& source) {
  std::vector<std::string> files;
  std::error_code failed;
  for (fs::recursive_directory_iterator entry(source, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    if (entry->is_regular_file()) {
      files.push_back(entry->path().lexically_relative(source).generic_string());
    }
  }
  std::ranges::sort(files);
  if (!failed) return files;
  return Error(ErrorCode::Unavailable,
               fmt::format("cannot read the template {}: {}", source, failed.message()));
}

/// Copies a template into a folder where none of its files is yet.
Status copy_template(const std::string& name, const std::string& folder) {
  MS_TRY(const std::string source, find_template(name));
  MS_TRY(const std::vector<std::string> files, list_template(source));
  for (const std::string& file : files) {
    if (!is_file(fmt::format("{}/{}", folder, file))) continue;
    return Error(ErrorCode::AlreadyExists,
                 fmt::format("{}/{} exists already: --template makes a whole new app. Name "
                             "another folder, or leave --template out to add the backend only",
                             folder, file));
  }
  for (const std::string& file : files) {
    MS_TRY(std::string text, read_file(fmt::format("{}/{}", source, file)));
    if (file == "package.json") {
      MS_TRY(text, rename_project(text, fs::path(folder).filename().string()));
    }
    MS_TRY_STATUS(write_file(fmt::format("{}/{}", folder, file), text));
  }
  return {};
}

void print_next_steps(Terminal& terminal, const InitOptions& options) {
  const auto step = [&](std::string_view command, std::string_view meaning) {
    terminal.line(fmt::format("    {} {}",
                              terminal.styled(Style::Cyan, fmt::format("{:<50}", command)),
                              terminal.styled(Style::Dim, meaning)));
  };
  const bool has_pages = !options.app_template.empty() && options.app_template != kServerOnly;
  terminal.line(fmt::format("  {} Created {}moonstone/ with a schema and three functions",
                            terminal.styled(Style::Green, "✓"),
                            has_pages ? "an app, and in it " : ""));
  terminal.line();
  terminal.line("  Next:");
  if (options.folder != ".") step("cd " + options.folder, "");
  if (has_pages) step("npm install", "what the pages are built with");
  step("moonstone dev", "serve, and rebuild at every change");
  if (has_pages) {
    step("npm run dev", "the page, in another terminal");
  } else {
    step("moonstone run tasks:create '{\"text\":\"Buy milk\"}'", "in another terminal");
    step("npm install", "types for the editor, the client for your pages");
  }
  terminal.line();
}

Status scaffold(const std::string& folder, const InitOptions& options, Terminal& terminal) {
  if (!options.app_template.empty()) MS_TRY_STATUS(copy_template(options.app_template, folder));
  MS_TRY_STATUS(write_functions(folder + "/moonstone"));
  MS_TRY_STATUS(write_gitignore(folder, options));
  return write_package_json(folder, terminal);
}

std::string unknown_template(const std::string& name) {
  const std::string_view near = nearest(name, kTemplates);
  return fmt::format("--template {}: there is no such template{}. There are: {}", name,
                     near.empty() ? "" : fmt::format("; did you mean {}?", near),
                     fmt::join(kTemplates, ", "));
}

}  // namespace

ExitCode run_init(const InitOptions& options, Terminal& terminal) {
  if (!options.app_template.empty() &&
      std::ranges::find(kTemplates, options.app_template) == kTemplates.end()) {
    terminal.error(unknown_template(options.app_template));
    return ExitCode::Usage;
  }
  std::string folder = fs::absolute(options.folder).lexically_normal().string();
  while (folder.size() > 1 && folder.ends_with('/'))
    folder.pop_back();
  for (const std::string_view name : {"moonstone", "zeroback"}) {
    if (!is_folder(fmt::format("{}/{}", folder, name))) continue;
    if (!options.app_template.empty()) {
      terminal.error(fmt::format(
          "{}/ exists already: --template makes a whole new app; name another folder", name));
      return ExitCode::Failure;
    }
    terminal.line(
        fmt::format("  {}/ exists already; nothing to do. Start it: moonstone dev", name));
    return ExitCode::Success;
  }
  if (const Status made = scaffold(folder, options, terminal); !made) {
    print_error(terminal, made.error());
    return ExitCode::Failure;
  }
  print_next_steps(terminal, options);
  return ExitCode::Success;
}

}  // namespace moonstone::cli
