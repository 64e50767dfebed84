// Moonstone. Licence: see LICENSE.
#pragma once
// The status list of jobs and cron jobs, for `/__admin/jobs` and `_system:listJobs`.
//
// A live query that lists jobs is pushed again when they change: the tables are ordinary ones.
// Threads: confined to the reader's thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "engine/transaction.h"
#include "runtime/jobs/job.h"

namespace moonstone::runtime::jobs {

/// The largest page of the list, and the one that is given if none is asked for.
inline constexpr std::uint64_t kListPageMax = 1000;
inline constexpr std::uint64_t kListPageDefault = 100;

struct ListRequest {
  std::optional<JobStatus> status;  // nothing: any
  std::string cursor;               // of the page before; empty: the first page
  std::uint64_t limit = kListPageDefault;
};

struct JobPage {
  std::vector<Job> jobs;    // of one status: latest time first; of any: latest scheduled first
  std::string next_cursor;  // empty: that was the last page
};

/// Errors: InvalidArgument for a page of none or too many and for a cursor of another list,
/// NotFound if no project was deployed yet.
[[nodiscard]] Result<JobPage> list(engine::DocumentReader& reader, const ListRequest& request);

/// Every cron job, by name.
[[nodiscard]] Result<std::vector<CronJob>> list_crons(engine::DocumentReader& reader);

/// The answer of `/__admin/jobs` and `_system:listJobs` to `{ status?, cursor?, limit? }`:
///   { jobs: [{ id, function, args, status, runAt, scheduledAt, attempts, retry?, error?,
///              startedAt?, finishedAt?, origin?, cron? }],
///     continueCursor: text | null, isDone: boolean,
///     counts: { pending, running, completed, failed, cancelled },
///     crons: [{ name, function, args, schedule, nextRunAt, lastRunAt?, lastJob?, lastStatus?,
///               lastError? }] }
/// `schedule` is the expression or `{ intervalMs }`. Absent args list the first page of all.
/// Errors: as list(); InvalidArgument (reason "validation") for an unknown status or member.
[[nodiscard]] Result<Value> list_as_json(engine::DocumentReader& reader, const Value& args);

[[nodiscard]] Value to_value(const Job& job);
[[nodiscard]] Value to_value(const CronJob& cron);

/// When the next job or cron job of a database is due (unix ms); nothing: never. For the catalogue
/// of closed databases; an open one's JobScheduler knows without a read.
[[nodiscard]] Result<std::optional<std::int64_t>> next_due(engine::DocumentReader& reader);

}  // namespace moonstone::runtime::jobs
