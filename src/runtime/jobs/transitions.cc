// Moonstone. Licence: see LICENSE.
#include "runtime/jobs/internal/transitions.h"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/jobs/crons.h"
#include "runtime/jobs/internal/rows.h"

namespace moonstone::runtime::jobs {

namespace {

/// Due jobs looked at in one step: most often one of the first may start. Actions that wait for a
/// place may fill the wider look, too; then other jobs wait for one of them to end. Each row may
/// carry JobLimits::args_bytes_max, and all of them have to fit into the bytes that a call may
/// read.
constexpr std::array<std::uint64_t, 2> kClaimWindows{16, 128};
/// Rows that one step of recovery or of pruning writes; bounded for the same reason.
constexpr std::uint64_t kSweepMax = 100;
/// Whoever refused the job gets a rest before it is asked again.
constexpr std::int64_t kPutBackMs = 1000;

constexpr std::string_view kInterrupted =
    "interrupted: the server stopped while the job ran, which may have happened in part";

void begin_run(Job& job, std::int64_t now) {
  ++job.attempts;
  job.started = now;
}

Status end_run(engine::Transaction& transaction, Job& job, JobStatus status) {
  job.status = status;
  job.finished = transaction.now_unix_ms();
  MS_TRY_STATUS(save_job(transaction, job));
  return note_cron_outcome(transaction, job);
}

Status fail(engine::Transaction& transaction, Job job, std::string_view error) {
  const std::int64_t now = transaction.now_unix_ms();
  if (job.status == JobStatus::Pending) begin_run(job, now);
  job.error = shortened(error);
  if (!job.retry || job.attempts >= job.retry->attempts) {
    return end_run(transaction, job, JobStatus::Failed);
  }
  job.status = JobStatus::Pending;
  job.run_at = now + backoff_ms(*job.retry, job.attempts, transaction.random_seed());
  return save_job(transaction, job);
}

Status mark_running(engine::Transaction& transaction, Job& job) {
  begin_run(job, transaction.now_unix_ms());
  job.status = JobStatus::Running;
  return save_job(transaction, job);
}

enum class Look : unsigned char { Further, Failed, Enough };

/// Starts the job, or passes over it, or finds that it must wait for those taken before it.
Result<Look> look_at(engine::Transaction& transaction,
                     const Capacity& capacity,
                     const KindOf& kind_of,
                     Job job,
                     std::vector<Startable>& taken) {
  const auto kind = kind_of(job.function);
  if (!kind) {
    MS_TRY_STATUS(fail(transaction, std::move(job), kind.error().message()));
    return Look::Failed;
  }
  const bool is_action = *kind == JobKind::Action;
  if (is_action && taken.size() == capacity.actions) return Look::Further;
  if (!is_action && !taken.empty()) return Look::Enough;
  if (*kind != JobKind::Mutation) MS_TRY_STATUS(mark_running(transaction, job));
  taken.push_back({.job = std::move(job), .kind = *kind});
  return is_action ? Look::Further : Look::Enough;
}

/// Returns whether jobs failed: then there may be more behind them.
Result<bool> take_due_jobs(engine::Transaction& transaction,
                           const Capacity& capacity,
                           const KindOf& kind_of,
                           std::vector<Startable>& taken) {
  bool have_failed = false;
  for (const std::uint64_t window : kClaimWindows) {
    MS_TRY(std::vector<Job> due,
           jobs_by_time(transaction, JobStatus::Pending,
                        where(query::CompareOp::Lte, "runAt", transaction.now_unix_ms()), window));
    for (Job& job : due) {
      MS_TRY(const Look look, look_at(transaction, capacity, kind_of, std::move(job), taken));
      have_failed = have_failed || look == Look::Failed;
      if (look == Look::Enough) return have_failed;
    }
    if (due.size() < window || !taken.empty()) return have_failed;
  }
  return have_failed;
}

Result<std::optional<std::int64_t>> earliest_after_now(engine::Transaction& transaction,
                                                       bool with_crons) {
  std::optional<std::int64_t> earliest;
  MS_TRY(const std::vector<Job> later,
         jobs_by_time(transaction, JobStatus::Pending,
                      where(query::CompareOp::Gt, "runAt", transaction.now_unix_ms()), 1));
  if (!later.empty()) earliest = later.front().run_at;
  if (!with_crons) return earliest;
  MS_TRY(const std::optional<std::int64_t> cron, next_cron(transaction));
  if (cron) earliest = std::min(earliest.value_or(*cron), *cron);
  return earliest;
}

Status erase_finished(engine::Transaction& transaction,
                      std::vector<query::RangeCondition> range,
                      std::uint64_t limit,
                      std::uint64_t& erased) {
  MS_TRY(const schema::Table* const table, transaction.system_table(kJobsTable));
  MS_TRY(const query::Query plan,
         plan_of(*table, "by_finished", range, query::Direction::Ascending, limit));
  MS_TRY(const std::vector<query::Row> rows, transaction.select(*table, plan));
  for (const query::Row& row : rows)
    MS_TRY_STATUS(transaction.erase(*table, row.id));
  erased += rows.size();
  return {};
}

}  // namespace

Result<Claim> claim_due(engine::Transaction& transaction,
                        const Capacity& capacity,
                        const KindOf& kind_of) {
  Claim claim;
  if (capacity.crons) MS_TRY_STATUS(fire_due_crons(transaction));
  MS_TRY(const bool have_failed, take_due_jobs(transaction, capacity, kind_of, claim.jobs));
  MS_TRY(claim.next_due, earliest_after_now(transaction, capacity.crons));
  if (have_failed) claim.next_due = transaction.now_unix_ms();
  return claim;
}

Status complete(engine::Transaction& transaction, std::string_view id, JobStatus from) {
  MS_TRY(std::optional<Job> job, find_job(transaction, id));
  // A handler that cancels its own job comes too late: the job has begun.
  const bool is_own_cancel = transaction.tally(cancelled_tally(id)) > 0;
  if (!job || (job->status != from && !is_own_cancel)) {
    return Error(ErrorCode::Cancelled, "the job was cancelled before it began", kJobGone);
  }
  if (from == JobStatus::Pending) begin_run(*job, transaction.now_unix_ms());
  job->error.clear();
  return end_run(transaction, *job, JobStatus::Completed);
}

Status fail(engine::Transaction& transaction, std::string_view id, std::string_view error) {
  MS_TRY(std::optional<Job> job, find_job(transaction, id));
  if (!job || (job->status != JobStatus::Pending && job->status != JobStatus::Running)) return {};
  return fail(transaction, *std::move(job), error);
}

Status put_back(engine::Transaction& transaction, std::string_view id) {
  MS_TRY(std::optional<Job> job, find_job(transaction, id));
  if (!job || job->status != JobStatus::Running) return {};
  job->status = JobStatus::Pending;
  --job->attempts;
  job->run_at = transaction.now_unix_ms() + kPutBackMs;
  return save_job(transaction, *job);
}

Result<bool> fail_interrupted(engine::Transaction& transaction) {
  MS_TRY(std::vector<Job> running,
         jobs_by_time(transaction, JobStatus::Running, where(query::CompareOp::Gte, "runAt", 0),
                      kSweepMax));
  for (Job& job : running)
    MS_TRY_STATUS(fail(transaction, std::move(job), kInterrupted));
  return running.size() == kSweepMax;
}

Result<bool> prune(engine::Transaction& transaction, const JobLimits& limits) {
  const std::int64_t oldest = transaction.now_unix_ms() - limits.keep_time.count();
  const query::RangeCondition is_finished = where(query::CompareOp::Gte, "finishedAt", 0);
  std::uint64_t erased = 0;
  MS_TRY_STATUS(erase_finished(transaction,
                               {is_finished, where(query::CompareOp::Lt, "finishedAt", oldest)},
                               kSweepMax, erased));
  MS_TRY(const schema::Table* const table, transaction.system_table(kJobsTable));
  MS_TRY(const query::Query finished,
         plan_of(*table, "by_finished", {is_finished}, query::Direction::Ascending, std::nullopt));
  MS_TRY(const std::uint64_t count, transaction.count(*table, finished));
  if (count > limits.keep_max) {
    const std::uint64_t excess = std::min(count - limits.keep_max, kSweepMax);
    MS_TRY_STATUS(erase_finished(transaction, {is_finished}, excess, erased));
  }
  return erased >= kSweepMax;
}

}  // namespace moonstone::runtime::jobs
