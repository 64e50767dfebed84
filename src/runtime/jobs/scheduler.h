// Moonstone. Licence: see LICENSE.
#pragma once
// JobScheduler: runs the jobs and cron jobs of one database when they are due.
//
// It has no thread: an alarm wakes it, it claims what is due in a transaction, and a JobRunner runs
// it. Jobs start in the order of their times. Mutations and queries run one after the other;
// actions start in their turn and then run beside the rest, JobLimits::actions_max at a time.
// Invariants:
//  (1) A mutation and the completion of its job commit together: its effects happen exactly once,
//      or not at all if the handler fails.
//  (2) An action or a query is marked running by a commit before it begins, and what is found
//      running at start becomes failed: without a retry policy it runs at most once.
//  (3) Of one cron job there is at most one unfinished run.
// Threads: synchronised. Source: functions.md 12; issue 3, point 3.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "engine/database.h"
#include "runtime/jobs/alarms.h"
#include "runtime/jobs/job.h"
#include "runtime/jobs/runner.h"

namespace moonstone::runtime::jobs {

struct SchedulerOptions {
  Alarms* alarms = nullptr;  // shared by all schedulers; required
  Clock* clock = nullptr;    // null: the system's; the database must go by the same
  Logger* logger = nullptr;  // null: none
  JobLimits limits = {};
};

class JobScheduler {
 public:
  /// `database`, `runner` and the options' parts must outlive it. Nothing runs before start().
  JobScheduler(engine::Database& database, JobRunner& runner, const SchedulerOptions& options);
  /// Stops.
  ~JobScheduler();
  JobScheduler(const JobScheduler&) = delete;
  JobScheduler& operator=(const JobScheduler&) = delete;

  /// Fails what a former process left running, then runs what is due. Call it after a deploy has
  /// made the tables; once it has succeeded, further calls do nothing. Waits; never call it on the
  /// writer's thread. Errors: NotFound (no tables), those of Database::run.
  [[nodiscard]] Status start();

  /// Starts nothing more, asks running actions to stop and waits for mutations and queries under
  /// way. An action that does not end in time counts as interrupted at the next start. Idempotent.
  void stop();

  /// For a deploy: from the moment when the code changes (Database::apply_schema's `on_applied`)
  /// no cron job fires ...
  void hold_crons();
  /// ... until the new definitions are in the database. Returns whether they differ from the former
  /// ones. Waits; works before start(), too. Errors: those of jobs::replace_crons; cron jobs then
  /// stay on hold.
  [[nodiscard]] Result<bool> replace_crons(std::vector<CronDefinition> definitions);

  /// When the next job or cron job is due (unix ms); nothing: never. What is due but waits counts
  /// as now. Valid while idle() (else a bound from below); for the catalogue of closed databases.
  [[nodiscard]] std::optional<std::int64_t> next_due() const;
  /// Whether nothing runs and nothing is due.
  [[nodiscard]] bool idle() const;
  /// If idle(): from now on nothing begins any more, and stop() is all that may follow.
  [[nodiscard]] bool hold_if_idle();
  /// Waits until no step is under way but actions; for tests on a virtual clock.
  void wait_for_steps();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // callbacks of actions may outlive the scheduler
};

}  // namespace moonstone::runtime::jobs
