// Moonstone. Licence: see LICENSE.
#pragma once
// From the files of a project to one script for V8, and one module for Node: generated entries, and
// esbuild.
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
  std::string esbuild;                   // executable
  std::string authoring_package;         // file
  std::vector<std::string> environment;  // for Node, "NAME=value"; empty: as ours
  enum class Colours : unsigned char { Off, On } colours = Colours::Off;
  int interrupt = -1;  // see ProcessOptions
};

struct BundleOutcome {
  runtime::BundleSource source;
  std::vector<std::string> inputs;  // absolute paths of every file that went in, sorted
  std::string warnings;             // of esbuild, for the terminal; often empty
};

/// What goes into the Node half.
struct NodeParts {
  std::vector<Module> modules;  // actions, routes, files marked "use node"
  const Layout* layout = nullptr;
  [[nodiscard]] bool empty() const { return modules.empty() && !layout->gate; }
};

/// The modules that must run in Node, as the other half's evaluation has shown.
[[nodiscard]] NodeParts node_parts(const Layout& layout, const runtime::Bundle& bundle);

/// Makes the Node half and adds it to `outcome`; npm packages are bundled, too. `manifest` is left
/// empty. Errors: as bundle().
[[nodiscard]] Status bundle_for_node(const BundleRequest& request,
                                     const NodeParts& parts,
                                     BundleOutcome& outcome);

/// Evaluates the Node half of `outcome` once and sets its manifest. `node` is a path.
/// Errors: InvalidArgument (reason "build") with what Node printed, or two routers.
[[nodiscard]] Status describe_for_node(const BundleRequest& request,
                                       const std::string& node,
                                       BundleOutcome& outcome);

/// Errors: InvalidArgument (reason "build") whose message is esbuild's own report; others as
/// run_process and the file functions give them.
[[nodiscard]] Result<BundleOutcome> bundle(const BundleRequest& request);

}  // namespace moonstone::cli
