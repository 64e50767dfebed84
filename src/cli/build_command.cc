// Moonstone. Licence: see LICENSE.
// moonstone build: everything that a server needs of a project, in one file.

#include <filesystem>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/version.h"
#include "cli/build.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/report.h"
#include "runtime/bundle_file.h"

namespace moonstone::cli {
namespace {

/// "812 bytes", "12.3 KiB"
std::string shown_size(std::size_t bytes) {
  constexpr double kStep = 1024;
  if (bytes < static_cast<std::size_t>(kStep)) return fmt::format("{} bytes", bytes);
  const double kibibytes = static_cast<double>(bytes) / kStep;
  if (kibibytes < kStep) return fmt::format("{:.1f} KiB", kibibytes);
  return fmt::format("{:.1f} MiB", kibibytes / kStep);
}

Status build_file(const BuildFileOptions& options, Terminal& terminal) {
  const Stopwatch watch;
  MS_TRY(const Project project, find_project(options.functions_folder));
  auto built =
      build(project, {.colours = options.format == Format::People ? colours_of(terminal)
                                                                  : BundleRequest::Colours::Off});
  if (!built) return std::move(built).error();
  for (const std::string& warning : built->warnings)
    terminal.warning(warning);
  const runtime::Bundle& bundle = *built->bundle;
  const std::string text = runtime::write_bundle_file(bundle);
  const std::string path = options.out.empty() ? project.root + "/" + kBundleFile
                                               : std::filesystem::absolute(options.out).string();
  MS_TRY_STATUS(write_file(path, text));
  if (options.format == Format::Json) {
    print_json(terminal,
               Object{{"file", path},
                      {"bytes", static_cast<std::int64_t>(text.size())},
                      {"hash", bundle.hash},
                      {"moonstone", version()},
                      {"functions", static_cast<std::int64_t>(bundle.functions.size())},
                      {"tables", static_cast<std::int64_t>(bundle.schema.tables.size())}});
    return {};
  }
  print_bundled(terminal, bundle, watch);
  terminal.line(fmt::format(
      "    {} ({}), version {}", options.out.empty() ? shown_path(path, project.root) : options.out,
      shown_size(text.size()), bundle.hash.substr(0, runtime::kShownHashLength)));
  return {};
}

}  // namespace

ExitCode run_build(const BuildFileOptions& options, Terminal& terminal) {
  const Status built = build_file(options, terminal);
  if (built) return ExitCode::Success;
  if (options.format == Format::Json) {
    print_failure(terminal, options.format, built.error());
  } else {
    print_build_error(terminal, built.error());
  }
  return ExitCode::Failure;
}

}  // namespace moonstone::cli
