// Moonstone. Licence: see LICENSE.
#include "cli/app.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <chrono>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/metrics.h"
#include "cli/connection.h"
#include "protocol/functions/function_application.h"
#include "protocol/functions/observation.h"
#include "server/server.h"
#include "server/static_files.h"

namespace moonstone::cli {
namespace {

/// How long a shutdown waits for answers and close frames; service managers kill after 10 s or
/// more.
constexpr std::chrono::seconds kStopGrace{5};

void read_server(const server::Server& server, MetricSnapshot& snapshot) {
  const server::Server::Counters counters = server.counters();
  const auto add = [&snapshot](MetricType type, std::string_view name, std::string_view help,
                               std::uint64_t value) {
    add_metric(snapshot, type, name, help, static_cast<double>(value));
  };
  using enum MetricType;
  add(Gauge, "moonstone_connections", "Open TCP connections.", counters.connections);
  add(Gauge, "moonstone_sockets", "Open WebSockets.", counters.sockets);
  add(Counter, "moonstone_requests_total", "HTTP requests that were read whole.",
      counters.requests);
  add(Counter, "moonstone_refused_total", "Connections and requests that a limit or rule refused.",
      counters.refused);
  add(Counter, "moonstone_frames_in_total", "WebSocket frames received.", counters.frames_in);
  add(Counter, "moonstone_frames_out_total", "WebSocket frames sent.", counters.frames_out);
  add(Counter, "moonstone_bytes_in_total", "Bytes received.", counters.bytes_in);
  add(Counter, "moonstone_bytes_out_total", "Bytes sent.", counters.bytes_out);
}

/// Under which names, besides localhost, the server's owner reaches it.
std::vector<std::string> own_names(const Config& config) {
  std::vector<std::string> names;
  if (!config.tenant_domain.empty()) names.push_back(config.tenant_domain);
  if (const auto url = parse_url(config.public_url)) names.push_back(url->host);
  for (std::string& name : names)
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  return names;
}

}  // namespace

/// In the order of their dependencies; stop() takes them down.
struct App::Parts {
  AppOptions options;
  std::optional<protocol::functions::Observation> observation;  // goes last: all others log
  std::unique_ptr<actions::ActionPool> actions;
  std::unique_ptr<identity::TokenVerifier> tokens;
  std::unique_ptr<protocol::functions::Tenants> tenants;
  std::optional<protocol::functions::BundleStore> bundles;  // production
  std::optional<protocol::functions::FunctionApplication> functions;
  std::unique_ptr<server::StaticFiles> files;
  std::optional<server::StaticApplication> pages;
  std::unique_ptr<server::Server> server;
  /// For those whom it serves, who may ask for figures before start() has returned it.
  std::atomic<const server::Server*> started = nullptr;
};

Result<std::unique_ptr<App>> App::open(AppOptions options) {
  auto parts = std::make_unique<Parts>();
  parts->options = std::move(options);
  // All log through the observation, which keeps the last lines for administrators.
  Logger& below = parts->options.logger == nullptr ? null_logger() : *parts->options.logger;
  parts->observation.emplace(below, system_clock());
  parts->options.logger = &parts->observation->logs;
  const AppOptions& given = parts->options;
  const Config& config = given.config;
  actions::PoolOptions pool = config.actions;
  pool.folder = given.data_folder + "/workers";
  pool.working_folder = given.working_folder;
  pool.environment = given.action_environment;
  pool.result_bytes_max = config.runtime.result_bytes_max;
  pool.logger = given.logger;
  parts->actions = std::make_unique<actions::ActionPool>(std::move(pool));
  MS_TRY(parts->tokens,
         identity::TokenVerifier::create({.providers = config.auth, .logger = given.logger}));
  protocol::functions::TenantsOptions tenants = config.tenants;
  tenants.each = {.folder = given.data_folder,
                  .durability = config.durability,
                  .live = config.live,
                  .files = config.tenants.each.files,
                  .host = {.limits = config.engine,
                           .runtime = config.runtime,
                           .queued_bytes_max = config.queued_bytes_max,
                           .mode = given.mode,
                           .logger = given.logger,
                           .observation = &*parts->observation},
                  .actions = parts->actions.get()};
  tenants.each.live.logger = given.logger;
  MS_TRY(parts->tenants, protocol::functions::Tenants::open(std::move(tenants)));
  if (given.mode == protocol::functions::Mode::Production) {
    MS_TRY(parts->bundles, protocol::functions::BundleStore::open(given.data_folder));
  }
  parts->functions.emplace(*parts->tenants,
                           protocol::functions::ApplicationOptions{
                               .session = config.session,
                               .administration = {.mode = given.mode,
                                                  .key = given.admin_key,
                                                  .names = own_names(config)},
                               .origins = config.origins,
                               .cors_origins = config.cors_origins,
                               .tokens = config.auth.empty() ? nullptr : parts->tokens.get(),
                               .public_url = config.public_url,
                               .tenant_domain = config.tenant_domain,
                               .actions = parts->actions.get(),
                               .body_bytes_max = config.server.body_bytes_max,
                               .metrics_are_public = config.metrics_are_public,
                               .bundles = parts->bundles ? &*parts->bundles : nullptr});
  return std::unique_ptr<App>(new App(std::move(parts)));
}

App::App(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

App::~App() {
  stop();
}

protocol::functions::Tenants& App::tenants() {
  return *parts_->tenants;
}

protocol::functions::BundleStore* App::bundles() {
  return parts_->bundles ? &*parts_->bundles : nullptr;
}

runtime::BundlePtr App::bundle() {
  return parts_->tenants->root()->host().bundle();
}

Status App::serve() {
  protocol::Application* application = &*parts_->functions;
  if (!parts_->options.static_folder.empty()) {
    MS_TRY(parts_->files, server::StaticFiles::open(parts_->options.static_folder));
    parts_->pages.emplace(*application, *parts_->files);
    application = &*parts_->pages;
  }
  server::ServerOptions options = parts_->options.config.server;
  options.logger = parts_->options.logger;
  parts_->observation->read_more = [parts = parts_.get()](MetricSnapshot& snapshot) {
    if (const server::Server* const server = parts->started) read_server(*server, snapshot);
  };
  MS_TRY(parts_->server, server::Server::start(options, *application));
  parts_->started = parts_->server.get();
  return {};
}

bool App::is_serving() const {
  return parts_->server != nullptr;
}

int App::port() const {
  return parts_->server == nullptr ? 0 : parts_->server->port();
}

void App::stop() {
  if (parts_->tenants == nullptr) return;
  // Who follows the log would follow it for ever.
  parts_->observation->logs.end();
  // Sockets first, so that nothing new arrives; what is queued is finished by the tenants.
  if (parts_->server != nullptr) parts_->server->stop(kStopGrace);
  parts_->started = nullptr;
  parts_->server.reset();
  parts_->pages.reset();
  parts_->files.reset();
  parts_->tokens.reset();  // ends what sockets and requests wait for
  parts_->actions->stop();
  parts_->tenants->stop();
  parts_->functions.reset();
  parts_->tenants.reset();
  parts_->actions.reset();
}

}  // namespace moonstone::cli
