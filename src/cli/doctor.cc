// Moonstone. Licence: see LICENSE.
// moonstone doctor: looks at a project and its data, and says what is wrong and how to mend it.

#include <array>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/version.h"
#include "cli/build.h"
#include "cli/commands.h"
#include "cli/deployment.h"
#include "cli/doctor_indexes.h"
#include "cli/files.h"
#include "cli/process.h"
#include "cli/report.h"
#include "cli/serving.h"
#include "cli/support.h"
#include "files/file_settings.h"
#include "runtime/bundle_file.h"
#include "store/sqlite/sqlite_store.h"

namespace moonstone::cli {
namespace {

namespace fs = std::filesystem;
using protocol::functions::kDatabaseFile;
using protocol::functions::Mode;

/// A healthy log of the database is moved into the file long before it has that size.
constexpr std::uintmax_t kWalBytesMax = std::uintmax_t{64} * 1024 * 1024;
/// SQLite needs room for a rebuilt table; less than that is a matter of days.
constexpr std::uintmax_t kFreeBytesMin = std::uintmax_t{512} * 1024 * 1024;
/// Debian 12 has it; older ones lack the fetch that actions use.
constexpr int kNodeMajorMin = 18;

enum class Finding : unsigned char { Fine, Warning, Problem };

std::string_view name_of(Finding finding) {
  switch (finding) {
    case Finding::Fine:
      return "ok";
    case Finding::Warning:
      return "warning";
    case Finding::Problem:
      return "problem";
  }
  return "";
}

std::string shown_bytes(std::uintmax_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024.0 * 1024.0));
}

class Doctor {
 public:
  Doctor(const DoctorOptions& options, Terminal& terminal)
      : options_(options), terminal_(terminal) {}

  ExitCode run() {
    if (auto project = find_project(options_.data.functions_folder)) {
      project_ = *std::move(project);
    } else if (options_.data.functions_folder.empty() && is_folder(project_here().state_folder)) {
      project_ = project_here();
    } else {
      add("project", Finding::Problem, project.error().message(), "");
      return finish();
    }
    data_ = project_.data_folder(options_.data.environment);
    check_tools();
    check_configuration();
    check_files_on_disk();
    check_bundle_and_data();
    return finish();
  }

 private:
  void add(std::string_view check, Finding finding, std::string message, std::string mend) {
    worst_ = std::max(worst_, finding);
    if (options_.format == Format::Json) {
      report_.emplace_back(Object{{"check", check},
                                  {"status", name_of(finding)},
                                  {"message", std::move(message)},
                                  {"mend", std::move(mend)}});
      return;
    }
    const std::string_view sign = finding == Finding::Fine      ? "✓"
                                  : finding == Finding::Warning ? "!"
                                                                : "✗";
    const Style style = finding == Finding::Fine      ? Style::Green
                        : finding == Finding::Warning ? Style::Yellow
                                                      : Style::Red;
    terminal_.line(fmt::format("  {} {:<14} {}", terminal_.styled(style, sign), check, message));
    if (!mend.empty()) terminal_.line(fmt::format("    {:<14} → {}", "", mend));
  }

  ExitCode finish() {
    if (options_.format == Format::Json) {
      print_json(terminal_, Object{{"status", name_of(worst_)}, {"checks", std::move(report_)}});
    }
    return worst_ == Finding::Problem ? ExitCode::Failure : ExitCode::Success;
  }

  /// The first line that a program prints, or nothing if it cannot be run.
  static std::string first_line(std::vector<std::string> command, const std::string& folder) {
    const auto run = run_process({.command = std::move(command), .folder = folder});
    if (!run || run->exit_code != 0) return {};
    return run->output.substr(0, run->output.find('\n'));
  }

  void check_tools() {
    add("moonstone", Finding::Fine, std::string(version()), "");
    const auto esbuild = find_esbuild(project_.root);
    if (!esbuild) {
      add("esbuild", Finding::Warning, esbuild.error().message(),
          "needed for `dev`, `build` and `codegen`; a server that runs a bundle does without");
    } else {
      const std::string found = first_line({*esbuild, "--version"}, project_.root);
      add("esbuild", found.empty() ? Finding::Problem : Finding::Fine,
          found.empty() ? fmt::format("{} cannot be run", *esbuild) : found,
          found.empty() ? "reinstall it, or remove node_modules and run npm install" : "");
    }
    const std::string node =
        first_line({"/usr/bin/env", "--", name_of_node(), "--version"}, project_.root);
    const int major = node.starts_with('v') ? std::atoi(node.c_str() + 1) : 0;
    const bool is_good = major >= kNodeMajorMin;
    add("node", is_good ? Finding::Fine : Finding::Warning, node.empty() ? "not found" : node,
        is_good ? ""
                : fmt::format("actions, HTTP routes and building pages need Node {} or newer",
                              kNodeMajorMin));
  }

  /// What runs actions; a configuration that cannot be read is told of by itself.
  [[nodiscard]] std::string name_of_node() const {
    const auto loaded = load_configuration();
    return loaded ? loaded->config.actions.node : Config().actions.node;
  }

  [[nodiscard]] Result<LoadedConfig> load_configuration() const {
    return load_config({.file = project_.root + "/moonstone.toml",
                        .environment = options_.data.environment,
                        .lookup = process_environment,
                        .flags = {}});
  }

  void check_configuration() {
    const auto loaded = load_configuration();
    if (!loaded) {
      return add("configuration", Finding::Problem, loaded.error().message(),
                 "correct the key; docs/guide/configuration.md lists them all");
    }
    for (const std::string& warning : loaded->warnings)
      add("configuration", Finding::Warning, warning, "correct or remove the key");
    if (loaded->warnings.empty()) add("configuration", Finding::Fine, "is understood", "");
    config_ = loaded->config;
  }

  void check_files_on_disk() {
    const std::string file = fmt::format("{}/{}", data_, kDatabaseFile);
    if (!is_file(file)) {
      return add("data", Finding::Fine, "there is no database yet", "");
    }
    std::error_code failed;
    const std::uintmax_t wal = fs::file_size(file + "-wal", failed);
    const bool is_large = !failed && wal > kWalBytesMax;
    add("write-ahead log", is_large ? Finding::Warning : Finding::Fine,
        failed ? "empty" : shown_bytes(wal),
        is_large ? "a reader that never ends holds it (an export, a backup); end that or restart"
                 : "");
    const fs::space_info space = fs::space(data_, failed);
    const std::uintmax_t needed = std::max(kFreeBytesMin, fs::file_size(file, failed));
    const bool is_scarce = !failed && space.available < needed;
    add("disk space", is_scarce ? Finding::Warning : Finding::Fine,
        fmt::format("{} free", shown_bytes(space.available)),
        is_scarce ? fmt::format("a change of the schema may need {}", shown_bytes(needed)) : "");
    const auto problems = store::check_sqlite_file(file);
    if (!problems) {
      return add("database", Finding::Problem, problems.error().message(),
                 "check the permissions of the data folder");
    }
    add("database", problems->empty() ? Finding::Fine : Finding::Problem,
        problems->empty() ? "is sound" : fmt::format("{}", fmt::join(*problems, "; ")),
        problems->empty() ? "" : "restore a backup; keep the damaged file for recovery");
  }

  void check_bundle_and_data() {
    if (project_.functions_folder.empty()) {
      return add("functions", Finding::Fine, "no sources here; what was deployed runs", "");
    }
    const auto built = build(project_, {.environment = options_.data.environment});
    if (!built) {
      return add("functions", Finding::Problem, built.error().message(), "correct the source");
    }
    add("functions", Finding::Fine, describe_bundle(*built->bundle), "");
    if (!config_ || !is_file(fmt::format("{}/{}", data_, kDatabaseFile))) return;
    ServeLogger logger(terminal_, LogLevel::Error);
    ServeOptions options;
    options.environment = options_.data.environment;
    auto serving = open_serving(project_, options, Mode::Production, logger, terminal_);
    if (!serving && serving.error().reason() == "locked") {
      return ask_running_server(*built->bundle);
    }
    if (!serving) return add("schema", Finding::Problem, serving.error().message(), "");
    check_schema(*serving->app, built->bundle);
    check_references(built->bundle->schema, serving->app->tenants().root()->database());
    check_stored_files(*serving->app);
    serving->app->stop();
  }

  void check_schema(App& app, const runtime::BundlePtr& bundle) {
    const auto checks = app.tenants().check(bundle);
    if (!checks) return add("schema", Finding::Problem, checks.error().message(), "");
    std::vector<std::string> violations;
    std::vector<std::string> losses;
    for (const auto& check : *checks) {
      const std::string tenant =
          check.slug == protocol::functions::kDefaultTenant ? "" : check.slug + ": ";
      for (const std::string& violation : check.schema.violations)
        violations.push_back(tenant + violation);
      for (const std::string& loss : check.schema.losses)
        losses.push_back(tenant + loss);
    }
    add_schema(violations, losses);
  }

  void add_schema(const std::vector<std::string>& violations,
                  const std::vector<std::string>& losses) {
    for (const std::string& violation : violations)
      add("schema", Finding::Problem, violation, "change these documents, or the type");
    for (const std::string& loss : losses) {
      add("schema", Finding::Warning, "would delete " + loss,
          "keep it in schema.ts, or accept it with --accept-data-loss");
    }
    if (violations.empty() && losses.empty()) add("schema", Finding::Fine, "fits the data", "");
  }

  /// What the data allows to be seen only by the server that has them open.
  void ask_running_server(const runtime::Bundle& bundle) {
    const auto plan = request_deployment({.remote = options_.remote,
                                          .bundle_file = runtime::write_bundle_file(bundle),
                                          .is_plan = true});
    if (plan) {
      add_schema(texts_of(list_of(*plan, "violations")), texts_of(list_of(*plan, "dataLosses")));
    } else if (plan.error().reason() == "not_deployable") {
      add("schema", Finding::Fine, "`moonstone dev` runs, and compares it at every change", "");
    } else {
      return add(
          "schema", Finding::Warning,
          fmt::format("not compared: a server uses the data, and {}", plan.error().message()),
          "say where it is: moonstone doctor --url … --admin-key …");
    }
    HttpCall call = options_.remote.call_to("POST", "/__admin/run");
    call.headers.emplace_back("Content-Type", "application/json");
    call.body = R"({"fn":"_system:listTableScans","args":{}})";
    const auto scans = ask(options_.remote, call);
    if (!scans) return add("indexes", Finding::Warning, scans.error().message(), "");
    check_scans(scans->is_array() ? scans->as_array() : Array());
  }

  static std::vector<std::string> texts_of(const Array& values) {
    std::vector<std::string> texts;
    for (const Value& value : values) {
      if (value.is_text()) texts.push_back(value.as_text());
    }
    return texts;
  }

  /// Queries that ran, and read whole tables.
  void check_scans(const Array& scans) {
    std::vector<MissingIndex> missing;
    for (const Value& value : scans) {
      const Object& scan = value.as_object();
      const auto number = [&scan](std::string_view name) {
        const Value* const member = scan.find(name);
        return member != nullptr && member->is_integer() ? member->as_integer() : 0;
      };
      missing.push_back(
          {.table = text_of(scan, "table"),
           .fields = texts_of(list_of(scan, "fields")),
           .why = fmt::format("was filtered by without an index: {} queries read {} "
                              "documents to find {}",
                              number("runs"), number("rowsRead"), number("rowsFound"))});
    }
    add_indexes(missing, "no query read a large table without an index");
  }

  void check_references(const schema::Schema& schema, engine::Database& database) {
    const auto missing = references_without_index(schema, database);
    if (!missing) return add("indexes", Finding::Problem, missing.error().message(), "");
    add_indexes(*missing, "none is missing that the schema suggests");
  }

  void add_indexes(const std::vector<MissingIndex>& missing, std::string all_fine) {
    for (const MissingIndex& index : missing) {
      add("indexes", Finding::Warning,
          fmt::format("{}.{} {}", index.table, fmt::join(index.fields, "+"), index.why),
          declaration_of(index));
    }
    if (missing.empty()) add("indexes", Finding::Fine, std::move(all_fine), "");
  }

  void check_stored_files(App& app) {
    protocol::functions::Tenant& tenant = *app.tenants().root();
    auto store = files::open_tenant_store(app.tenants().options().each.files,
                                          {.folder = tenant.folder(), .name = tenant.slug()});
    if (!store) return add("files", Finding::Problem, store.error().message(), "");
    const auto check = files::check_files(tenant.database(), **store);
    if (!check) return add("files", Finding::Problem, check.error().message(), "");
    if (!check->without_bytes.empty()) {
      add("files", Finding::Problem,
          fmt::format("{} lack their bytes", fmt::join(check->without_bytes, ", ")),
          "restore them from a backup, or delete them with ctx.storage.delete");
    }
    const bool has_orphans = check->orphans > 0;
    add("files", has_orphans ? Finding::Warning : Finding::Fine,
        fmt::format("{} files, {} without a row ({})", check->files, check->orphans,
                    shown_bytes(check->orphan_bytes)),
        has_orphans ? "a running server removes them within an hour" : "");
  }

  const DoctorOptions& options_;
  Terminal& terminal_;
  Project project_;
  std::string data_;
  std::optional<Config> config_;
  Finding worst_ = Finding::Fine;
  Array report_;
};

}  // namespace

ExitCode run_doctor(const DoctorOptions& options, Terminal& terminal) {
  return Doctor(options, terminal).run();
}

}  // namespace moonstone::cli
