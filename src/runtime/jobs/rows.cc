// Moonstone. Licence: see LICENSE.
#include "runtime/jobs/internal/rows.h"

#include <utility>

namespace moonstone::runtime::jobs {

Result<query::Query> plan_of(const schema::Table& table,
                             std::string_view index,
                             const std::vector<query::RangeCondition>& range,
                             query::Direction direction,
                             std::optional<std::uint64_t> limit) {
  query::Query plan;
  plan.table = table.name;
  plan.limit = limit;
  MS_TRY_STATUS(query::apply_index(table, index, range, direction, plan));
  return plan;
}

query::RangeCondition where_equal(std::string_view field, Value value) {
  return {.op = query::CompareOp::Eq, .field = std::string(field), .value = std::move(value)};
}

query::RangeCondition where(query::CompareOp op, std::string_view field, std::int64_t value) {
  return {.op = op, .field = std::string(field), .value = static_cast<double>(value)};
}

Result<std::vector<Job>> jobs_by_time(engine::DocumentReader& reader,
                                      JobStatus status,
                                      query::RangeCondition run_at,
                                      std::uint64_t limit) {
  MS_TRY(const schema::Table* const table, reader.system_table(kJobsTable));
  MS_TRY(const query::Query plan,
         plan_of(*table, "by_status", {where_equal("status", to_string(status)), std::move(run_at)},
                 query::Direction::Ascending, limit));
  MS_TRY(const std::vector<query::Row> rows, reader.select(*table, plan));
  std::vector<Job> jobs;
  jobs.reserve(rows.size());
  for (const query::Row& row : rows)
    jobs.push_back(job_of(row));
  return jobs;
}

Result<std::optional<Job>> find_job(engine::DocumentReader& reader, std::string_view id) {
  MS_TRY(const schema::Table* const table, reader.system_table(kJobsTable));
  MS_TRY(const std::optional<query::Row> row, reader.get(*table, id));
  return row ? std::optional(job_of(*row)) : std::nullopt;
}

Status save_job(engine::Transaction& transaction, const Job& job) {
  MS_TRY(const schema::Table* const table, transaction.system_table(kJobsTable));
  return transaction.replace(*table, job.id, document_of(job));
}

Result<std::optional<CronJob>> find_cron(engine::DocumentReader& reader, std::string_view name) {
  MS_TRY(const schema::Table* const table, reader.system_table(kCronsTable));
  MS_TRY(const query::Query plan,
         plan_of(*table, "by_name", {where_equal("name", name)}, query::Direction::Ascending, 1));
  MS_TRY(const std::vector<query::Row> rows, reader.select(*table, plan));
  return rows.empty() ? std::nullopt : std::optional(cron_of(rows.front()));
}

Status save_cron(engine::Transaction& transaction, const CronJob& cron) {
  MS_TRY(const schema::Table* const table, transaction.system_table(kCronsTable));
  return transaction.replace(*table, cron.id, document_of(cron));
}

std::string cancelled_tally(std::string_view id) {
  return "cancelled " + std::string(id);
}

}  // namespace moonstone::runtime::jobs
