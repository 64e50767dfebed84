// Moonstone. Licence: see LICENSE.
#include "runtime/jobs/scheduler.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/json.h"
#include "base/mutex.h"
#include "runtime/jobs/crons.h"
#include "runtime/jobs/internal/transitions.h"

namespace moonstone::runtime::jobs {

namespace {

using Json = std::optional<std::string>;

/// The pause after a step that could not be carried out (a full queue, a full disk).
constexpr std::int64_t kTroublePauseMs = 1000;
/// Finished jobs after which the status list is pruned.
constexpr std::uint64_t kPruneInterval = 200;

/// Whether the function cannot have begun, so that the job may wait and be tried again.
bool has_not_begun(const Error& error) {
  const std::string& reason = error.reason();
  const bool has_no_place = error.code() == ErrorCode::LimitExceeded && reason == "actions";
  return error.code() == ErrorCode::Unavailable || has_no_place || reason == "queue_full" ||
         reason == "shutting_down" || reason == "kind";
}

/// How a run ended, on its way into the database.
struct Ending {
  std::string id;
  enum class Kind : unsigned char { Completed, Failed, PutBack } kind = Kind::Completed;
  std::string error = {};
};

}  // namespace

/// The state behind a scheduler. `step_is_running_` is the lane of claims, mutations and queries:
/// whoever sets it goes on until nothing is due.
class JobScheduler::Impl final : public engine::CommitObserver,
                                 public std::enable_shared_from_this<Impl> {
 public:
  Impl(engine::Database& database, JobRunner& runner, const SchedulerOptions& options)
      : database_(database), runner_(runner), options_(options) {
    if (options_.clock == nullptr) options_.clock = &system_clock();
    if (options_.logger == nullptr) options_.logger = &null_logger();
    MS_CHECK(options_.alarms != nullptr, "a scheduler without alarms would never wake up");
  }

  Status start();
  void stop();
  void hold_crons() { crons_held_ = true; }
  Result<bool> replace_crons(std::vector<CronDefinition> definitions);

  std::optional<std::int64_t> next_due() const {
    const MutexLock lock(mutex_);
    return next_due_;
  }
  bool idle() const {
    const MutexLock lock(mutex_);
    return is_idle();
  }
  bool hold_if_idle() {
    const MutexLock lock(mutex_);
    is_held_ = is_idle();
    return is_held_;
  }
  bool is_stopping() const {
    const MutexLock lock(mutex_);
    return is_stopping_;
  }
  void wait_for_steps() {
    const MutexLock lock(mutex_);
    while (steps_ > 0)
      ended_.wait(mutex_);
  }

  void on_commit(const engine::CommitPtr& commit) override;

 private:
  using Done = std::move_only_function<void(Result<engine::MutationOutcome>)>;

  /// Counts a piece of work for which stop() waits; false: stopped, do nothing.
  bool begin_step();
  /// The same for a piece that follows from one under way, which must not be lost.
  void add_step();
  void end_step();
  /// Submits a mutation of the scheduler's own. The caller has begun a step, which `done` ends.
  void submit(std::string_view name, engine::MutationBody body, Done done);

  [[nodiscard]] bool is_idle() const MS_REQUIRES(mutex_);
  void wake();
  /// Wakes it at `unix_ms`, or before.
  void note_due(std::int64_t unix_ms) MS_REQUIRES(mutex_);
  void claim();
  void on_claimed(Claim claim);
  void rest(std::optional<std::int64_t> next_due);
  void pause();

  void put_back_all(const Claim& claim);
  void start_action(Startable startable);
  void on_action_ended(const std::string& id, Status outcome);
  void run_alone(Startable startable);
  void on_ended_alone(const std::string& id, JobKind kind, Status outcome);
  JobRun run_of(const Startable& startable) const;
  /// Writes an ending down, then goes on with `next`.
  void save(Ending ending, std::move_only_function<void()> next);
  void save_again();
  void prune_if_due();

  engine::Database& database_;
  JobRunner& runner_;
  SchedulerOptions options_;
  std::atomic<bool> crons_held_{false};

  mutable Mutex mutex_;
  Condition ended_;
  std::unique_ptr<Alarm> alarm_ MS_GUARDED_BY(mutex_);  // made by start(), gone after stop()
  bool is_started_ MS_GUARDED_BY(mutex_) = false;
  bool is_held_ MS_GUARDED_BY(mutex_) = false;  // it was idle, and never wakes again
  bool is_stopping_ MS_GUARDED_BY(mutex_) = false;
  std::size_t steps_ MS_GUARDED_BY(mutex_) = 0;
  bool step_is_running_ MS_GUARDED_BY(mutex_) = false;
  std::map<std::string, std::stop_source> actions_ MS_GUARDED_BY(mutex_);  // by job
  std::vector<Ending> unsaved_ MS_GUARDED_BY(mutex_);                      // their commit failed
  std::optional<std::int64_t> next_due_ MS_GUARDED_BY(mutex_);
  /// The earliest time that a commit brought since the last claim was submitted.
  std::optional<std::int64_t> noted_due_ MS_GUARDED_BY(mutex_);
  std::uint64_t finished_since_prune_ MS_GUARDED_BY(mutex_) = kPruneInterval;
};

// Steps.

bool JobScheduler::Impl::begin_step() {
  const MutexLock lock(mutex_);
  if (is_stopping_) return false;
  ++steps_;
  return true;
}

void JobScheduler::Impl::add_step() {
  const MutexLock lock(mutex_);
  ++steps_;
}

void JobScheduler::Impl::end_step() {
  const MutexLock lock(mutex_);
  if (--steps_ == 0) ended_.notify_all();
}

void JobScheduler::Impl::submit(std::string_view name, engine::MutationBody body, Done done) {
  engine::MutationCall call;
  call.function = name;
  call.body = std::move(body);
  call.done = std::move(done);
  database_.submit(std::move(call));
}

// Start and stop.

Status JobScheduler::Impl::start() {
  {
    const MutexLock lock(mutex_);
    if (is_started_ || is_stopping_) return {};
  }
  bool has_more = true;
  while (has_more) {
    engine::MutationCall call;
    call.function = "_jobs:recover";
    call.body = [&has_more](engine::Transaction& transaction) -> Result<Json> {
      MS_TRY(has_more, fail_interrupted(transaction));
      return Json();
    };
    MS_TRY_STATUS(database_.run(std::move(call)));
  }
  {
    const MutexLock lock(mutex_);
    if (is_started_ || is_stopping_) return {};
    is_started_ = true;
    alarm_ = options_.alarms->make([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->wake();
    });
    next_due_ = options_.clock->unix_ms();  // nobody has looked yet
  }
  database_.add_observer(*this);
  // Only now: the first look finds what was committed before, the observer hears the rest.
  const MutexLock lock(mutex_);
  if (alarm_ != nullptr) alarm_->set(options_.clock->unix_ms());
  return {};
}

void JobScheduler::Impl::stop() {
  {
    const MutexLock lock(mutex_);
    if (is_stopping_) return;
    is_stopping_ = true;
    for (auto& [id, stop] : actions_)
      stop.request_stop();
    if (!is_started_) return;
  }
  database_.remove_observer(*this);
  std::unique_ptr<Alarm> alarm;
  {
    const MutexLock lock(mutex_);
    while (steps_ > 0)
      ended_.wait(mutex_);
    alarm = std::move(alarm_);
  }
}

Result<bool> JobScheduler::Impl::replace_crons(std::vector<CronDefinition> definitions) {
  hold_crons();
  bool has_changed = false;
  engine::MutationCall call;
  call.function = "_jobs:replaceCrons";
  call.is_exempt = true;  // refused, it would leave new code without its cron jobs
  call.body = [&](engine::Transaction& transaction) -> Result<Json> {
    MS_TRY(has_changed, jobs::replace_crons(transaction, definitions));
    return Json();
  };
  MS_TRY_STATUS(database_.run(std::move(call)));
  crons_held_ = false;
  const MutexLock lock(mutex_);
  if (is_started_) note_due(options_.clock->unix_ms());
  return has_changed;
}

// Waking up.

bool JobScheduler::Impl::is_idle() const {
  if (next_due_ && *next_due_ <= options_.clock->unix_ms()) return false;
  return !step_is_running_ && steps_ == 0 && actions_.empty() && unsaved_.empty();
}

void JobScheduler::Impl::on_commit(const engine::CommitPtr& commit) {
  std::optional<std::int64_t> earliest;
  if (commit->everything) earliest = 0;
  for (const query::Change& change : commit->changes) {
    if (change.table->name != kJobsTable || !change.after) continue;
    const Job job = job_of(*change.after);
    if (job.status != JobStatus::Pending) continue;
    earliest = std::min(earliest.value_or(job.run_at), job.run_at);
  }
  if (!earliest) return;
  const MutexLock lock(mutex_);
  note_due(*earliest);
}

void JobScheduler::Impl::note_due(std::int64_t unix_ms) {
  noted_due_ = std::min(noted_due_.value_or(unix_ms), unix_ms);
  if (next_due_ && *next_due_ <= unix_ms) return;
  next_due_ = unix_ms;
  if (!step_is_running_ && alarm_ != nullptr) alarm_->set(unix_ms);
}

void JobScheduler::Impl::wake() {
  {
    const MutexLock lock(mutex_);
    if (step_is_running_ || is_held_ || is_stopping_) return;
    step_is_running_ = true;
    ++steps_;
  }
  save_again();
  claim();
  end_step();
}

void JobScheduler::Impl::claim() {
  if (!begin_step()) return;
  Capacity capacity;
  {
    const MutexLock lock(mutex_);
    noted_due_.reset();
    capacity.actions = options_.limits.actions_max - actions_.size();
  }
  auto claimed = std::make_shared<Claim>();
  submit(
      "_jobs:claim",
      [self = shared_from_this(), claimed,
       capacity](engine::Transaction& transaction) mutable -> Result<Json> {
        capacity.crons = !self->crons_held_;
        const auto kind_of = [&self](const std::string& function) {
          return self->runner_.kind_of(function);
        };
        MS_TRY(*claimed, claim_due(transaction, capacity, kind_of));
        return Json();
      },
      [self = shared_from_this(), claimed](Result<engine::MutationOutcome> outcome) {
        if (outcome) {
          self->on_claimed(std::move(*claimed));
        } else {
          self->options_.logger->log(LogLevel::Error, "jobs", "claim_failed",
                                     {{"error", outcome.error().message()}});
          self->pause();
        }
        self->end_step();
      });
}

void JobScheduler::Impl::on_claimed(Claim claim) {
  if (claim.jobs.empty()) {
    rest(claim.next_due);
    prune_if_due();
    return;
  }
  if (is_stopping()) {
    put_back_all(claim);
    return;
  }
  if (claim.jobs.front().kind != JobKind::Action) {
    run_alone(std::move(claim.jobs.front()));
    return;
  }
  for (Startable& startable : claim.jobs)
    start_action(std::move(startable));
  this->claim();
}

/// Leaves the lane until something is due.
void JobScheduler::Impl::rest(std::optional<std::int64_t> next_due) {
  const MutexLock lock(mutex_);
  step_is_running_ = false;
  next_due_ = next_due;
  if (noted_due_) next_due_ = std::min(next_due_.value_or(*noted_due_), *noted_due_);
  if (alarm_ == nullptr) return;
  if (next_due_) {
    alarm_->set(*next_due_);
  } else {
    alarm_->clear();
  }
}

/// Leaves the lane for a while, because a step failed.
void JobScheduler::Impl::pause() {
  const MutexLock lock(mutex_);
  step_is_running_ = false;
  next_due_ = options_.clock->unix_ms() + kTroublePauseMs;
  if (alarm_ != nullptr) alarm_->set(*next_due_);
}

// Running.

JobRun JobScheduler::Impl::run_of(const Startable& startable) const {
  const Job& job = startable.job;
  JobRun run;
  run.id = job.id;
  run.function = job.function;
  run.kind = startable.kind;
  run.base_url = job.base_url;
  if (auto args = parse_json(job.args_json)) run.args = *std::move(args);
  if (startable.kind == JobKind::Mutation) {
    run.within = [id = job.id](engine::Transaction& transaction) {
      return complete(transaction, id, JobStatus::Pending);
    };
  }
  return run;
}

/// What was marked running and will not begin waits for the next start.
void JobScheduler::Impl::put_back_all(const Claim& claim) {
  for (const Startable& startable : claim.jobs) {
    if (startable.kind == JobKind::Mutation) continue;
    add_step();
    save({.id = startable.job.id, .kind = Ending::Kind::PutBack}, [] {});
  }
}

void JobScheduler::Impl::start_action(Startable startable) {
  JobRun run = run_of(startable);
  {
    const MutexLock lock(mutex_);
    run.stop = actions_[run.id].get_token();
  }
  std::string id = run.id;
  runner_.run(std::move(run), [self = shared_from_this(), id = std::move(id)](Status outcome) {
    self->on_action_ended(id, std::move(outcome));
  });
}

void JobScheduler::Impl::on_action_ended(const std::string& id, Status outcome) {
  if (!begin_step()) return;  // its row stays running, and the next start says so
  Ending ending{.id = id};
  if (!outcome) {
    using enum Ending::Kind;
    ending.kind = has_not_begun(outcome.error()) ? PutBack : Failed;
    ending.error = outcome.error().message();
  }
  save(std::move(ending), [this, id] {
    const MutexLock lock(mutex_);
    actions_.erase(id);
    note_due(options_.clock->unix_ms());  // there is a place for another action
  });
}

void JobScheduler::Impl::run_alone(Startable startable) {
  add_step();
  JobRun run = run_of(startable);
  std::string id = run.id;
  runner_.run(std::move(run), [self = shared_from_this(), id = std::move(id),
                               kind = startable.kind](Status outcome) {
    self->on_ended_alone(id, kind, std::move(outcome));
    self->end_step();
  });
}

void JobScheduler::Impl::on_ended_alone(const std::string& id, JobKind kind, Status outcome) {
  const bool is_mutation = kind == JobKind::Mutation;
  if (!outcome && has_not_begun(outcome.error())) {
    if (is_mutation) {
      pause();
      return;
    }
    add_step();
    save({.id = id, .kind = Ending::Kind::PutBack}, [this] { pause(); });
    return;
  }
  const bool is_saved = is_mutation && (outcome || outcome.error().reason() == kJobGone);
  if (is_saved) {
    {
      const MutexLock lock(mutex_);
      ++finished_since_prune_;
    }
    claim();
    return;
  }
  add_step();
  Ending ending{.id = id};
  if (!outcome) {
    ending.kind = Ending::Kind::Failed;
    ending.error = outcome.error().message();
  }
  save(std::move(ending), [this] { claim(); });
}

// Writing down.

/// The caller has begun a step for it.
void JobScheduler::Impl::save(Ending ending, std::move_only_function<void()> next) {
  if (ending.kind == Ending::Kind::Failed) {
    options_.logger->log(LogLevel::Warn, "jobs", "failed",
                         {{"job", ending.id}, {"error", ending.error}});
  }
  auto body = [ending](engine::Transaction& transaction) -> Result<Json> {
    switch (ending.kind) {
      case Ending::Kind::Completed:
        MS_TRY_STATUS(complete(transaction, ending.id, JobStatus::Running));
        break;
      case Ending::Kind::Failed:
        MS_TRY_STATUS(fail(transaction, ending.id, ending.error));
        break;
      case Ending::Kind::PutBack:
        MS_TRY_STATUS(put_back(transaction, ending.id));
        break;
    }
    return Json();
  };
  submit("_jobs:save", std::move(body),
         [self = shared_from_this(), ending,
          next = std::move(next)](Result<engine::MutationOutcome> outcome) mutable {
           if (!outcome && outcome.error().reason() != kJobGone) {
             self->options_.logger->log(LogLevel::Error, "jobs", "save_failed",
                                        {{"job", ending.id}, {"error", outcome.error().message()}});
             const MutexLock lock(self->mutex_);
             self->unsaved_.push_back(std::move(ending));
             self->note_due(self->options_.clock->unix_ms() + kTroublePauseMs);
           } else {
             const MutexLock lock(self->mutex_);
             ++self->finished_since_prune_;
           }
           next();
           self->end_step();
         });
}

/// Endings that could not be written are tried again whenever the scheduler wakes.
void JobScheduler::Impl::save_again() {
  std::vector<Ending> unsaved;
  {
    const MutexLock lock(mutex_);
    unsaved.swap(unsaved_);
  }
  for (Ending& ending : unsaved) {
    if (begin_step()) save(std::move(ending), [] {});
  }
}

void JobScheduler::Impl::prune_if_due() {
  {
    const MutexLock lock(mutex_);
    if (finished_since_prune_ < kPruneInterval) return;
    finished_since_prune_ = 0;
  }
  if (!begin_step()) return;
  auto has_more = std::make_shared<bool>(false);
  submit(
      "_jobs:prune",
      [limits = options_.limits, has_more](engine::Transaction& transaction) -> Result<Json> {
        MS_TRY(*has_more, prune(transaction, limits));
        return Json();
      },
      [self = shared_from_this(), has_more](const Result<engine::MutationOutcome>& outcome) {
        if (outcome && *has_more) {
          {
            const MutexLock lock(self->mutex_);
            self->finished_since_prune_ = kPruneInterval;
          }
          self->prune_if_due();
        }
        self->end_step();
      });
}

// The face.

JobScheduler::JobScheduler(engine::Database& database,
                           JobRunner& runner,
                           const SchedulerOptions& options)
    : impl_(std::make_shared<Impl>(database, runner, options)) {}

JobScheduler::~JobScheduler() {
  stop();
}

Status JobScheduler::start() {
  return impl_->start();
}

void JobScheduler::stop() {
  impl_->stop();
}

void JobScheduler::hold_crons() {
  impl_->hold_crons();
}

Result<bool> JobScheduler::replace_crons(std::vector<CronDefinition> definitions) {
  return impl_->replace_crons(std::move(definitions));
}

std::optional<std::int64_t> JobScheduler::next_due() const {
  return impl_->next_due();
}

bool JobScheduler::idle() const {
  return impl_->idle();
}

bool JobScheduler::hold_if_idle() {
  return impl_->hold_if_idle();
}

void JobScheduler::wait_for_steps() {
  impl_->wait_for_steps();
}

}  // namespace moonstone::runtime::jobs
