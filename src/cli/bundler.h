// Moonstone. Licence: see LICENSE.
#pragma once
// From the files of a project to one script: a generated entry, and esbuild.
//
// The entry imports every module and the schema; its value is what runtime/bundle.h expects. The
// names of the authoring package (ours and those of the seeds) resolve to the one that ships with
// the binary, so that a folder without node_modules runs.
// Deterministic: the same files give the same bytes.
// Threads: bundle() blocks its caller. Source: functions.md section 2, 21.2; design.md decision 22.

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/project.h"
#include "runtime/bundle.h"

namespace moonstone::cli {

/// The text of the entry, which stands in `entry_folder`.
[[nodiscard]] std::string entry_text(const Layout& layout, const std::string& entry_folder);

struct BundleRequest {
  const Project* project = nullptr;
  const Layout* layout = nullptr;
  std::string esbuild;            // executable
  std::string authoring_package;  // file
  enum class Colours : unsigned char { Off, On } colours = Colours::Off;
  int interrupt = -1;  // see ProcessOptions
};

struct BundleOutcome {
  runtime::BundleSource source;
  std::vector<std::string> inputs;  // absolute paths of every file that went in, sorted
  std::string warnings;             // of esbuild, for the terminal; often empty
};

/// Errors: InvalidArgument (reason "build") whose message is esbuild's own report; others as
/// run_process and the file functions give them.
[[nodiscard]] Result<BundleOutcome> bundle(const BundleRequest& request);

}  // namespace moonstone::cli
