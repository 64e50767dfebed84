// Moonstone. Licence: see LICENSE.
#include "cli/app.h"

#include <chrono>
#include <optional>
#include <utility>

#include "protocol/functions/function_application.h"
#include "server/server.h"
#include "server/static_files.h"

namespace moonstone::cli {
namespace {

/// How long a shutdown waits for answers and close frames; service managers kill after 10 s or
/// more.
constexpr std::chrono::seconds kStopGrace{5};

}  // namespace

/// In the order of their dependencies; stop() takes them down.
struct App::Parts {
  AppOptions options;
  std::unique_ptr<protocol::functions::Tenants> tenants;
  std::optional<protocol::functions::BundleStore> bundles;  // production
  std::optional<protocol::functions::FunctionApplication> functions;
  std::unique_ptr<server::StaticFiles> files;
  std::optional<server::StaticApplication> pages;
  std::unique_ptr<server::Server> server;
};

Result<std::unique_ptr<App>> App::open(AppOptions options) {
  auto parts = std::make_unique<Parts>();
  parts->options = std::move(options);
  const AppOptions& given = parts->options;
  const Config& config = given.config;
  protocol::functions::TenantsOptions tenants = config.tenants;
  tenants.each = {.folder = given.data_folder,
                  .durability = config.durability,
                  .live = config.live,
                  .files = config.tenants.each.files,
                  .host = {.limits = config.engine,
                           .runtime = config.runtime,
                           .mode = given.mode,
                           .logger = given.logger}};
  tenants.each.live.logger = given.logger;
  MS_TRY(parts->tenants, protocol::functions::Tenants::open(std::move(tenants)));
  if (given.mode == protocol::functions::Mode::Production) {
    MS_TRY(parts->bundles, protocol::functions::BundleStore::open(given.data_folder));
  }
  parts->functions.emplace(*parts->tenants,
                           protocol::functions::ApplicationOptions{
                               .session = config.session,
                               .administration = {.mode = given.mode, .key = given.admin_key},
                               .origins = config.origins,
                               .public_url = config.public_url,
                               .tenant_domain = config.tenant_domain,
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
  MS_TRY(parts_->server, server::Server::start(options, *application));
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
  // Sockets first, so that nothing new arrives; what is queued is finished by the tenants.
  if (parts_->server != nullptr) parts_->server->stop(kStopGrace);
  parts_->server.reset();
  parts_->pages.reset();
  parts_->files.reset();
  parts_->tenants->stop();
  parts_->functions.reset();
  parts_->tenants.reset();
}

}  // namespace moonstone::cli
