// Moonstone. Licence: see LICENSE.
#pragma once
// Adding to a package.json without disturbing what stands in it.
// Threads: pure functions.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/support.h"

namespace moonstone::cli {

/// The text with a dependency `file:<tarball>` for each package that is not mentioned yet; order,
/// indentation and everything else stay. An empty text gives a new file for a project of that name.
/// Errors: InvalidArgument if the text is no JSON object.
[[nodiscard]] Result<std::string> add_dependencies(std::string_view package_json,
                                                   std::string_view project_name,
                                                   const std::vector<NpmPackage>& packages);

/// The text of a template with the name of the new project. Errors: as above.
[[nodiscard]] Result<std::string> rename_project(std::string_view package_json,
                                                 std::string_view project_name);

}  // namespace moonstone::cli
