// Moonstone. Licence: see LICENSE.
#include "protocol/functions/tenant.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "protocol/functions/function_session.h"

namespace moonstone::protocol::functions {

Result<std::shared_ptr<Tenant>> Tenant::open(TenantOptions options) {
  std::error_code failed;
  std::filesystem::create_directories(options.folder, failed);
  if (failed) {
    return Error(ErrorCode::Unavailable,
                 "cannot make the folder " + options.folder + ": " + failed.message());
  }
  std::shared_ptr<Tenant> tenant(new Tenant(std::move(options)));
  const TenantOptions& given = tenant->options_;
  MS_TRY(tenant->database_,
         engine::Database::open({.store = {.path = given.folder + "/" + std::string(kDatabaseFile),
                                           .durability = given.durability},
                                 .limits = given.host.limits,
                                 .clock = given.host.clock,
                                 .random = given.host.random,
                                 .logger = given.host.logger}));
  MS_TRY(tenant->live_, live::LiveQueries::create(*tenant->database_, given.live));
  tenant->host_.emplace(*tenant->database_, *tenant->live_, given.host);
  return tenant;
}

Tenant::~Tenant() {
  stop();
}

Status Tenant::reset() {
  MS_TRY_STATUS(database_->reset());
  live_->clear();
  sessions_.with_lock([](const std::set<FunctionSession*>& sessions) {
    for (FunctionSession* session : sessions)
      session->send_reset();
  });
  return {};
}

void Tenant::stop() {
  if (database_ == nullptr) return;
  // The writer first, whose queue runs the host's functions; then the live queries, which run them
  // too; the host itself when nobody can call it.
  database_->shut_down();
  live_.reset();
  host_.reset();
  database_.reset();
}

}  // namespace moonstone::protocol::functions
