// Moonstone. Licence: see LICENSE.
#pragma once
// Where a command's bundle comes from: sources that are built, or a file that was built before.
// Threads: blocks its caller, who must be able to run V8.

#include <string>

#include "base/result.h"
#include "cli/build.h"

namespace moonstone::cli {

/// Whether a command's argument names a bundle file rather than a functions folder.
[[nodiscard]] bool names_bundle_file(const std::string& argument);

/// Reads a bundle file. Errors: those of read_file, read_bundle_file and load_bundle, naming it.
[[nodiscard]] Result<runtime::BundlePtr> load_bundle_file(const std::string& path);

}  // namespace moonstone::cli
