// Moonstone. Licence: see LICENSE.
#include "runtime/jobs/schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <utility>

#include <fmt/core.h>

#include "base/json.h"
#include "runtime/jobs/internal/rows.h"
#include "schema/type.h"

namespace moonstone::runtime::jobs {

namespace {

constexpr std::string_view kScheduledTally = "scheduled";

Error bad(std::string message) {
  return {ErrorCode::InvalidArgument, std::move(message), "schedule"};
}

/// What to say of a value that is no usable number.
std::string shown(const Value& value) {
  if (value.is_number() && std::isnan(value.as_number())) return "NaN";
  if (value.is_number() && std::isinf(value.as_number())) return "Infinity";
  return value.is_null() ? "null" : std::string(schema::javascript_type_of(value));
}

Result<double> finite_number(const Value& value, std::string_view what) {
  const bool is_numeric = value.is_number() || value.is_integer();
  if (is_numeric && std::isfinite(value.to_double())) return value.to_double();
  return bad(fmt::format("{} must be a finite number, got {}", what, shown(value)));
}

Result<std::string> function_name(const Value& function) {
  const Value* name = &function;
  if (function.is_object()) name = function.as_object().find("_name");
  if (name != nullptr && name->is_text() && !name->as_text().empty()) return name->as_text();
  return bad("expected a function name such as \"tasks:list\" or a reference to one");
}

Status refuse_unknown_members(const Object& object,
                              std::string_view place,
                              std::initializer_list<std::string_view> known) {
  for (const Member& member : object) {
    if (std::ranges::find(known, member.name) != known.end()) continue;
    std::string list;
    for (const std::string_view name : known) {
      if (!list.empty()) list += ", ";
      list += name;
    }
    return bad(fmt::format("{} have no \"{}\"; known: {}", place, member.name, list));
  }
  return {};
}

/// A whole number of `object` within the bounds, or what stands in `target` already.
Status read_whole(const Object& object,
                  std::string_view name,
                  std::pair<std::int64_t, std::int64_t> bounds,
                  std::int64_t& target) {
  const Value* const value = object.find(name);
  if (value == nullptr || value->is_undefined()) return {};
  MS_TRY(const double number, finite_number(*value, fmt::format("retry.{}", name)));
  const bool is_within =
      number >= static_cast<double>(bounds.first) && number <= static_cast<double>(bounds.second);
  if (std::trunc(number) != number || !is_within) {
    return bad(fmt::format("retry.{} must be a whole number from {} to {}", name, bounds.first,
                           bounds.second));
  }
  target = static_cast<std::int64_t>(number);
  return {};
}

Result<std::optional<RetryPolicy>> read_options(const Value& options, const JobLimits& limits) {
  if (options.is_missing()) return std::optional<RetryPolicy>();
  if (!options.is_object()) {
    return bad(fmt::format("the options must be an object, got {}", shown(options)));
  }
  MS_TRY_STATUS(refuse_unknown_members(options.as_object(), "the options", {"retry"}));
  const Value* const retry = options.as_object().find("retry");
  if (retry == nullptr || retry->is_missing()) return std::optional<RetryPolicy>();
  if (!retry->is_object()) {
    return bad("the option \"retry\" must be an object such as { attempts: 3 }");
  }
  const Object& members = retry->as_object();
  MS_TRY_STATUS(refuse_unknown_members(members, "the options of \"retry\"",
                                       {"attempts", "initialBackoffMs", "maxBackoffMs"}));
  if (const Value* attempts = members.find("attempts"); !attempts || attempts->is_undefined()) {
    return bad("retry.attempts is missing: how often to run at most, the first time included");
  }
  RetryPolicy policy;
  const std::int64_t backoff_max = limits.backoff_max_ms;
  MS_TRY_STATUS(read_whole(members, "attempts", {1, limits.attempts_max}, policy.attempts));
  MS_TRY_STATUS(
      read_whole(members, "initialBackoffMs", {0, backoff_max}, policy.initial_backoff_ms));
  policy.max_backoff_ms = std::max(policy.max_backoff_ms, policy.initial_backoff_ms);
  MS_TRY_STATUS(read_whole(members, "maxBackoffMs", {policy.initial_backoff_ms, backoff_max},
                           policy.max_backoff_ms));
  return std::optional(policy);
}

/// From the moment that user code meant, which may be any finite number.
Result<std::int64_t> time_of(double unix_ms, std::int64_t now, const JobLimits& limits) {
  const std::int64_t latest = now + limits.delay_max_ms;
  if (unix_ms <= static_cast<double>(latest)) {
    return static_cast<std::int64_t>(std::ceil(std::max(0.0, unix_ms)));
  }
  constexpr std::int64_t kDayMs = std::int64_t{24} * 60 * 60 * 1000;
  return bad(fmt::format("the job lies more than {} days ahead; times and delays are milliseconds",
                         limits.delay_max_ms / kDayMs));
}

Result<std::string> schedule_call(engine::Transaction& transaction,
                                  const SchedulerCall& call,
                                  double unix_ms,
                                  const JobLimits& limits) {
  ScheduleRequest request;
  MS_TRY(request.run_at, time_of(unix_ms, transaction.now_unix_ms(), limits));
  MS_TRY(request.function, function_name(call.function));
  if (!call.args.is_missing()) request.args_json = to_json(call.args);
  MS_TRY(request.retry, read_options(call.options, limits));
  request.origin = call.origin;
  return schedule(transaction, request, limits);
}

/// Counts at the first job of a transaction only: the count costs time in a long queue.
Status check_room(engine::Transaction& transaction,
                  const schema::Table& table,
                  const JobLimits& limits) {
  std::uint64_t& scheduled = transaction.tally(kScheduledTally);
  if (++scheduled > limits.per_mutation_max) {
    return Error(ErrorCode::LimitExceeded,
                 fmt::format("a mutation may schedule at most {} jobs; let a job schedule the rest",
                             limits.per_mutation_max),
                 "jobs_per_mutation");
  }
  if (scheduled > 1) return {};
  MS_TRY(const query::Query pending,
         plan_of(table, "by_status", {where_equal("status", to_string(JobStatus::Pending))},
                 query::Direction::Ascending, std::nullopt));
  MS_TRY(const std::uint64_t count, transaction.count(table, pending));
  if (count < limits.pending_max) return {};
  return Error(ErrorCode::LimitExceeded,
               fmt::format("{} jobs wait to run, which is the most that a database holds; cancel "
                           "some, or keep the work in a table and let one job go through it",
                           count),
               "jobs_pending");
}

}  // namespace

Result<std::string> schedule(engine::Transaction& transaction,
                             const ScheduleRequest& request,
                             const JobLimits& limits) {
  MS_TRY(const schema::Table* const table, transaction.system_table(kJobsTable));
  if (request.function.empty()) return bad("a job needs the name of a function");
  if (request.args_json.size() > limits.args_bytes_max) {
    return Error(ErrorCode::LimitExceeded,
                 fmt::format("the arguments of a job may have at most {} bytes as JSON, these have "
                             "{}; store them in a document and pass its id",
                             limits.args_bytes_max, request.args_json.size()),
                 "job_args");
  }
  MS_TRY_STATUS(check_room(transaction, *table, limits));
  Job job;
  job.function = request.function;
  job.args_json = request.args_json;
  job.run_at = request.run_at;
  job.retry = request.retry;
  job.origin = request.origin;
  job.base_url = transaction.session().base_url;
  return transaction.insert(*table, document_of(job));
}

Result<std::string> run_after(engine::Transaction& transaction,
                              const SchedulerCall& call,
                              const JobLimits& limits) {
  const auto run = [&]() -> Result<std::string> {
    MS_TRY(const double delay, finite_number(call.when, "the delay in milliseconds"));
    const auto now = static_cast<double>(transaction.now_unix_ms());
    return schedule_call(transaction, call, now + std::max(0.0, delay), limits);
  };
  auto id = run();
  if (!id) return std::move(id).error().with_context("scheduler.runAfter");
  return id;
}

Result<std::string> run_at(engine::Transaction& transaction,
                           const SchedulerCall& call,
                           const JobLimits& limits) {
  const auto run = [&]() -> Result<std::string> {
    MS_TRY(const double unix_ms, finite_number(call.when, "the time in milliseconds since 1970"));
    return schedule_call(transaction, call, unix_ms, limits);
  };
  auto id = run();
  if (!id) return std::move(id).error().with_context("scheduler.runAt");
  return id;
}

Status cancel(engine::Transaction& transaction, std::string_view id) {
  MS_TRY(std::optional<Job> job, find_job(transaction, id));
  if (!job || job->status != JobStatus::Pending) return {};
  job->status = JobStatus::Cancelled;
  job->finished = transaction.now_unix_ms();
  ++transaction.tally(cancelled_tally(id));
  return save_job(transaction, *job);
}

}  // namespace moonstone::runtime::jobs
