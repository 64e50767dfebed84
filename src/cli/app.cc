// Moonstone. Licence: see LICENSE.
#include "cli/app.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "engine/database.h"
#include "live/live_queries.h"
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
  std::unique_ptr<engine::Database> database;
  std::unique_ptr<live::LiveQueries> live;
  std::optional<protocol::functions::FunctionHost> host;
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
  std::error_code failed;
  std::filesystem::create_directories(given.data_folder, failed);
  if (failed) {
    return Error(ErrorCode::Unavailable,
                 fmt::format("cannot make the folder {}: {}", given.data_folder, failed.message()));
  }
  MS_TRY(parts->database,
         engine::Database::open({.store = {.path = given.data_folder + "/" + kDatabaseFile,
                                           .durability = config.durability},
                                 .limits = config.engine,
                                 .logger = given.logger}));
  live::LiveOptions live = config.live;
  live.logger = given.logger;
  MS_TRY(parts->live, live::LiveQueries::create(*parts->database, live));
  parts->host.emplace(*parts->database, *parts->live,
                      protocol::functions::HostOptions{.limits = config.engine,
                                                       .runtime = config.runtime,
                                                       .mode = given.mode,
                                                       .logger = given.logger});
  parts->functions.emplace(
      *parts->host,
      protocol::functions::ApplicationOptions{
          .session = config.session, .admin_key = given.admin_key, .origins = config.origins});
  return std::unique_ptr<App>(new App(std::move(parts)));
}

App::App(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

App::~App() {
  stop();
}

protocol::functions::FunctionHost& App::host() {
  return *parts_->host;
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
  if (parts_->database == nullptr) return;
  // Sockets first, so that nothing new arrives; then the writer, whose queue runs the host's
  // functions; then the live queries, which run them too; the host itself when nobody can call it.
  if (parts_->server != nullptr) parts_->server->stop(kStopGrace);
  parts_->server.reset();
  parts_->pages.reset();
  parts_->files.reset();
  parts_->database->shut_down();
  parts_->functions.reset();
  parts_->live.reset();
  parts_->host.reset();
  parts_->database.reset();
}

}  // namespace moonstone::cli
