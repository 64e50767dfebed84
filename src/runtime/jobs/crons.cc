// Moonstone. Licence: see LICENSE.
#include "runtime/jobs/crons.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "runtime/jobs/internal/rows.h"

namespace moonstone::runtime::jobs {

namespace {

constexpr std::uint64_t kFew = 8;
/// More than a database holds.
constexpr std::uint64_t kEvery = kCronsMax * 2;

bool is_unfinished(const Job& job) {
  return job.status == JobStatus::Pending || job.status == JobStatus::Running;
}

/// The job that waits or runs for the cron job; nothing if it is idle.
Result<std::optional<Job>> unfinished_run(engine::DocumentReader& reader, const CronJob& cron) {
  if (cron.last_job.empty()) return std::optional<Job>();
  MS_TRY(std::optional<Job> job, find_job(reader, cron.last_job));
  if (job && !is_unfinished(*job)) job.reset();
  return job;
}

Result<std::vector<CronJob>> crons_by_time(engine::DocumentReader& reader,
                                           const std::vector<query::RangeCondition>& range,
                                           std::uint64_t limit) {
  MS_TRY(const schema::Table* const table, reader.system_table(kCronsTable));
  MS_TRY(const query::Query plan,
         plan_of(*table, "by_next_run", range, query::Direction::Ascending, limit));
  MS_TRY(const std::vector<query::Row> rows, reader.select(*table, plan));
  std::vector<CronJob> crons;
  crons.reserve(rows.size());
  for (const query::Row& row : rows)
    crons.push_back(cron_of(row));
  return crons;
}

/// Adds, changes and removes; made for one call of replace_crons.
class Replacement {
 public:
  explicit Replacement(engine::Transaction& transaction) : transaction_(transaction) {}

  /// Returns whether anything differed.
  Result<bool> run(const std::vector<CronDefinition>& definitions) {
    MS_TRY(table_, transaction_.system_table(kCronsTable));
    MS_TRY(std::vector<CronJob> stored, crons_by_time(transaction_, {}, kEvery));
    std::map<std::string, CronJob> gone;
    for (CronJob& cron : stored) {
      std::string name = cron.definition.name;
      gone.emplace(std::move(name), std::move(cron));
    }
    for (const CronDefinition& definition : definitions) {
      const auto known = gone.find(definition.name);
      if (known == gone.end()) {
        MS_TRY_STATUS(add(definition));
        continue;
      }
      MS_TRY_STATUS(change(std::move(known->second), definition));
      gone.erase(known);
    }
    for (const auto& [name, cron] : gone)
      MS_TRY_STATUS(remove(cron));
    return has_changed_;
  }

 private:
  Status add(const CronDefinition& definition) {
    has_changed_ = true;
    CronJob cron;
    cron.definition = definition;
    MS_TRY(cron.next_run, next_run(definition.schedule, transaction_.now_unix_ms()));
    MS_TRY_STATUS(transaction_.insert(*table_, document_of(cron)));
    return {};
  }

  Status change(CronJob cron, const CronDefinition& definition) {
    if (cron.definition == definition) return {};
    has_changed_ = true;
    if (cron.definition.schedule != definition.schedule) {
      MS_TRY(cron.next_run, next_run(definition.schedule, transaction_.now_unix_ms()));
    }
    cron.definition = definition;
    MS_TRY_STATUS(save_cron(transaction_, cron));
    MS_TRY(std::optional<Job> job, unfinished_run(transaction_, cron));
    if (!job || job->status != JobStatus::Pending) return {};
    job->function = definition.function;
    job->args_json = definition.args_json;
    return save_job(transaction_, *job);
  }

  Status remove(const CronJob& cron) {
    has_changed_ = true;
    MS_TRY(std::optional<Job> job, unfinished_run(transaction_, cron));
    if (job && job->status == JobStatus::Pending) {
      job->status = JobStatus::Cancelled;
      job->finished = transaction_.now_unix_ms();
      MS_TRY_STATUS(save_job(transaction_, *job));
    }
    return transaction_.erase(*table_, cron.id);
  }

  engine::Transaction& transaction_;
  const schema::Table* table_ = nullptr;
  bool has_changed_ = false;
};

Status fire(engine::Transaction& transaction, CronJob cron) {
  MS_TRY(const schema::Table* const jobs, transaction.system_table(kJobsTable));
  const std::int64_t now = transaction.now_unix_ms();
  Job job;
  job.function = cron.definition.function;
  job.args_json = cron.definition.args_json;
  job.run_at = cron.next_run;
  job.cron = cron.definition.name;
  job.origin = fmt::format("cron {}", cron.definition.name);
  MS_TRY(cron.last_job, transaction.insert(*jobs, document_of(job)));
  MS_TRY(cron.next_run, next_run(cron.definition.schedule, now));
  cron.last_run = now;
  cron.last_status.clear();
  cron.last_error.clear();
  return save_cron(transaction, cron);
}

}  // namespace

Result<bool> replace_crons(engine::Transaction& transaction,
                           const std::vector<CronDefinition>& definitions) {
  if (definitions.size() > kCronsMax) {
    return Error(ErrorCode::LimitExceeded,
                 fmt::format("the project declares {} cron jobs; at most {} are allowed",
                             definitions.size(), kCronsMax),
                 "crons");
  }
  for (const CronDefinition& definition : definitions)
    MS_TRY_STATUS(check_cron(definition));
  return Replacement(transaction).run(definitions);
}

Status fire_due_crons(engine::Transaction& transaction) {
  const std::int64_t now = transaction.now_unix_ms();
  MS_TRY(std::vector<CronJob> due,
         crons_by_time(transaction, {where(query::CompareOp::Lte, "nextRunAt", now)}, kEvery));
  for (CronJob& cron : due) {
    MS_TRY(const std::optional<Job> job, unfinished_run(transaction, cron));
    if (!job) MS_TRY_STATUS(fire(transaction, std::move(cron)));
  }
  return {};
}

Status note_cron_outcome(engine::Transaction& transaction, const Job& job) {
  if (job.cron.empty()) return {};
  MS_TRY(std::optional<CronJob> cron, find_cron(transaction, job.cron));
  if (!cron || cron->last_job != job.id) return {};
  cron->last_status = to_string(job.status);
  cron->last_error = job.error;
  return save_cron(transaction, *cron);
}

Result<std::optional<std::int64_t>> next_cron(engine::DocumentReader& reader) {
  // Most often one of the first is idle; to look at every job of every cron would be waste.
  for (const std::uint64_t limit : {kFew, kEvery}) {
    MS_TRY(const std::vector<CronJob> crons, crons_by_time(reader, {}, limit));
    for (const CronJob& cron : crons) {
      MS_TRY(const std::optional<Job> job, unfinished_run(reader, cron));
      if (!job) return std::optional(cron.next_run);
    }
    if (crons.size() < limit) break;
  }
  return std::optional<std::int64_t>();
}

}  // namespace moonstone::runtime::jobs
