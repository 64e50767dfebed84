// Moonstone. Licence: see LICENSE.
#pragma once
// Where a project's functions, state and modules are.
//
//   app/moonstone/        the functions folder (or zeroback/, or any folder that is named)
//   app/moonstone.toml    configuration, optional
//   app/.moonstone/       state: data/, env/<name>/, build/
// Threads: pure functions on the file system.
// Source: functions.md section 2, 21.1, 21.4.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace moonstone::cli {

struct Project {
  std::string functions_folder;  // absolute, normal, without a slash at the end; empty: none
  std::string root;              // its parent: where npm, moonstone.toml and dist/ are
  std::string state_folder;      // root/.moonstone

  /// Where data of an environment is kept; empty: the default one.
  [[nodiscard]] std::string data_folder(std::string_view environment) const;
  [[nodiscard]] std::string build_folder() const;
  [[nodiscard]] std::string generated_folder() const;
};

/// `folder` as given on the command line; empty: `moonstone/`, else `zeroback/`, in the current
/// folder. A folder without a schema that has one of these in it is an app, and that one is meant.
/// Errors: NotFound with the way out.
[[nodiscard]] Result<Project> find_project(const std::string& folder);

/// The current folder as a project without sources, for a server that runs a bundle.
[[nodiscard]] Project project_here();

/// The paths of a project whose functions folder is known, there or not.
[[nodiscard]] Project project_of(const std::string& functions_folder);

struct Module {
  std::string name;  // "utils/stats"
  std::string path;  // absolute, with extension
  [[nodiscard]] bool is_typescript() const { return path.ends_with(".ts"); }
};

/// What the functions folder holds.
struct Layout {
  std::vector<Module> modules;  // by name
  std::optional<Module> schema;
  std::optional<std::string> lite_schema;  // the path of schema.lite, instead of `schema`
  std::optional<Module> http;
  std::optional<Module> crons;
  std::vector<Module> node_modules;  // marked "use node", by name
  std::optional<Module> gate;        // a worker entry that does more than the one of `init`
};

/// Files that a project may have at most; beyond it is not a functions folder.
inline constexpr std::size_t kModulesMax = 10'000;

/// Finds the modules: skips names that begin with `_` or `.`, node_modules, declarations, maps and
/// tests; `schema`, `http` and `crons` of the root are no function modules; where a .ts and a .js
/// have the same name the .ts counts. Errors: Unavailable, LimitExceeded.
[[nodiscard]] Result<Layout> discover(const std::string& functions_folder);

/// Looks for the worker entry (`.moonstone/entry.ts`, `.zeroback/entry.ts`) beside the functions
/// folder. Nothing if there is none, or one that does no more than pass every request on.
[[nodiscard]] Result<std::optional<Module>> find_gate(const Project& project);

/// Whether this worker entry only hands over to `workerHandler` or a `createWorkerHandler()`
/// without options, as the scaffold of `init` does; then it need not run.
[[nodiscard]] bool is_plain_entry(std::string_view text);

/// Whether the text begins, after comments, with the directive "use node".
[[nodiscard]] bool is_marked_for_node(std::string_view text);

/// The authoring package that schema.ts (its text) imports from, "@moonstone/server" by default.
[[nodiscard]] std::string authoring_package_of(std::string_view schema_text);

}  // namespace moonstone::cli
