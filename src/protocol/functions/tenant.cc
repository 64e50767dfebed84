// Moonstone. Licence: see LICENSE.
#include "protocol/functions/tenant.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "orm/record_rules.h"
#include "protocol/functions/function_session.h"
#include "protocol/functions/tenants.h"
#include "runtime/model_host.h"

namespace moonstone::protocol::functions {

namespace jobs = runtime::jobs;

Result<std::shared_ptr<Tenant>> Tenant::open(TenantOptions options) {
  std::error_code failed;
  std::filesystem::create_directories(options.folder, failed);
  if (failed) {
    return Error(ErrorCode::Unavailable,
                 "cannot make the folder " + options.folder + ": " + failed.message());
  }
  std::shared_ptr<Tenant> tenant(new Tenant(std::move(options)));
  tenant->rules_ = orm::make_record_rules({.host = &runtime::model_host()});
  const TenantOptions& given = tenant->options_;
  MS_TRY(tenant->database_,
         engine::Database::open({.store = {.path = given.folder + "/" + std::string(kDatabaseFile),
                                           .durability = given.durability},
                                 .limits = given.host.limits,
                                 .clock = given.host.clock,
                                 .random = given.host.random,
                                 .logger = given.host.logger,
                                 .rules = tenant->rules_.get(),
                                 .thread_idle_max = given.thread_idle_max}));
  live::LiveOptions live = given.live;
  live.thread_idle_max = given.thread_idle_max;
  MS_TRY(tenant->live_, live::LiveQueries::create(*tenant->database_, live));
  MS_TRY(const std::string name, tenant_folder_name(given.slug));
  MS_TRY(tenant->files_, files::open_tenant_files(*tenant->database_, given.files,
                                                  {.folder = given.folder,
                                                   .name = name,
                                                   .clock = given.host.clock,
                                                   .random = given.host.random,
                                                   .logger = given.host.logger}));
  HostOptions host = given.host;
  host.tenant = given.slug;
  for (schema::Table& table : jobs::tables())
    host.system_tables.push_back(std::move(table));
  for (schema::Table& table : files::tables())
    host.system_tables.push_back(std::move(table));
  host.links = &tenant->files_->links();
  tenant->host_.emplace(*tenant->database_, *tenant->live_, std::move(host));
  tenant->open_jobs();
  if (given.actions != nullptr) {
    tenant->actions_.emplace(*tenant->host_, *given.actions,
                             [weak = std::weak_ptr<Tenant>(tenant)] { return weak.lock(); });
    tenant->actions_->set_files(tenant->files_.get());
    tenant->host_->set_action_runner(*tenant->actions_);
  }
  return tenant;
}

void Tenant::open_jobs() {
  HostOptions& host = options_.host;
  if (options_.alarms == nullptr) {
    Clock& clock = host.clock != nullptr ? *host.clock : system_clock();
    options_.alarms = std::make_shared<jobs::ThreadAlarms>(clock);
  }
  job_host_.emplace(*host_);
  jobs_.emplace(*database_, *job_host_,
                jobs::SchedulerOptions{.alarms = options_.alarms.get(),
                                       .clock = host.clock,
                                       .logger = host.logger,
                                       .limits = host.runtime.jobs});
  host_->set_job_scheduler(*jobs_);
}

Tenant::~Tenant() {
  stop();
}

Status Tenant::reset() {
  MS_TRY_STATUS(database_->reset({std::string(jobs::kJobsTable), std::string(jobs::kCronsTable)}));
  files_->clear();
  live_->clear();
  sessions_.with_lock([](const std::set<FunctionSession*>& sessions) {
    for (FunctionSession* session : sessions)
      session->send_reset();
  });
  return {};
}

void Tenant::stop() {
  if (database_ == nullptr) return;
  // No job may begin any more, and those in the writer's queue end well.
  jobs_.reset();
  // The writer first, whose queue runs the host's functions; then the live queries, which run them
  // too; the host itself when nobody can call it.
  database_->shut_down();
  if (host_) host_->stop_system_actions();
  live_.reset();
  host_.reset();
  files_.reset();
  database_.reset();
}

}  // namespace moonstone::protocol::functions
