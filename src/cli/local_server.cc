// Moonstone. Licence: see LICENSE.
#include "cli/local_server.h"

#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "cli/build.h"
#include "cli/bundle_source.h"
#include "cli/files.h"
#include "cli/serving.h"

namespace moonstone::cli {
namespace {

using protocol::functions::FunctionHost;
using protocol::functions::Mode;

std::string make_key() {
  return fmt::format("{:016x}{:016x}", system_random().next(), system_random().next());
}

/// The project of the data, or the current folder if it only holds what was deployed to it.
Result<Project> project_of_data(const DataOptions& data) {
  auto project = find_project(data.functions_folder);
  if (project || !data.functions_folder.empty()) return project;
  Project here = project_here();
  if (is_folder(here.data_folder(data.environment))) return here;
  return project;
}

/// Brings the data to the schema of the sources, or of what was deployed last. Nobody asked for
/// functions to run: jobs that are due wait for a server, which also learns of new cron jobs.
Status put_code_into_force(Serving& serving, const std::string& environment) {
  runtime::BundlePtr bundle;
  const auto& history = serving.app->bundles()->history();
  if (!history.empty()) {
    MS_TRY(runtime::BundleFile file, serving.app->bundles()->load(history.back()));
    MS_TRY(bundle, runtime::load_bundle(std::move(file.source)));
  } else {
    if (serving.project.functions_folder.empty()) return {};
    MS_TRY(BuildOutcome built, build(serving.project, {.environment = environment}));
    bundle = std::move(built.bundle);
  }
  MS_TRY_STATUS(serving.app->tenants().root()->host().deploy(
      bundle, store::Writer::AllowDataLoss::No, FunctionHost::Jobs::Untouched));
  return {};
}

}  // namespace

struct LocalServer::Parts {
  explicit Parts(Terminal& terminal) : logger(terminal, LogLevel::Error) {}
  ServeLogger logger;
  Serving serving;  // goes first
};

LocalServer::LocalServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

LocalServer::~LocalServer() {
  parts_->serving.app->stop();
}

Result<std::unique_ptr<LocalServer>> LocalServer::start(const DataOptions& data,
                                                        Code code,
                                                        Terminal& terminal) {
  auto parts = std::make_unique<Parts>(terminal);
  ServeOptions options;
  options.environment = data.environment;
  options.admin_key = make_key();
  options.flags = {{.key = "server.host", .text = "127.0.0.1", .place = "moonstone"},
                   {.key = "server.port", .text = "0", .place = "moonstone"},
                   {.key = "server.static", .text = "", .place = "moonstone"}};
  const std::string key = options.admin_key;
  MS_TRY(Project project, project_of_data(data));
  MS_TRY(parts->serving,
         open_serving(std::move(project), options, Mode::Production, parts->logger, terminal));
  if (code == Code::Deployed) MS_TRY_STATUS(put_code_into_force(parts->serving, data.environment));
  MS_TRY_STATUS(parts->serving.app->serve());
  const int port = parts->serving.app->port();
  std::unique_ptr<LocalServer> server(new LocalServer(std::move(parts)));
  server->remote_ = {.url = fmt::format("http://127.0.0.1:{}", port), .admin_key = key};
  return server;
}

}  // namespace moonstone::cli
