// Moonstone. Licence: see LICENSE.
// moonstone codegen: one build, then exit.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/build.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/report.h"

namespace moonstone::cli {

ExitCode run_codegen(const CodegenOptions& options, Terminal& terminal) {
  const auto project = find_project(options.functions_folder);
  if (!project) {
    print_error(terminal, project.error());
    return ExitCode::Failure;
  }
  const Stopwatch watch;
  const auto built = build(*project, {.colours = colours_of(terminal)});
  if (!built) {
    print_build_error(terminal, built.error());
    return ExitCode::Failure;
  }
  for (const std::string& warning : built->warnings)
    terminal.warning(warning);
  print_bundled(terminal, *built->bundle, watch);
  const std::string folder = shown_path(project->generated_folder(), project->root);
  terminal.line(built->generated.empty()
                    ? fmt::format("    {} is current", folder)
                    : fmt::format("    wrote {} in {}", fmt::join(built->generated, ", "), folder));
  return ExitCode::Success;
}

}  // namespace moonstone::cli
