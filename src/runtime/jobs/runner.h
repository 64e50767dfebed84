// Moonstone. Licence: see LICENSE.
#pragma once
// JobRunner: how the scheduler reaches the functions of a project, without knowing them.
//
// Threads: synchronised; both functions are called on the writer's thread of the database, so they
// must not wait.

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "base/value.h"
#include "engine/transaction.h"

namespace moonstone::runtime::jobs {

enum class JobKind : unsigned char { Query, Mutation, Action };

/// One run of a job.
struct JobRun {
  std::string id;  // of the job
  std::string function;
  Value args;
  JobKind kind = JobKind::Mutation;  // what kind_of said; refuse with reason "kind" if it is not
  std::string base_url;              // for engine::Session; there is no identity and no client
  std::stop_token stop;              // requested when the scheduler stops; for actions
  /// Mutations: runs inside the transaction after the handler; if it fails the mutation fails.
  /// Empty for other kinds.
  std::function<Status(engine::Transaction&)> within;
};

class JobRunner {
 public:
  virtual ~JobRunner() = default;
  /// Errors: NotFound `Function not found: ...`, which becomes the error of the job.
  [[nodiscard]] virtual Result<JobKind> kind_of(const std::string& function) = 0;
  /// Internal functions may be called. `done` is called exactly once, on any thread, also within
  /// run(). Errors by which the scheduler knows that the function has not begun, so that the job
  /// waits and is tried again: Unavailable; reasons "queue_full", "shutting_down", "kind";
  /// LimitExceeded with the reason "actions" (all places for actions are taken).
  virtual void run(JobRun run, std::move_only_function<void(Status)> done) = 0;
};

}  // namespace moonstone::runtime::jobs
