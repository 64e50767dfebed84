// Moonstone. Licence: see LICENSE.
#pragma once
// ctx.scheduler: jobs are rows that a transaction writes, so they exist if and only if it commits.
//
// run_after(), run_at() and cancel() take what user code handed over, whichever runtime it came
// from, and check it; schedule() is for callers in C++. Nobody looks whether the function exists:
// the code may change before the job runs.
// Threads: confined to the transaction's thread. Source: functions.md 12.1.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"
#include "engine/transaction.h"
#include "runtime/jobs/job.h"

namespace moonstone::runtime::jobs {

struct ScheduleRequest {
  std::string function;
  std::string args_json = "{}";
  std::int64_t run_at = 0;  // unix ms; past: at once
  std::optional<RetryPolicy> retry = std::nullopt;
  std::string origin = {};  // who schedules, for the status list
};

/// Inserts a pending job and returns its id.
/// Errors: InvalidArgument (reason "schedule"), LimitExceeded (reasons "job_args", "jobs_pending",
/// "jobs_per_mutation"), FailedPrecondition if the database has no job tables yet.
[[nodiscard]] Result<std::string> schedule(engine::Transaction& transaction,
                                           const ScheduleRequest& request,
                                           const JobLimits& limits = {});

/// The arguments of ctx.scheduler.runAfter and runAt as they came; undefined for absent ones.
struct SchedulerCall {
  Value when;      // the delay or the moment, in milliseconds
  Value function;  // a name, or an object with the member `_name`
  Value args;      // undefined or null: {}
  Value options;   // { retry?: { attempts, initialBackoffMs?, maxBackoffMs? } }
  std::string origin;
};
/// `ctx.scheduler.runAfter(delay, function, args, options)`; a negative delay counts as none.
[[nodiscard]] Result<std::string> run_after(engine::Transaction& transaction,
                                            const SchedulerCall& call,
                                            const JobLimits& limits = {});
/// `ctx.scheduler.runAt(time, function, args, options)`; a past time means at once.
[[nodiscard]] Result<std::string> run_at(engine::Transaction& transaction,
                                         const SchedulerCall& call,
                                         const JobLimits& limits = {});

/// Makes a pending job a cancelled one. Unknown ids and jobs that have begun are left alone.
[[nodiscard]] Status cancel(engine::Transaction& transaction, std::string_view id);

}  // namespace moonstone::runtime::jobs
