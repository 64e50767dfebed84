// Moonstone. Licence: see LICENSE.
#pragma once
// The life of a job, one transaction per step:
//
//   pending -> running -> completed | failed      actions and queries
//   pending -> completed                          a mutation, in its own transaction
//   pending | running -> failed, or pending again after a failure that its policy forgives
//
// Threads: confined to the transaction's thread.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/transaction.h"
#include "runtime/jobs/job.h"
#include "runtime/jobs/runner.h"

namespace moonstone::runtime::jobs {

/// What a step of the scheduler may start.
struct Capacity {
  std::size_t actions = 0;
  bool crons = true;  // false while a deploy replaces them
};

/// A job that may start now.
struct Startable {
  Job job;
  JobKind kind = JobKind::Mutation;
};

/// What is due: either actions, or one job of another kind, or nothing.
struct Claim {
  std::vector<Startable> jobs;
  /// When something is due next, as far as the transaction saw; nothing: never.
  std::optional<std::int64_t> next_due;
};

using KindOf = std::function<Result<JobKind>(const std::string& function)>;

/// Fires due cron jobs and takes the first due jobs in the order of their times. Actions and a
/// query become running with it; a mutation stays pending until its own transaction. Jobs of
/// unknown functions fail at once.
[[nodiscard]] Result<Claim> claim_due(engine::Transaction& transaction,
                                      const Capacity& capacity,
                                      const KindOf& kind_of);

/// Writes down that a job ended well. Errors: Cancelled (reason kJobGone) if it is no longer in the
/// status `from`, so that a mutation is undone whose job somebody cancelled.
[[nodiscard]] Status complete(engine::Transaction& transaction,
                              std::string_view id,
                              JobStatus from);
inline constexpr std::string_view kJobGone = "job_gone";

/// Writes down a failure: failed for good, or pending again by the job's policy. A job that is
/// neither pending nor running is left alone.
[[nodiscard]] Status fail(engine::Transaction& transaction,
                          std::string_view id,
                          std::string_view error);

/// A job that was marked running but has not begun waits again.
[[nodiscard]] Status put_back(engine::Transaction& transaction, std::string_view id);

/// Fails jobs that a former process left running, some per call. Returns whether there may be more.
[[nodiscard]] Result<bool> fail_interrupted(engine::Transaction& transaction);

/// Deletes finished jobs that are too old or too many, some per call. Returns whether there may be
/// more.
[[nodiscard]] Result<bool> prune(engine::Transaction& transaction, const JobLimits& limits);

}  // namespace moonstone::runtime::jobs
