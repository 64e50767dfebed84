// Moonstone. Licence: see LICENSE.
#include "protocol/functions/tenants.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <future>
#include <map>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/thread.h"
#include "protocol/functions/deploy_refusal.h"
#include "protocol/functions/due_note.h"

namespace moonstone::protocol::functions {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kTenantsFolder = "tenants";
/// How often unused tenants are looked for.
constexpr std::chrono::milliseconds kSweepInterval{1000};
/// How often the keeper looks whether one of too many open tenants has become free.
constexpr std::chrono::milliseconds kPressureInterval{20};
/// An open tenant that nobody asks anything gives up its isolates after this: they are most of its
/// memory, and making one again costs a call some 10 ms. The default tenant keeps its own.
constexpr std::chrono::milliseconds kThreadIdleMax{5'000};
/// Requests that wait for one tenant to be opened; beyond, they are refused.
constexpr std::size_t kWaitingMax = 10'000;
/// A tenant that could not be opened for its jobs is tried again after this.
constexpr std::int64_t kReopenPauseMs = 30'000;

Error shutting_down() {
  return {ErrorCode::Unavailable, "the server is shutting down", "shutting_down"};
}

struct Waiting {
  Tenants::Found done;
  steady_clock::time_point give_up;
};

/// What is known about one tenant besides the default one.
struct Entry {
  std::string folder;
  TenantPtr tenant;                         // null: closed, or not opened yet
  std::deque<Waiting> waiting;              // until it is open
  bool is_wanted = false;                   // stands in the list of those to open
  steady_clock::time_point last_used;       // while it is open
  std::optional<std::int64_t> due_unix_ms;  // while it is closed; nothing: never
};

/// Whether an open one is held by somebody or does something for itself. While it is not, only its
/// jobs can begin anything without the keeper.
bool is_used(const Entry& entry) {
  return entry.tenant.use_count() > 1 || entry.tenant->is_working();
}

/// The tenant of an entry that is not used, to be closed; null if a job has begun just now.
TenantPtr take_idle(Entry& entry) {
  return entry.tenant->hold_if_idle() ? std::move(entry.tenant) : nullptr;
}

class TenantKeeper final : public Tenants {
 public:
  explicit TenantKeeper(TenantsOptions options)
      : options_(std::move(options)),
        clock_(options_.each.host.clock == nullptr ? system_clock() : *options_.each.host.clock),
        logger_(options_.each.host.logger == nullptr ? null_logger() : *options_.each.host.logger) {
  }
  ~TenantKeeper() override { stop(); }

  Status start();

  [[nodiscard]] const TenantPtr& root() const override { return root_; }
  void find(std::string_view slug, IfMissing if_missing, Found done) override;
  Result<DeployOutcome> deploy(runtime::BundlePtr bundle,
                               store::Writer::AllowDataLoss allow) override;
  Result<std::vector<Check>> check(runtime::BundlePtr bundle) override;
  [[nodiscard]] std::vector<Info> list() const override;
  void for_each_open(const std::function<void(Tenant&)>& visit) const override;
  [[nodiscard]] const TenantsOptions& options() const override { return options_; }
  void stop() override;

 private:
  using Entries = std::map<std::string, Entry, std::less<>>;
  using Task = std::move_only_function<void()>;

  // The keeper's thread.
  void keep();
  void open_next(const std::string& slug);
  Result<TenantPtr> open_tenant(const std::string& slug, const std::string& folder);
  /// None of its jobs begins: whoever opens it so stops it before long.
  Result<TenantPtr> open_at_rest(const std::string& slug, const std::string& folder);
  void close(const std::string& slug, TenantPtr tenant);
  std::optional<Task> take_task();
  /// Runs it on the keeper's thread and waits; false if that has stopped.
  bool run_on_keeper(Task task);
  std::optional<std::string> take_wanted();
  void sweep();
  void wake_due();
  void refuse_late();
  steady_clock::time_point next_wake() MS_REQUIRES(mutex_);
  /// The open tenant that nobody uses and that was used longest ago, to be closed.
  TenantPtr take_unused(std::string& slug) MS_REQUIRES(mutex_);
  Result<DeployOutcome> deploy_here(const runtime::BundlePtr& bundle,
                                    store::Writer::AllowDataLoss allow);
  Result<std::vector<Check>> check_here(const runtime::Bundle& bundle);
  Result<store::Writer::SchemaCheck> check_one(const std::string& slug,
                                               const runtime::Bundle& bundle);
  Status deploy_closed(const std::string& slug, const std::string& folder);
  void look_at_closed();

  void want(const std::string& slug, Entry& entry) MS_REQUIRES(mutex_);
  [[nodiscard]] Result<Entry*> find_entry(std::string_view slug, IfMissing if_missing)
      MS_REQUIRES(mutex_);
  [[nodiscard]] std::size_t open_count() const MS_REQUIRES(mutex_);

  const TenantsOptions options_;
  Clock& clock_;
  Logger& logger_;
  TenantPtr root_;

  // The keeper's thread only.
  runtime::BundlePtr bundle_;
  store::Writer::AllowDataLoss allow_ = store::Writer::AllowDataLoss::No;

  mutable Mutex mutex_;
  Condition changed_;
  Entries entries_ MS_GUARDED_BY(mutex_);
  std::deque<std::string> wanted_ MS_GUARDED_BY(mutex_);  // to be opened
  std::deque<Task> tasks_ MS_GUARDED_BY(mutex_);
  bool is_stopping_ MS_GUARDED_BY(mutex_) = false;
  steady_clock::time_point next_sweep_;  // the keeper's thread only
  std::jthread thread_;                  // last, so that it starts when all else exists
};

Status TenantKeeper::start() {
  MS_TRY(root_, Tenant::open(options_.each));
  const std::string folder = options_.each.folder + "/" + std::string(kTenantsFolder);
  std::error_code missing;
  {
    const MutexLock lock(mutex_);
    for (const auto& found : std::filesystem::directory_iterator(folder, missing)) {
      const std::optional<std::string> slug = tenant_slug_of(found.path().filename().string());
      if (!slug || !found.is_directory()) continue;
      Entry& entry = entries_[*slug];
      entry.folder = found.path().string();
      entry.due_unix_ms = read_due_note(entry.folder);
    }
  }
  thread_ = start_thread("tenants", [this](const std::stop_token&) { keep(); });
  return {};
}

// Asking ---------------------------------------------------------------------------------------

Result<Entry*> TenantKeeper::find_entry(std::string_view slug, IfMissing if_missing) {
  if (const auto found = entries_.find(slug); found != entries_.end()) return &found->second;
  MS_TRY(const std::string name, tenant_folder_name(slug));
  if (if_missing == IfMissing::Refuse) {
    return Error(ErrorCode::NotFound, "there is no tenant \"" + std::string(slug) + "\"", "tenant");
  }
  if (entries_.size() >= options_.tenants_max) {
    return Error(ErrorCode::LimitExceeded,
                 "this server keeps at most " + std::to_string(options_.tenants_max) +
                     " tenants (tenants.max)",
                 "tenants");
  }
  Entry& entry = entries_[std::string(slug)];
  entry.folder = options_.each.folder + "/" + std::string(kTenantsFolder) + "/" + name;
  return &entry;
}

void TenantKeeper::want(const std::string& slug, Entry& entry) {
  if (entry.is_wanted) return;
  entry.is_wanted = true;
  wanted_.push_back(slug);
  changed_.notify_one();
}

void TenantKeeper::find(std::string_view slug, IfMissing if_missing, Found done) {
  if (slug == kDefaultTenant) return done(root_);
  Result<TenantPtr> answer = shutting_down();
  {
    const MutexLock lock(mutex_);
    if (!is_stopping_) {
      auto entry = find_entry(slug, if_missing);
      if (!entry) {
        answer = std::move(entry).error();
      } else if ((*entry)->tenant != nullptr) {
        (*entry)->last_used = steady_clock::now();
        answer = (*entry)->tenant;
      } else if ((*entry)->waiting.size() >= kWaitingMax) {
        answer =
            Error(ErrorCode::Unavailable, "too many requests wait for this tenant", "tenants_open");
      } else {
        (*entry)->waiting.push_back(
            {.done = std::move(done), .give_up = steady_clock::now() + options_.open_wait_max});
        return want(std::string(slug), **entry);
      }
    }
  }
  done(std::move(answer));
}

std::vector<Tenants::Info> TenantKeeper::list() const {
  std::vector<Info> infos = {{.slug = std::string(kDefaultTenant), .is_open = true}};
  const MutexLock lock(mutex_);
  for (const auto& [slug, entry] : entries_)
    infos.push_back({.slug = slug, .is_open = entry.tenant != nullptr});
  return infos;
}

void TenantKeeper::for_each_open(const std::function<void(Tenant&)>& visit) const {
  std::vector<TenantPtr> open = {root_};
  {
    const MutexLock lock(mutex_);
    for (const auto& [slug, entry] : entries_) {
      if (entry.tenant != nullptr) open.push_back(entry.tenant);
    }
  }
  for (const TenantPtr& tenant : open)
    visit(*tenant);
}

std::size_t TenantKeeper::open_count() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      entries_, [](const auto& item) { return item.second.tenant != nullptr; }));
}

// Keeping --------------------------------------------------------------------------------------

steady_clock::time_point TenantKeeper::next_wake() {
  if (!wanted_.empty()) return steady_clock::now() + kPressureInterval;
  steady_clock::time_point wake = next_sweep_;
  const std::int64_t now = clock_.unix_ms();
  for (const auto& [slug, entry] : entries_) {
    if (entry.tenant != nullptr || !entry.due_unix_ms) continue;
    const std::chrono::milliseconds left(std::max<std::int64_t>(0, *entry.due_unix_ms - now));
    wake = std::min(wake, steady_clock::now() + std::min(left, kSweepInterval));
  }
  return wake;
}

void TenantKeeper::keep() {
  next_sweep_ = steady_clock::now() + kSweepInterval;
  while (true) {
    if (auto task = take_task()) {
      (*task)();
      continue;
    }
    if (const auto slug = take_wanted()) {
      open_next(*slug);
      continue;
    }
    refuse_late();
    wake_due();
    if (steady_clock::now() >= next_sweep_) sweep();
    const MutexLock lock(mutex_);
    if (!tasks_.empty()) continue;  // whoever asked before the end waits for an answer
    if (is_stopping_) return;
    changed_.wait_until(mutex_, next_wake());
  }
}

std::optional<TenantKeeper::Task> TenantKeeper::take_task() {
  const MutexLock lock(mutex_);
  if (tasks_.empty()) return std::nullopt;
  Task task = std::move(tasks_.front());
  tasks_.pop_front();
  return task;
}

TenantPtr TenantKeeper::take_unused(std::string& slug) {
  Entry* oldest = nullptr;
  for (auto& [name, entry] : entries_) {
    if (entry.tenant == nullptr || is_used(entry)) continue;
    if (oldest == nullptr || entry.last_used < oldest->last_used) {
      oldest = &entry;
      slug = name;
    }
  }
  return oldest == nullptr ? nullptr : take_idle(*oldest);
}

/// The next tenant to open, if one more may be open; makes room if it can.
std::optional<std::string> TenantKeeper::take_wanted() {
  std::string unused_slug;
  TenantPtr unused;
  {
    const MutexLock lock(mutex_);
    if (wanted_.empty()) return std::nullopt;
    if (open_count() < options_.open_max) {
      std::string slug = std::move(wanted_.front());
      wanted_.pop_front();
      return slug;
    }
    unused = take_unused(unused_slug);
    if (unused == nullptr) return std::nullopt;
  }
  close(unused_slug, std::move(unused));
  return take_wanted();
}

Result<TenantPtr> TenantKeeper::open_at_rest(const std::string& slug, const std::string& folder) {
  TenantOptions options = options_.each;
  options.slug = slug;
  options.folder = folder;
  options.thread_idle_max = kThreadIdleMax;
  return Tenant::open(std::move(options));
}

Result<TenantPtr> TenantKeeper::open_tenant(const std::string& slug, const std::string& folder) {
  MS_TRY(TenantPtr tenant, open_at_rest(slug, folder));
  forget_due_note(folder);  // if the process dies now, its jobs are looked for at the next start
  if (bundle_ != nullptr) MS_TRY_STATUS(tenant->host().deploy(bundle_, allow_));
  return tenant;
}

void TenantKeeper::open_next(const std::string& slug) {
  std::string folder;
  {
    const MutexLock lock(mutex_);
    folder = entries_[slug].folder;
  }
  Result<TenantPtr> opened = open_tenant(slug, folder);
  if (!opened) {
    logger_.log(LogLevel::Error, "tenants", "not_opened",
                {{"tenant", slug}, {"error", opened.error().message()}});
  }
  std::deque<Waiting> waiting;
  {
    const MutexLock lock(mutex_);
    Entry& entry = entries_[slug];
    entry.is_wanted = false;
    waiting.swap(entry.waiting);
    if (opened) {
      entry.tenant = *opened;
      entry.last_used = steady_clock::now();
      entry.due_unix_ms.reset();
    } else if (entry.due_unix_ms) {
      entry.due_unix_ms = std::max(*entry.due_unix_ms, clock_.unix_ms() + kReopenPauseMs);
    }
  }
  for (Waiting& one : waiting)
    one.done(opened);
}

void TenantKeeper::close(const std::string& slug, TenantPtr tenant) {
  const std::optional<std::int64_t> due = tenant->next_due_unix_ms();
  const std::string folder = tenant->folder();
  tenant->stop();
  tenant.reset();
  if (const Status written = write_due_note(folder, due); !written) {
    logger_.log(LogLevel::Warn, "tenants", "due_note",
                {{"tenant", slug}, {"error", written.error().message()}});
  }
  const MutexLock lock(mutex_);
  entries_[slug].due_unix_ms = due;
}

void TenantKeeper::sweep() {
  const auto now = steady_clock::now();
  next_sweep_ = now + kSweepInterval;
  // One that would be opened for a job before long stays.
  const std::int64_t soon = clock_.unix_ms() + options_.idle_max.count();
  std::vector<std::pair<std::string, TenantPtr>> unused;
  {
    const MutexLock lock(mutex_);
    for (auto& [slug, entry] : entries_) {
      if (entry.tenant == nullptr) continue;
      if (is_used(entry)) {
        entry.last_used = now;
      } else if (now - entry.last_used >= options_.idle_max &&
                 entry.tenant->next_due_unix_ms().value_or(soon) >= soon) {
        if (TenantPtr tenant = take_idle(entry)) unused.emplace_back(slug, std::move(tenant));
      }
    }
  }
  for (auto& [slug, tenant] : unused)
    close(slug, std::move(tenant));
}

void TenantKeeper::wake_due() {
  const std::int64_t now = clock_.unix_ms();
  const MutexLock lock(mutex_);
  for (auto& [slug, entry] : entries_) {
    if (entry.tenant == nullptr && entry.due_unix_ms && *entry.due_unix_ms <= now) {
      want(slug, entry);
    }
  }
}

/// Answers those who have waited too long for a place.
void TenantKeeper::refuse_late() {
  const auto now = steady_clock::now();
  std::deque<Waiting> late;
  {
    const MutexLock lock(mutex_);
    for (const std::string& slug : wanted_) {
      std::deque<Waiting>& waiting = entries_[slug].waiting;
      while (!waiting.empty() && waiting.front().give_up <= now) {
        late.push_back(std::move(waiting.front()));
        waiting.pop_front();
      }
    }
  }
  for (Waiting& one : late) {
    one.done(Error(ErrorCode::Unavailable,
                   "all " + std::to_string(options_.open_max) +
                       " tenants that may be open at once are in use (tenants.open_max)",
                   "tenants_open"));
  }
}

// Deploying ------------------------------------------------------------------------------------

bool TenantKeeper::run_on_keeper(Task task) {
  std::promise<void> promise;
  std::future<void> done = promise.get_future();
  {
    const MutexLock lock(mutex_);
    if (is_stopping_) return false;
    tasks_.emplace_back([&promise, task = std::move(task)]() mutable {
      task();
      promise.set_value();
    });
    changed_.notify_one();
  }
  done.get();
  return true;
}

Result<Tenants::DeployOutcome> TenantKeeper::deploy(runtime::BundlePtr bundle,
                                                    store::Writer::AllowDataLoss allow) {
  Result<DeployOutcome> outcome = shutting_down();
  run_on_keeper([&] { outcome = deploy_here(bundle, allow); });
  return outcome;
}

Result<std::vector<Tenants::Check>> TenantKeeper::check(runtime::BundlePtr bundle) {
  Result<std::vector<Check>> outcome = shutting_down();
  run_on_keeper([&] { outcome = check_here(*bundle); });
  return outcome;
}

Result<std::vector<Tenants::Check>> TenantKeeper::check_here(const runtime::Bundle& bundle) {
  std::vector<Check> checks(1);
  checks[0].slug = kDefaultTenant;
  MS_TRY(checks[0].schema, root_->host().check(bundle));
  if (checks[0].schema.diff.empty()) return checks;
  for (const Info& info : list()) {
    if (info.slug == kDefaultTenant) continue;
    auto checked = check_one(info.slug, bundle);
    if (!checked) {
      return std::move(checked).error().with_context("tenant \"" + info.slug + "\"");
    }
    checks.push_back({.slug = info.slug, .schema = *std::move(checked)});
  }
  return checks;
}

Result<store::Writer::SchemaCheck> TenantKeeper::check_one(const std::string& slug,
                                                           const runtime::Bundle& bundle) {
  std::string folder;
  TenantPtr tenant;
  {
    const MutexLock lock(mutex_);
    folder = entries_[slug].folder;
    tenant = entries_[slug].tenant;
  }
  if (tenant != nullptr) return tenant->host().check(bundle);
  MS_TRY(tenant, open_at_rest(slug, folder));
  auto checked = tenant->host().check(bundle);
  tenant->stop();
  return checked;
}

Result<Tenants::DeployOutcome> TenantKeeper::deploy_here(const runtime::BundlePtr& bundle,
                                                         store::Writer::AllowDataLoss allow) {
  DeployOutcome outcome;
  // At the start of the process the others are closed, and get the code when they are opened.
  if (bundle_ != nullptr) {
    MS_TRY(const std::vector<Check> checks, check_here(*bundle));
    MS_TRY_STATUS(refusal_of(checks, allow));
  }
  MS_TRY(outcome.root, root_->host().deploy(bundle, allow));
  bundle_ = bundle;
  allow_ = allow;
  std::vector<std::pair<std::string, TenantPtr>> open;
  std::vector<std::pair<std::string, std::string>> closed;
  {
    const MutexLock lock(mutex_);
    outcome.tenants = entries_.size();
    for (const auto& [slug, entry] : entries_) {
      if (entry.tenant != nullptr) {
        open.emplace_back(slug, entry.tenant);
      } else {
        closed.emplace_back(slug, entry.folder);
      }
    }
  }
  const auto note = [&outcome](const std::string& slug, const Error& error) {
    outcome.failed.push_back(slug + ": " + error.message());
  };
  for (const auto& [slug, tenant] : open) {
    if (const auto done = tenant->host().deploy(bundle, allow); !done) note(slug, done.error());
  }
  if (outcome.root.crons_changed) look_at_closed();
  if (outcome.root.diff.empty()) return outcome;
  for (const auto& [slug, folder] : closed) {
    if (const Status done = deploy_closed(slug, folder); !done) note(slug, done.error());
  }
  return outcome;
}

/// When closed tenants are due by their notes is no longer true: each is opened once to find out.
void TenantKeeper::look_at_closed() {
  const MutexLock lock(mutex_);
  for (auto& [slug, entry] : entries_) {
    if (entry.tenant != nullptr) continue;
    forget_due_note(entry.folder);  // also if the process dies before
    entry.due_unix_ms = clock_.unix_ms();
  }
}

/// Brings a closed tenant's data to the schema, so that it cannot fail when a user needs it. When
/// it is due stays as it was.
Status TenantKeeper::deploy_closed(const std::string& slug, const std::string& folder) {
  MS_TRY(const TenantPtr tenant, open_at_rest(slug, folder));
  const auto done = tenant->host().deploy(bundle_, allow_, FunctionHost::Jobs::AtRest);
  tenant->stop();
  if (!done) return std::unexpected(done.error());
  return {};
}

void TenantKeeper::stop() {
  {
    const MutexLock lock(mutex_);
    if (is_stopping_) return;
    is_stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  Entries entries;
  {
    const MutexLock lock(mutex_);
    entries.swap(entries_);
  }
  for (auto& [slug, entry] : entries) {
    for (Waiting& one : entry.waiting) {
      one.done(shutting_down());
    }
    if (entry.tenant != nullptr) close(slug, std::move(entry.tenant));
  }
  if (root_ != nullptr) root_->stop();
}

}  // namespace

Result<std::unique_ptr<Tenants>> Tenants::open(TenantsOptions options) {
  if (options.each.files.threads == nullptr) {
    options.each.files.threads = std::make_shared<files::IoThreads>();
  }
  if (options.each.alarms == nullptr) {
    Clock* const clock = options.each.host.clock;
    options.each.alarms =
        std::make_shared<runtime::jobs::ThreadAlarms>(clock != nullptr ? *clock : system_clock());
  }
  auto keeper = std::make_unique<TenantKeeper>(std::move(options));
  MS_TRY_STATUS(keeper->start());
  return std::unique_ptr<Tenants>(std::move(keeper));
}

}  // namespace moonstone::protocol::functions
