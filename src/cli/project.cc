// Moonstone. Licence: see LICENSE.
#include "cli/project.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "cli/files.h"

namespace moonstone::cli {
namespace {

namespace fs = std::filesystem;

/// Names by which schema.ts may know the authoring package; the generated files use the same one.
constexpr std::array<std::string_view, 3> kAuthoringPackages = {
    "@moonstone/server", "@zeroback/server", "@lunora/server"};

/// What a functions folder is called where none is named, in this order.
constexpr std::array<const char*, 2> kFunctionsFolders = {"moonstone", "zeroback"};

bool is_skipped_file(std::string_view name) {
  constexpr std::array<std::string_view, 7> kSkippedEnds = {
      ".d.ts", ".map", ".test.ts", ".spec.ts", ".test.js", ".spec.js", ".config.ts"};
  return std::ranges::any_of(kSkippedEnds,
                             [&](std::string_view end) { return name.ends_with(end); });
}

/// Modules by name; a .ts is found whatever the order in which the folder lists its files.
class Finder {
 public:
  Status scan(const fs::path& folder, const std::string& prefix) {
    std::error_code failed;
    fs::directory_iterator entries(folder, failed);
    if (failed) return unreadable(folder, failed);
    for (; entries != fs::directory_iterator(); entries.increment(failed)) {
      if (failed) return unreadable(folder, failed);
      const std::string name = entries->path().filename().string();
      if (name.starts_with('_') || name.starts_with('.') || name == "node_modules") continue;
      std::error_code ignored;
      if (entries->is_directory(ignored)) {
        if (entries->is_symlink(ignored)) continue;  // could lead in a circle
        MS_TRY_STATUS(scan(entries->path(), prefix + name + "/"));
      } else if (entries->is_regular_file(ignored)) {
        MS_TRY_STATUS(add(entries->path(), prefix));
      }
    }
    return {};
  }

  [[nodiscard]] std::map<std::string, std::string>& found() { return found_; }

 private:
  static Error unreadable(const fs::path& folder, const std::error_code& failed) {
    return {ErrorCode::Unavailable,
            fmt::format("cannot read the folder {}: {}", folder.string(), failed.message())};
  }

  Status add(const fs::path& path, const std::string& prefix) {
    const fs::path extension = path.extension();
    if (extension != ".ts" && extension != ".js") return {};
    if (is_skipped_file(path.filename().string())) return {};
    if (found_.size() >= kModulesMax) {
      return Error(ErrorCode::LimitExceeded,
                   fmt::format("more than {} files; is this the functions folder?", kModulesMax));
    }
    std::string& known = found_[prefix + path.stem().string()];
    if (known.empty() || extension == ".ts") known = path.string();
    return {};
  }

  std::map<std::string, std::string> found_;  // name to path
};

/// Skips spaces and comments, and the mark that some editors put before everything.
void skip_blank(std::string_view& text) {
  while (!text.empty()) {
    if (text.starts_with(kByteOrderMark)) {
      text.remove_prefix(kByteOrderMark.size());
    } else if (text.starts_with("//")) {
      text.remove_prefix(std::min(text.find('\n'), text.size()));
    } else if (text.starts_with("/*")) {
      const std::size_t end = text.find("*/", 2);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
    } else if (std::string_view(" \t\r\n;").find(text.front()) != std::string_view::npos) {
      text.remove_prefix(1);
    } else {
      return;
    }
  }
}

/// The text without comments, white space and semicolons, with one kind of quotes. Comments within
/// texts are not told apart: a text that holds one is no plain entry anyhow.
std::string without_blanks(std::string_view text) {
  std::string bare;
  while (true) {
    skip_blank(text);
    if (text.empty()) return bare;
    bare += text.front() == '\'' ? '"' : text.front();
    text.remove_prefix(1);
  }
}

/// `folder`, or the functions folder of the app that it is.
std::string functions_folder_within(const std::string& folder) {
  for (const char* const schema : {"schema.ts", "schema.js", "schema.lite"}) {
    if (is_file(fmt::format("{}/{}", folder, schema))) return folder;
  }
  for (const char* const name : kFunctionsFolders) {
    std::string inner = fmt::format("{}/{}", folder, name);
    if (is_folder(inner)) return inner;
  }
  return folder;
}

std::string normal_absolute(const std::string& folder) {
  std::string text = fs::absolute(folder).lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/'))
    text.pop_back();
  return text;
}

}  // namespace

std::string Project::data_folder(std::string_view environment) const {
  return environment.empty() ? state_folder + "/data"
                             : fmt::format("{}/env/{}", state_folder, environment);
}

std::string Project::build_folder() const {
  return state_folder + "/build";
}

std::string Project::generated_folder() const {
  return functions_folder + "/_generated";
}

Project project_of(const std::string& functions_folder) {
  Project project;
  project.functions_folder = normal_absolute(functions_folder);
  project.root = fs::path(project.functions_folder).parent_path().string();
  project.state_folder = (fs::path(project.root) / ".moonstone").string();
  return project;
}

Project project_here() {
  std::error_code ignored;
  Project project;
  project.root = normal_absolute(fs::current_path(ignored).string());
  project.state_folder = (fs::path(project.root) / ".moonstone").string();
  return project;
}

Result<Project> find_project(const std::string& folder) {
  if (!folder.empty()) {
    if (is_folder(folder)) return project_of(functions_folder_within(folder));
    return Error(ErrorCode::NotFound,
                 fmt::format("the functions folder {} does not exist. Run `moonstone init` to make "
                             "one, or name another folder",
                             folder));
  }
  for (const char* const name : kFunctionsFolders) {
    if (is_folder(name)) return project_of(name);
  }
  std::error_code ignored;
  return Error(
      ErrorCode::NotFound,
      fmt::format("neither moonstone/ nor zeroback/ is in {}. Run `moonstone init` to make "
                  "one, or name the functions folder: `moonstone dev path/to/functions`",
                  fs::current_path(ignored).string()));
}

Result<Layout> discover(const std::string& functions_folder) {
  Finder finder;
  MS_TRY_STATUS(finder.scan(functions_folder, ""));
  Layout layout;
  const std::array<std::pair<std::string_view, std::optional<Module>*>, 3> reserved = {
      {{"schema", &layout.schema}, {"http", &layout.http}, {"crons", &layout.crons}}};
  for (auto& [name, path] : finder.found()) {
    Module module{.name = name, .path = path};
    const auto special =
        std::ranges::find(reserved, std::string_view(name), [](const auto& p) { return p.first; });
    if (special != reserved.end()) {
      *special->second = std::move(module);
      continue;
    }
    MS_TRY(const std::string text, read_file(path));
    auto& list = is_marked_for_node(text) ? layout.node_modules : layout.modules;
    list.push_back(std::move(module));
  }
  const std::string lite = functions_folder + "/schema.lite";
  if (is_file(lite)) layout.lite_schema = lite;
  if (layout.schema && layout.lite_schema) {
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("{} and schema.lite both declare the schema; keep one of them",
                             fs::path(layout.schema->path).filename().string()),
                 "build");
  }
  return layout;
}

Result<std::optional<Module>> find_gate(const Project& project) {
  for (const std::string_view folder : {".moonstone", ".zeroback"}) {
    for (const std::string_view name : {"entry.ts", "entry.js"}) {
      const std::string path = fmt::format("{}/{}/{}", project.root, folder, name);
      if (!is_file(path)) continue;
      MS_TRY(const std::string text, read_file(path));
      if (is_plain_entry(text)) return std::optional<Module>();
      return std::optional(Module{.name = fmt::format("{}/{}", folder, name), .path = path});
    }
  }
  return std::optional<Module>();
}

bool is_plain_entry(std::string_view text) {
  const std::string bare = without_blanks(text);
  std::string_view rest = bare;
  const auto skip = [&rest](std::string_view start, std::string_view end) {
    if (!rest.starts_with(start)) return false;
    const std::size_t found = rest.find(end, start.size());
    if (found == std::string_view::npos) return false;
    rest.remove_prefix(found + end.size());
    return true;
  };
  while (skip("import{", "}from\"")) {
    const std::size_t quote = rest.find('"');
    if (quote == std::string_view::npos) return false;
    rest.remove_prefix(quote + 1);
  }
  const std::string_view name = rest.substr(0, rest.find('{'));
  if (name.starts_with("exportconst") &&
      (name.ends_with("=createZerobackDO(") || name.ends_with("=createMoonstoneDO("))) {
    if (!skip("exportconst", "})")) return false;
  }
  constexpr std::array<std::string_view, 3> kPlain = {"exportdefaultworkerHandler",
                                                      "exportdefaultcreateWorkerHandler()",
                                                      "exportdefaultcreateWorkerHandler({})"};
  return std::ranges::find(kPlain, rest) != kPlain.end();
}

bool is_marked_for_node(std::string_view text) {
  while (true) {
    skip_blank(text);
    if (text.empty() || (text.front() != '"' && text.front() != '\'')) return false;
    const std::size_t end = text.find(text.front(), 1);
    if (end == std::string_view::npos) return false;
    if (text.substr(1, end - 1) == "use node") return true;
    text.remove_prefix(end + 1);  // another directive, such as "use strict"
  }
}

std::string authoring_package_of(std::string_view schema_text) {
  for (const std::string_view package : kAuthoringPackages) {
    for (const char quote : {'"', '\''}) {
      if (schema_text.find(fmt::format("{0}{1}{0}", quote, package)) != std::string_view::npos) {
        return std::string(package);
      }
    }
  }
  return std::string(kAuthoringPackages.front());
}

}  // namespace moonstone::cli
