// Moonstone. Licence: see LICENSE.
#pragma once
// One build of a project: find the modules, bundle, evaluate, generate the types.
//
// `_generated` is part of what is bundled and a product of the build at once: it is written after
// the bundle was read, and if that changed a file which went into the bundle, the bundle is made
// once more.
// What runs in Node is a second bundle, made and described only if there is any (bundler.h).
// Threads: build() blocks its caller, who must be able to run V8.

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/bundler.h"
#include "cli/project.h"
#include "runtime/bundle.h"

namespace moonstone::cli {

struct BuildOptions {
  BundleRequest::Colours colours = BundleRequest::Colours::Off;
  int interrupt = -1;  // see ProcessOptions
  /// Whether an unchanged project may start from the bundle on disk.
  enum class Cache : unsigned char { Use, Ignore } cache = Cache::Use;
  std::string environment{};  // whose section of moonstone.toml says what runs Node
};

struct BuildOutcome {
  runtime::BundlePtr bundle;
  std::vector<std::string> generated;  // files of _generated that were written
  std::vector<std::string> warnings;   // for people
};

/// Errors: InvalidArgument reason "build" (esbuild's report, printed as it is) or with the user's
/// message and `stack()`; Cancelled; NotFound (no modules, no esbuild); those of files.
[[nodiscard]] Result<BuildOutcome> build(const Project& project, const BuildOptions& options);

/// What changed between two builds, one line per function: "+ tasks:list (query)".
[[nodiscard]] std::vector<std::string> describe_functions(const runtime::Bundle* before,
                                                          const runtime::Bundle& after);

/// "Bundled N functions, M tables".
[[nodiscard]] std::string describe_bundle(const runtime::Bundle& bundle);

}  // namespace moonstone::cli
