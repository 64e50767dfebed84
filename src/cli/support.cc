// Moonstone. Licence: see LICENSE.
#include "cli/support.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "cli/files.h"

namespace moonstone::cli {
namespace {

namespace fs = std::filesystem;

/// How far above the executable a source tree is looked for: build/<preset>/bin is three.
constexpr int kSourceTreeLevelsMax = 4;

#if defined(__aarch64__)
constexpr std::string_view kEsbuildPlatform = "linux-arm64";
#else
constexpr std::string_view kEsbuildPlatform = "linux-x64";
#endif

fs::path executable_folder() {
  std::error_code failed;
  const fs::path executable = fs::read_symlink("/proc/self/exe", failed);
  return failed ? fs::path() : executable.parent_path();
}

bool is_executable(const fs::path& path) {
  return is_file(path.string()) && ::access(path.c_str(), X_OK) == 0;
}

/// The folders that may hold the support files, best first.
std::vector<fs::path> support_folders() {
  std::vector<fs::path> folders;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment
  if (const char* const chosen = std::getenv("MOONSTONE_SUPPORT_DIR");
      chosen != nullptr && *chosen != '\0') {
    folders.emplace_back(chosen);
  }
  folders.push_back((executable_folder() / "../lib/moonstone").lexically_normal());
  return folders;
}

/// The roots of source trees above the executable.
std::vector<fs::path> source_trees() {
  std::vector<fs::path> trees;
  fs::path folder = executable_folder();
  for (int level = 0; level < kSourceTreeLevelsMax && folder.has_parent_path(); ++level) {
    folder = folder.parent_path();
    if (is_file((folder / "packages/server/package.json").string())) trees.push_back(folder);
  }
  return trees;
}

fs::path npm_esbuild(const fs::path& root) {
  return root / "node_modules/@esbuild" / kEsbuildPlatform / "bin/esbuild";
}

Error missing(std::string_view what, const std::vector<fs::path>& tried) {
  std::vector<std::string> places;
  places.reserve(tried.size());
  for (const fs::path& place : tried)
    places.push_back(place.string());
  return {ErrorCode::NotFound,
          fmt::format("{} is missing beside the binary. Looked for {}. Reinstall Moonstone (in the "
                      "source tree: make build), or set MOONSTONE_SUPPORT_DIR",
                      what, fmt::join(places, ", "))};
}

/// "moonstone-client-0.1.0.tgz" is @moonstone/client.
std::string package_of(const std::string& tarball) {
  const std::size_t scope = tarball.find('-');
  if (scope == std::string::npos) return {};
  std::size_t version = scope + 1;
  while (version < tarball.size() &&
         !(tarball[version] == '-' && version + 1 < tarball.size() &&
           std::isdigit(static_cast<unsigned char>(tarball[version + 1])) != 0)) {
    ++version;
  }
  return fmt::format("@{}/{}", tarball.substr(0, scope),
                     tarball.substr(scope + 1, version - scope - 1));
}

}  // namespace

Result<std::string> find_esbuild(const std::string& project_root) {
  std::vector<fs::path> candidates = {npm_esbuild(project_root)};
  for (const fs::path& folder : support_folders())
    candidates.push_back(folder / "esbuild");
  for (const fs::path& tree : source_trees())
    candidates.push_back(npm_esbuild(tree));
  const auto found = std::ranges::find_if(candidates, is_executable);
  if (found == candidates.end()) return missing("esbuild", candidates);
  return found->string();
}

Result<std::string> find_authoring_package() {
  std::vector<fs::path> candidates;
  for (const fs::path& folder : support_folders())
    candidates.push_back(folder / "server/index.js");
  for (const fs::path& tree : source_trees()) {
    candidates.push_back(tree / "packages/server/dist/index.js");
  }
  for (const fs::path& candidate : candidates) {
    if (is_file(candidate.string())) return candidate.string();
  }
  return missing("the authoring package", candidates);
}

Result<std::string> find_template(std::string_view name) {
  std::vector<fs::path> candidates;
  for (const fs::path& folder : support_folders())
    candidates.push_back(folder / "templates" / name);
  for (const fs::path& tree : source_trees())
    candidates.push_back(tree / "templates" / name);
  for (const fs::path& candidate : candidates) {
    if (is_folder(candidate.string())) return candidate.string();
  }
  return missing(fmt::format("the template {}", name), candidates);
}

std::vector<NpmPackage> find_npm_packages() {
  std::vector<fs::path> folders;
  for (const fs::path& folder : support_folders())
    folders.push_back(folder / "packages");
  for (const fs::path& tree : source_trees())
    folders.push_back(tree / "packages/.tarballs");
  for (const fs::path& folder : folders) {
    std::vector<NpmPackage> packages;
    std::error_code failed;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, failed)) {
      if (entry.path().extension() != ".tgz") continue;
      packages.push_back(
          {.name = package_of(entry.path().filename().string()), .tarball = entry.path().string()});
    }
    std::ranges::sort(packages, {}, &NpmPackage::name);
    if (!packages.empty()) return packages;
  }
  return {};
}

}  // namespace moonstone::cli
