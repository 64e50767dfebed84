// Moonstone. Licence: see LICENSE.
#pragma once
// Reads and writes of the rows of `_jobs` and `_crons` that several files of the module need.
// Threads: confined to the transaction's thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/transaction.h"
#include "query/query.h"
#include "runtime/jobs/job.h"

namespace moonstone::runtime::jobs {

/// A plan over an index, with the range in the order of its fields.
[[nodiscard]] Result<query::Query> plan_of(const schema::Table& table,
                                           std::string_view index,
                                           const std::vector<query::RangeCondition>& range,
                                           query::Direction direction,
                                           std::optional<std::uint64_t> limit);
[[nodiscard]] query::RangeCondition where_equal(std::string_view field, Value value);
[[nodiscard]] query::RangeCondition where(query::CompareOp op,
                                          std::string_view field,
                                          std::int64_t value);

/// Jobs of one status whose time compares so with `run_at`, in the order of their times.
[[nodiscard]] Result<std::vector<Job>> jobs_by_time(engine::DocumentReader& reader,
                                                    JobStatus status,
                                                    query::RangeCondition run_at,
                                                    std::uint64_t limit);
[[nodiscard]] Result<std::optional<Job>> find_job(engine::DocumentReader& reader,
                                                  std::string_view id);
[[nodiscard]] Status save_job(engine::Transaction& transaction, const Job& job);

[[nodiscard]] Result<std::optional<CronJob>> find_cron(engine::DocumentReader& reader,
                                                       std::string_view name);
[[nodiscard]] Status save_cron(engine::Transaction& transaction, const CronJob& cron);

/// The tally under which a transaction remembers that it has cancelled the job itself.
[[nodiscard]] std::string cancelled_tally(std::string_view id);

}  // namespace moonstone::runtime::jobs
