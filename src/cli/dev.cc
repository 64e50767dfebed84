// Moonstone. Licence: see LICENSE.
// moonstone dev: serves, watches, and swaps code and schema at every change. Whatever goes wrong
// with a new version, the last good one keeps running.

#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/version.h"
#include "cli/build.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/report.h"
#include "cli/serving.h"
#include "cli/signals.h"
#include "cli/watcher.h"

namespace moonstone::cli {
namespace {

using protocol::functions::FunctionHost;
using protocol::functions::Mode;
using protocol::functions::Tenants;
using store::Writer;

class Development {
 public:
  Development(const ServeOptions& options,
              Terminal& terminal,
              StopSignals& signals,
              Watcher& watcher,
              Serving& serving)
      : options_(options),
        terminal_(terminal),
        signals_(signals),
        watcher_(watcher),
        serving_(serving) {}

  ExitCode run() {
    update(BuildOptions::Cache::Use);
    while (!exit_code_ && !signals_.have_arrived()) {
      wait_readable({signals_.descriptor(), watcher_.descriptor()}, std::nullopt);
      if (signals_.have_arrived()) break;
      if (watcher_.take_change(signals_.descriptor()) == Watcher::Change::Some) {
        update(BuildOptions::Cache::Ignore);
      }
    }
    stop();
    return exit_code_.value_or(ExitCode::Success);
  }

 private:
  /// Builds and puts the result into force; prints what happened.
  void update(BuildOptions::Cache cache) {
    const Stopwatch watch;
    auto built = build(serving_.project, {.colours = colours_of(terminal_),
                                          .interrupt = signals_.descriptor(),
                                          .cache = cache,
                                          .environment = options_.environment});
    if (!built) {
      if (built.error().code() == ErrorCode::Cancelled) return;
      print_build_error(terminal_, built.error());
      return keep_last_good();
    }
    for (const std::string& warning : built->warnings)
      terminal_.warning(warning);
    const runtime::BundlePtr before = serving_.app->bundle();
    if (before != nullptr && before->hash == built->bundle->hash) {
      if (!has_failed_ && options_.verbosity == ServeOptions::Verbosity::Normal) return;
      print_bundled(terminal_, *built->bundle, watch);
      terminal_.line("    nothing changed");
      has_failed_ = false;
      return;
    }
    const auto deployed = deploy(built->bundle);
    if (!deployed) return keep_last_good();
    has_failed_ = false;
    print_bundled(terminal_, *built->bundle, watch);
    print_changes(terminal_, before.get(), *built->bundle, deployed->diff);
    if (!serving_.app->is_serving()) serve(watch);
  }

  /// Nothing if it was refused, which has been printed.
  std::optional<FunctionHost::DeployOutcome> deploy(const runtime::BundlePtr& bundle) {
    const bool accepts = options_.data_loss == ServeOptions::DataLoss::Accept;
    const auto allow = accepts ? Writer::AllowDataLoss::Yes : Writer::AllowDataLoss::No;
    auto outcome = serving_.app->tenants().deploy(bundle, allow);
    if (outcome) return accepted(*outcome);
    terminal_.error_line("  ✗ The new version was refused");
    print_error(terminal_, outcome.error());
    if (outcome.error().reason() != "data_loss") return std::nullopt;
    if (!terminal_.is_interactive()) {
      terminal_.error_line(fmt::format("  To accept that, run: {}", accepting_command()));
      return std::nullopt;
    }
    const auto answer = terminal_.confirm("  Drop this data for good?",
                                          {signals_.descriptor(), watcher_.descriptor()});
    if (!answer.value_or(false)) return std::nullopt;
    outcome = serving_.app->tenants().deploy(bundle, Writer::AllowDataLoss::Yes);
    if (outcome) return accepted(*outcome);
    print_error(terminal_, outcome.error());
    return std::nullopt;
  }

  FunctionHost::DeployOutcome accepted(const Tenants::DeployOutcome& outcome) {
    for (const std::string& tenant : outcome.failed)
      terminal_.warning("tenant " + tenant);
    return outcome.root;
  }

  [[nodiscard]] std::string accepting_command() const {
    std::string command = "moonstone dev";
    if (!options_.functions_folder.empty()) command += " " + options_.functions_folder;
    if (!options_.environment.empty()) command += " --env " + options_.environment;
    return command + " --accept-data-loss";
  }

  void keep_last_good() {
    has_failed_ = true;
    terminal_.error_line(serving_.app->is_serving()
                             ? "  The last good version keeps running."
                             : "  Nothing is served yet; waiting for a change.");
  }

  void serve(const Stopwatch& watch) {
    if (Status served = serving_.app->serve(); !served) {
      print_error(terminal_, served.error());
      exit_code_ = exit_code_of(served.error());
      return;
    }
    print_addresses(terminal_, serving_, Mode::Development);
    terminal_.line(
        fmt::format("  Ready in {}. Watching {}/ for changes; Ctrl+C stops.", watch.shown(),
                    shown_path(serving_.project.functions_folder, serving_.project.root)));
  }

  void stop() {
    signals_.let_the_next_one_kill();
    if (!exit_code_) terminal_.line("  Stopping");
    serving_.app->stop();
    if (!exit_code_) terminal_.line("  Stopped");
  }

  const ServeOptions& options_;
  Terminal& terminal_;
  StopSignals& signals_;
  Watcher& watcher_;
  Serving& serving_;
  bool has_failed_ = false;            // the version before this one was not taken
  std::optional<ExitCode> exit_code_;  // an error that ends the command
};

Result<ExitCode> develop(const ServeOptions& options, Terminal& terminal) {
  MS_TRY(StopSignals signals, StopSignals::catch_them());
  const bool is_verbose = options.verbosity == ServeOptions::Verbosity::Verbose;
  ServeLogger logger(terminal, is_verbose ? LogLevel::Debug : LogLevel::Warn);
  terminal.line(fmt::format("  {} {}", terminal.styled(Style::Bold, "moonstone dev"), version()));
  MS_TRY(Project project, find_project(options.functions_folder));
  MS_TRY(Serving serving,
         open_serving(std::move(project), options, Mode::Development, logger, terminal));
  MS_TRY(Watcher watcher, Watcher::create(serving.project.functions_folder));
  return Development(options, terminal, signals, watcher, serving).run();
}

}  // namespace

ExitCode run_dev(const ServeOptions& options, Terminal& terminal) {
  const auto code = develop(options, terminal);
  if (code) return *code;
  print_error(terminal, code.error());
  return exit_code_of(code.error());
}

}  // namespace moonstone::cli
