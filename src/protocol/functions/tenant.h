// Moonstone. Licence: see LICENSE.
#pragma once
// Tenant: one database with everything that lives on it. Tenants share code and nothing else.
//
// Whoever uses a tenant holds a TenantPtr for as long as it does: a tenant that nobody but Tenants
// holds may be closed at any moment, and is opened again by the next request.
// Threads: synchronised, but for stop().
// Source: functions.md section 1; design.md decision 20.

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/guarded.h"
#include "base/result.h"
#include "base/thread_cache.h"
#include "engine/database.h"
#include "files/file_settings.h"
#include "live/live_queries.h"
#include "protocol/functions/action_host.h"
#include "protocol/functions/function_host.h"
#include "protocol/functions/job_host.h"
#include "runtime/jobs/scheduler.h"

namespace moonstone::protocol::functions {

class FunctionSession;

/// The tenant of requests without a prefix.
inline constexpr std::string_view kDefaultTenant = "default";
/// The name of a tenant's database file in its folder.
inline constexpr std::string_view kDatabaseFile = "moonstone.db";

struct TenantOptions {
  std::string slug = std::string(kDefaultTenant);
  std::string folder;  // made if it is missing
  store::Durability durability = store::Durability::Full;
  live::LiveOptions live;
  /// Its threads without work give up what they keep after this (base/thread_cache.h).
  ThreadIdleMax thread_idle_max{};
  files::FileSettings files;
  HostOptions host;  // its limits are the engine's, too
  std::shared_ptr<runtime::jobs::Alarms> alarms =
      nullptr;                             // shared by all tenants; null: some of its own
  actions::ActionPool* actions = nullptr;  // shared by all tenants; null: no actions
};

class Tenant : public std::enable_shared_from_this<Tenant> {
 public:
  /// Opens or creates the database. It serves nothing before its host got a bundle.
  /// Errors: those of engine::Database::open; reason "locked" if another process has it.
  [[nodiscard]] static Result<std::shared_ptr<Tenant>> open(TenantOptions options);
  ~Tenant();
  Tenant(const Tenant&) = delete;
  Tenant& operator=(const Tenant&) = delete;

  [[nodiscard]] const std::string& slug() const { return options_.slug; }
  [[nodiscard]] const std::string& folder() const { return options_.folder; }
  [[nodiscard]] engine::Database& database() { return *database_; }
  [[nodiscard]] live::LiveQueries& live() { return *live_; }
  [[nodiscard]] files::FileService& files() { return *files_; }
  [[nodiscard]] FunctionHost& host() { return *host_; }
  /// Null: this server runs no actions.
  [[nodiscard]] ActionHost* actions() { return actions_ ? &*actions_ : nullptr; }

  /// The open sockets, so that reset() can tell them.
  void track(FunctionSession& session) { sessions_.lock()->insert(&session); }
  void untrack(FunctionSession& session) { sessions_.lock()->erase(&session); }

  /// Deletes every document and file and tells the sockets; jobs, crons and schema stay. Waits.
  [[nodiscard]] Status reset();

  /// When something of it wants to run next, in milliseconds since 1970; nothing: never.
  [[nodiscard]] std::optional<std::int64_t> next_due_unix_ms() const { return jobs_->next_due(); }
  /// Whether something runs that no request waits for.
  [[nodiscard]] bool is_working() const { return !jobs_->idle(); }
  /// If not is_working(): no job begins any more, and stop() is all that may follow.
  [[nodiscard]] bool hold_if_idle() { return jobs_->hold_if_idle(); }

  /// Finishes the running commit and closes the database. Idempotent; one caller.
  void stop();

 private:
  explicit Tenant(TenantOptions options) : options_(std::move(options)) {}
  void open_jobs();

  TenantOptions options_;
  std::unique_ptr<engine::RecordRules> rules_;  // of models; outlives the database
  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<live::LiveQueries> live_;
  std::unique_ptr<files::FileService> files_;
  std::optional<FunctionHost> host_;
  std::optional<JobHost> job_host_;
  std::optional<runtime::jobs::JobScheduler> jobs_;
  std::optional<ActionHost> actions_;
  Guarded<std::set<FunctionSession*>> sessions_;
};
/// Shared by Tenants and by every request and socket of the tenant.
using TenantPtr = std::shared_ptr<Tenant>;

}  // namespace moonstone::protocol::functions
