// Moonstone. Licence: see LICENSE.
#pragma once
// What lies beside the binary: esbuild, the authoring package, the npm tarballs, the templates.
//
// In this order: the folder that MOONSTONE_SUPPORT_DIR names, <executable>/../lib/moonstone, and
// the source tree above the executable (a build folder inside the tree, before `make support`).
// Threads: pure functions on the file system.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace moonstone::cli {

/// The bundler for a project: its own if npm installed one, else the one beside the binary.
/// Errors: NotFound with the places that were tried.
[[nodiscard]] Result<std::string> find_esbuild(const std::string& project_root);

/// The file to which `@moonstone/server` and its other names resolve.
[[nodiscard]] Result<std::string> find_authoring_package();

struct NpmPackage {
  std::string name;     // "@moonstone/client"
  std::string tarball;  // absolute path
};
/// The shipped npm packages, by name; empty if there are none.
[[nodiscard]] std::vector<NpmPackage> find_npm_packages();

/// The names of the templates of `moonstone init`.
inline constexpr std::array<std::string_view, 4> kTemplates = {"react", "solid", "vanilla",
                                                               "server-only"};
/// The folder of one of them. Errors: NotFound with the places that were tried.
[[nodiscard]] Result<std::string> find_template(std::string_view name);

}  // namespace moonstone::cli
