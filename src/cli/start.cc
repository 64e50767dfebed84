// Moonstone. Licence: see LICENSE.
// moonstone start: production. Runs a bundle file, or builds sources, or goes on with what was
// deployed last; serves, and watches nothing.

#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/version.h"
#include "cli/build.h"
#include "cli/bundle_source.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/report.h"
#include "cli/serving.h"
#include "cli/signals.h"

namespace moonstone::cli {
namespace {

using protocol::functions::BundleStore;
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

class Production {
 public:
  Production(const ServeOptions& options, Terminal& terminal, StopSignals& signals)
      : options_(options), terminal_(terminal), signals_(signals) {}

  Result<ExitCode> run(ServeLogger& logger) {
    MS_TRY(Project project, choose_project());
    MS_TRY(serving_,
           open_serving(std::move(project), options_, Mode::Production, logger, terminal_));
    bool is_given = false;
    if (source_ != Source::Deployed) {
      auto given = make_bundle();
      if (!given && signals_.have_arrived()) return ExitCode::Success;
      if (!given) {
        print_build_error(terminal_, given.error());
        return ExitCode::Failure;
      }
      bundle_ = *std::move(given);
      is_given = true;
    }
    MS_TRY_STATUS(prefer_deployed());
    if (bundle_ != nullptr) {
      const ExitCode put = put_into_force();
      if (put != ExitCode::Success) return put;
      if (is_given && !runs_deployed_) {
        MS_TRY_STATUS(serving_.app->bundles()->record_base(*bundle_, system_clock().unix_ms()));
      }
    }
    return serve();
  }

 private:
  enum class Source : unsigned char { Sources, File, Deployed };

  /// Decides where the code comes from, and with it which folder is the project's.
  Result<Project> choose_project() {
    const std::string& argument = options_.functions_folder;
    if (options_.source == ServeOptions::Source::Deployed) {
      source_ = Source::Deployed;
      if (argument.empty()) return project_here();
      return find_project(argument);
    }
    if (names_bundle_file(argument)) {
      source_ = Source::File;
      return project_here();
    }
    auto project = find_project(argument);
    if (project || !argument.empty()) return project;
    // Without sources a folder may still hold what was deployed to it.
    Project here = project_here();
    if (!is_folder(here.data_folder(options_.environment) + "/bundles")) return project;
    source_ = Source::Deployed;
    return here;
  }

  Result<runtime::BundlePtr> make_bundle() {
    if (source_ == Source::File) return load_bundle_file(options_.functions_folder);
    MS_TRY(BuildOutcome built, build(serving_.project, {.colours = colours_of(terminal_),
                                                        .interrupt = signals_.descriptor(),
                                                        .environment = options_.environment}));
    for (const std::string& warning : built.warnings)
      terminal_.warning(warning);
    return std::move(built.bundle);
  }

  /// What was deployed since the given code came into force runs on.
  Status prefer_deployed() {
    const BundleStore& bundles = *serving_.app->bundles();
    if (bundles.history().empty()) return {};
    const auto& last = bundles.history().back();
    if (bundle_ != nullptr && !bundles.continues_from(bundle_->hash)) return {};
    if (bundle_ != nullptr && last.hash == bundle_->hash) return {};
    MS_TRY(runtime::BundleFile file, bundles.load(last));
    MS_TRY(bundle_, runtime::load_bundle(std::move(file.source)));
    runs_deployed_ = true;
    terminal_.line(fmt::format("  Version {} was deployed here and is in force",
                               last.hash.substr(0, runtime::kShownHashLength)));
    return {};
  }

  ExitCode put_into_force() {
    const bool accepts = options_.data_loss == ServeOptions::DataLoss::Accept;
    const auto deployed = serving_.app->tenants().deploy(
        bundle_, accepts ? Writer::AllowDataLoss::Yes : Writer::AllowDataLoss::No);
    if (!deployed) {
      print_error(terminal_, deployed.error());
      const std::string hint = way_out(options_, deployed.error());
      if (!hint.empty()) terminal_.error_line(hint);
      return exit_code_of(deployed.error());
    }
    print_bundled(terminal_, *bundle_, watch_);
    if (!deployed->root.diff.empty()) {
      print_changes(terminal_, bundle_.get(), *bundle_, deployed->root.diff);
    }
    for (const std::string& tenant : deployed->failed)
      terminal_.warning("tenant " + tenant);
    return ExitCode::Success;
  }

  Result<ExitCode> serve() {
    MS_TRY_STATUS(serving_.app->serve());
    print_addresses(terminal_, serving_, Mode::Production);
    if (options_.admin_key.empty()) {
      terminal_.line("  Administration is off; set MOONSTONE_ADMIN_KEY to switch it on.");
    }
    if (bundle_ == nullptr) {
      terminal_.line(
          "  Nothing was deployed yet: there are no functions until `moonstone deploy`.");
    }
    terminal_.line(fmt::format("  Ready in {}", watch_.shown()));
    wait_readable({signals_.descriptor()}, std::nullopt);
    signals_.let_the_next_one_kill();
    terminal_.line("  Stopping");
    serving_.app->stop();
    terminal_.line("  Stopped");
    return ExitCode::Success;
  }

  const ServeOptions& options_;
  Terminal& terminal_;
  StopSignals& signals_;
  Stopwatch watch_;
  Source source_ = Source::Sources;
  Serving serving_;
  runtime::BundlePtr bundle_;  // null: none yet
  bool runs_deployed_ = false;
};

Result<ExitCode> start(const ServeOptions& options, Terminal& terminal) {
  MS_TRY(StopSignals signals, StopSignals::catch_them());
  const bool is_verbose = options.verbosity == ServeOptions::Verbosity::Verbose;
  ServeLogger logger(terminal, is_verbose ? LogLevel::Debug : LogLevel::Info);
  terminal.line(fmt::format("  {} {}", terminal.styled(Style::Bold, "moonstone start"), version()));
  return Production(options, terminal, signals).run(logger);
}

}  // namespace

ExitCode run_start(const ServeOptions& options, Terminal& terminal) {
  const auto code = start(options, terminal);
  if (code) return *code;
  print_error(terminal, code.error());
  return exit_code_of(code.error());
}

}  // namespace moonstone::cli
