// Moonstone. Licence: see LICENSE.
// moonstone deploy: builds, and hands the bundle to a running server; or goes back there.
// Source: functions.md section 16, 21.7; docs/deploy.md.

#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "cli/build.h"
#include "cli/bundle_source.h"
#include "cli/commands.h"
#include "cli/deployment.h"
#include "cli/report.h"
#include "runtime/bundle_file.h"

namespace moonstone::cli {
namespace {

bool is_true(const Object& object, std::string_view name) {
  const Value* const member = object.find(name);
  return member != nullptr && *member == Value(true);
}

class Deployment {
 public:
  Deployment(const DeployOptions& options, Terminal& terminal)
      : options_(options), terminal_(terminal) {}

  Result<ExitCode> run() {
    using Action = DeployOptions::Action;
    is_plan_ = options_.action == Action::Plan || options_.action == Action::PlanRollback;
    is_rollback_ = options_.action == Action::Rollback || options_.action == Action::PlanRollback;
    if (options_.remote.url.empty() && (is_rollback_ || !is_plan_)) return missing_url();
    std::string body;
    if (!is_rollback_) {
      MS_TRY(const runtime::BundlePtr bundle, make_bundle());
      body = runtime::write_bundle_file(*bundle);
    }
    if (options_.remote.url.empty()) return built_only();
    MS_TRY(const Object plan, request_deployment({.remote = options_.remote,
                                                  .bundle_file = std::move(body),
                                                  .is_plan = is_plan_,
                                                  .accepts_data_loss = accepts_data_loss()}));
    return report(plan);
  }

 private:
  ExitCode missing_url() {
    print_failure(terminal_, options_.format,
                  Error(ErrorCode::InvalidArgument,
                        "--url is missing: which server? For example: moonstone deploy --url "
                        "https://app.example.com --key …",
                        "usage"));
    return ExitCode::Usage;
  }

  [[nodiscard]] bool accepts_data_loss() const {
    return options_.data_loss == ServeOptions::DataLoss::Accept;
  }

  Result<runtime::BundlePtr> make_bundle() {
    if (names_bundle_file(options_.functions_folder)) {
      return load_bundle_file(options_.functions_folder);
    }
    const Stopwatch watch;
    MS_TRY(const Project project, find_project(options_.functions_folder));
    const bool colours = options_.format == Format::People;
    MS_TRY(BuildOutcome built, build(project, {.colours = colours ? colours_of(terminal_)
                                                                  : BundleRequest::Colours::Off}));
    for (const std::string& warning : built.warnings)
      terminal_.warning(warning);
    if (options_.format == Format::People) print_bundled(terminal_, *built.bundle, watch);
    hash_ = built.bundle->hash;
    return std::move(built.bundle);
  }

  ExitCode built_only() {
    if (options_.format == Format::Json) {
      print_json(terminal_, Object{{"success", true}, {"dryRun", true}, {"hash", hash_}});
    } else {
      terminal_.line("    Nothing was sent; with --url the server says what would change there.");
    }
    return ExitCode::Success;
  }

  /// A plan that would be refused ends with the code that the deployment itself would have.
  ExitCode report(const Object& plan) {
    const bool is_refused =
        is_plan_ && (!list_of(plan, "violations").empty() ||
                     (!list_of(plan, "dataLosses").empty() && !accepts_data_loss()));
    const ExitCode code = is_refused ? ExitCode::Refused : ExitCode::Success;
    if (options_.format == Format::Json) {
      print_json(terminal_, Object{{"success", !is_refused}, {"result", plan}});
      return code;
    }
    print_plan(plan);
    if (is_refused) {
      terminal_.error_line("  ✗ The server would refuse this");
    } else if (is_plan_) {
      terminal_.line("  Nothing was changed. Without --dry-run this would be carried out.");
    } else {
      terminal_.line(fmt::format("  {} {} runs version {}", terminal_.styled(Style::Green, "✓"),
                                 options_.remote.url,
                                 text_of(plan, "hash").substr(0, runtime::kShownHashLength)));
    }
    return code;
  }

  void print_plan(const Object& plan) {
    if (!is_true(plan, "codeChanged")) terminal_.line("    the code is the one that runs already");
    if (const Value* functions = plan.find("functions");
        functions != nullptr && functions->is_object()) {
      print_lines("+", Style::Green, list_of(functions->as_object(), "added"));
      print_lines("-", Style::Red, list_of(functions->as_object(), "removed"));
      print_lines("~", Style::Yellow, list_of(functions->as_object(), "changed"));
    }
    print_lines("·", Style::Yellow, list_of(plan, "schema"));
    print_places("would be deleted", list_of(plan, "dataLosses"));
    print_places("does not fit", list_of(plan, "violations"));
    for (const Value& failed : list_of(plan, "failedTenants")) {
      if (failed.is_text()) terminal_.warning("kept its former version: " + failed.as_text());
    }
  }

  void print_lines(std::string_view sign, Style style, const Array& lines) {
    for (const Value& line : lines) {
      if (!line.is_text()) continue;
      terminal_.line("    " + terminal_.styled(style, fmt::format("{} {}", sign, line.as_text())));
    }
  }

  void print_places(std::string_view what, const Array& places) {
    for (const Value& place : places) {
      if (!place.is_object()) continue;
      const std::string tenant = text_of(place.as_object(), "tenant");
      terminal_.error_line(fmt::format("    ! {}{}: {}",
                                       tenant == "default" ? "" : "tenant " + tenant + ", ", what,
                                       text_of(place.as_object(), "what")));
    }
  }

  const DeployOptions& options_;
  Terminal& terminal_;
  bool is_plan_ = false;
  bool is_rollback_ = false;
  std::string hash_;
};

}  // namespace

ExitCode run_deploy(const DeployOptions& options, Terminal& terminal) {
  const auto code = Deployment(options, terminal).run();
  if (code) return *code;
  if (options.format == Format::People && code.error().reason() == "build") {
    print_build_error(terminal, code.error());
  } else {
    print_failure(terminal, options.format, code.error());
  }
  return exit_code_of(code.error());
}

}  // namespace moonstone::cli
