// Moonstone. Licence: see LICENSE.
// moonstone start: production. Builds unless the bundle on disk is current, serves, watches
// nothing.

#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/version.h"
#include "cli/build.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/serving.h"
#include "cli/signals.h"

namespace moonstone::cli {
namespace {

using protocol::functions::Mode;
using store::Writer;

/// What --accept-data-loss would do, if that is what the refusal is about.
std::string way_out(const ServeOptions& options, const Error& refusal) {
  if (refusal.reason() != "data_loss") return {};
  std::string command = "moonstone start";
  if (!options.functions_folder.empty()) command += " " + options.functions_folder;
  if (!options.environment.empty()) command += " --env " + options.environment;
  return fmt::format("  To accept that, run: {} --accept-data-loss", command);
}

Result<ExitCode> start(const ServeOptions& options, Terminal& terminal) {
  const Stopwatch watch;
  MS_TRY(StopSignals signals, StopSignals::catch_them());
  const bool is_verbose = options.verbosity == ServeOptions::Verbosity::Verbose;
  ServeLogger logger(terminal, is_verbose ? LogLevel::Debug : LogLevel::Info);
  terminal.line(fmt::format("  {} {}", terminal.styled(Style::Bold, "moonstone start"), version()));
  MS_TRY(Serving serving, open_serving(options, Mode::Production, logger, terminal));
  const auto built =
      build(serving.project, {.colours = colours_of(terminal), .interrupt = signals.descriptor()});
  if (!built) {
    if (signals.have_arrived()) return ExitCode::Success;
    print_build_error(terminal, built.error());
    return ExitCode::Failure;
  }
  for (const std::string& warning : built->warnings)
    terminal.warning(warning);
  const bool accepts = options.data_loss == ServeOptions::DataLoss::Accept;
  const auto deployed = serving.app->tenants().deploy(
      built->bundle, accepts ? Writer::AllowDataLoss::Yes : Writer::AllowDataLoss::No);
  if (!deployed) {
    print_error(terminal, deployed.error());
    const std::string hint = way_out(options, deployed.error());
    if (!hint.empty()) terminal.error_line(hint);
    return exit_code_of(deployed.error());
  }
  print_bundled(terminal, *built->bundle, watch);
  if (!deployed->root.diff.empty()) {
    print_changes(terminal, built->bundle.get(), *built->bundle, deployed->root.diff);
  }
  for (const std::string& tenant : deployed->failed)
    terminal.warning("tenant " + tenant);
  MS_TRY_STATUS(serving.app->serve());
  print_addresses(terminal, serving, Mode::Production);
  if (options.admin_key.empty()) {
    terminal.line("  Administration is off; set MOONSTONE_ADMIN_KEY to switch it on.");
  }
  terminal.line(fmt::format("  Ready in {}", watch.shown()));
  wait_readable({signals.descriptor()}, std::nullopt);
  signals.let_the_next_one_kill();
  terminal.line("  Stopping");
  serving.app->stop();
  terminal.line("  Stopped");
  return ExitCode::Success;
}

}  // namespace

ExitCode run_start(const ServeOptions& options, Terminal& terminal) {
  const auto code = start(options, terminal);
  if (code) return *code;
  print_error(terminal, code.error());
  return exit_code_of(code.error());
}

}  // namespace moonstone::cli
