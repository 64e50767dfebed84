// Moonstone. Licence: see LICENSE.
#include "cli/serving.h"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "base/redact.h"
#include "base/version.h"
#include "cli/env_file.h"
#include "cli/files.h"
#include "cli/report.h"

namespace moonstone::cli {
namespace {

using protocol::functions::Mode;

/// The folder of built pages. One that was named must exist; dist/ is taken if it is there.
Result<std::string> find_static_folder(const Config& config, const Project& project) {
  const std::filesystem::path root(project.root);
  if (!config.static_folder) {
    std::string dist = (root / "dist").string();
    return is_file(dist + "/index.html") ? dist : std::string();
  }
  if (config.static_folder->empty()) return std::string();
  std::string folder = (root / *config.static_folder).lexically_normal().string();
  if (is_folder(folder)) return folder;
  return Error(ErrorCode::NotFound,
               fmt::format("the folder of pages {} does not exist; build the pages first", folder));
}

/// The host as a link on this machine. Not `localhost`, which may be ::1 where only 127.0.0.1 is
/// listened on.
std::string shown_host(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  if (host == "::") return "[::1]";
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

std::string text_field(std::initializer_list<Member> fields, std::string_view name) {
  for (const Member& field : fields) {
    if (field.name == name && field.value.is_text()) return field.value.as_text();
  }
  return {};
}

}  // namespace

Result<Serving> open_serving(Project project,
                             const ServeOptions& options,
                             Mode mode,
                             ServeLogger& logger,
                             Terminal& terminal) {
  Serving serving;
  serving.project = std::move(project);
  MS_TRY(LoadedConfig loaded, load_config({.file = serving.project.root + "/moonstone.toml",
                                           .environment = options.environment,
                                           .lookup = process_environment,
                                           .flags = options.flags}));
  for (const std::string& warning : loaded.warnings)
    terminal.warning(warning);
  serving.config = std::move(loaded.config);
  for (identity::Provider& provider : serving.config.auth) {
    if (!provider.keys_file.empty()) {
      provider.keys_file =
          (std::filesystem::path(serving.project.root) / provider.keys_file).string();
    }
  }
  logger.use(serving.config.log_format, serving.config.log_level);
  serving.data_folder = serving.project.data_folder(options.environment);
  MS_TRY(serving.static_folder, find_static_folder(serving.config, serving.project));
  // In production the owner of the server sets the environment, not a file of the project.
  MS_TRY(auto environment,
         action_environment(serving.project.root,
                            mode == Mode::Development ? EnvFiles::Read : EnvFiles::Ignore));
  MS_TRY(serving.app, App::open({.config = serving.config,
                                 .data_folder = serving.data_folder,
                                 .static_folder = serving.static_folder,
                                 .admin_key = options.admin_key,
                                 .mode = mode,
                                 .logger = &logger,
                                 .working_folder = serving.project.root,
                                 .action_environment = std::move(environment)}));
  return serving;
}

void print_addresses(Terminal& terminal, const Serving& serving, Mode mode) {
  const std::string host =
      fmt::format("{}:{}", shown_host(serving.config.server.host), serving.app->port());
  const auto row = [&](std::string_view label, std::string_view value) {
    terminal.line(
        fmt::format("  {} {}", terminal.styled(Style::Dim, fmt::format("{:<10}", label)), value));
  };
  const auto link = [&](std::string_view url) { return terminal.styled(Style::Cyan, url); };
  terminal.line();
  row("HTTP", link("http://" + host));
  row("WebSocket", link("ws://" + host + "/ws"));
  if (!serving.static_folder.empty()) {
    row("Pages", fmt::format("{} from {}", link("http://" + host + "/"),
                             shown_path(serving.static_folder, serving.project.root)));
  }
  if (mode == Mode::Development) row("Dashboard", link("http://" + host + "/_dashboard"));
  row("Data",
      shown_path(serving.data_folder, serving.project.root) + "/" + std::string(kDatabaseFile));
  terminal.line();
}

void ServeLogger::log(LogLevel level,
                      std::string_view module,
                      std::string_view event,
                      std::initializer_list<Member> fields) {
  if (format_ == LogFormat::Human && module == "functions") {
    const std::string function = text_field(fields, "function");
    if (event == "console") {
      return terminal_.error_line(
          fmt::format("  {}: {}", function, redact_text(text_field(fields, "text"))));
    }
    if (event == "failed") {
      terminal_.error_line(
          fmt::format("  ✗ {}: {}", function, redact_text(text_field(fields, "error"))));
      return print_stack(terminal_, text_field(fields, "stack"));
    }
  }
  if (level >= least_) stderr_logger(format_, least_).log(level, module, event, fields);
}

}  // namespace moonstone::cli
