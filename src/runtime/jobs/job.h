// Moonstone. Licence: see LICENSE.
#pragma once
// Job and CronJob: the rows of the tables `_jobs` and `_crons` as values, and their limits.
// Threads: plain values.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "query/row.h"
#include "schema/schema.h"

namespace moonstone::runtime::jobs {

inline constexpr std::string_view kJobsTable = "_jobs";
inline constexpr std::string_view kCronsTable = "_crons";

/// The tables `_jobs` and `_crons`, for FunctionHost::deploy.
[[nodiscard]] std::vector<schema::Table> tables();

/// On disk by name: never rename.
enum class JobStatus : unsigned char { Pending, Running, Completed, Failed, Cancelled };
[[nodiscard]] std::string_view to_string(JobStatus status);
[[nodiscard]] std::optional<JobStatus> job_status_named(std::string_view name);

/// Runs again after a failure, later and later. Without one a job runs at most once.
struct RetryPolicy {
  std::int64_t attempts = 1;  // runs in all, the first included
  std::int64_t initial_backoff_ms = 1000;
  std::int64_t max_backoff_ms = std::int64_t{60} * 60 * 1000;
  friend bool operator==(const RetryPolicy&, const RetryPolicy&) = default;
};

struct Job {
  std::string id;  // "_jobs:ULID"; the ULID tells when it was scheduled
  std::string function;
  std::string args_json = "{}";
  std::int64_t run_at = 0;  // unix ms; for a retry, when it runs next
  JobStatus status = JobStatus::Pending;
  std::int64_t attempts = 0;  // runs that have begun
  std::optional<RetryPolicy> retry;
  std::string error;                     // of the last run that failed; empty: none
  std::optional<std::int64_t> started;   // unix ms, of the last run
  std::optional<std::int64_t> finished;  // unix ms; set when the status is final
  std::string origin;                    // who scheduled it: "messages:send", "cron NAME"
  std::string cron;                      // the name of the cron job behind it; empty: none
  std::string base_url;                  // where its scheduler reached the server
};

/// A schedule of a cron job: either an interval or an expression.
struct CronSchedule {
  std::int64_t interval_ms = 0;  // 0: by expression
  std::string expression;
  friend bool operator==(const CronSchedule&, const CronSchedule&) = default;
};

/// A cron job as a project declares it.
struct CronDefinition {
  std::string name;
  std::string function;
  std::string args_json = "{}";
  CronSchedule schedule;
  friend bool operator==(const CronDefinition&, const CronDefinition&) = default;
};

/// A cron job as it stands in the database.
struct CronJob {
  std::string id;
  CronDefinition definition;
  std::int64_t next_run = 0;  // unix ms
  std::optional<std::int64_t> last_run;
  std::string last_job;     // id of the job that ran or runs it; empty: it never ran
  std::string last_status;  // of that job, once it has ended; empty: it has not
  std::string last_error;
};

struct JobLimits {
  /// Pending jobs of one database. Each is a row and an index entry; a loop that schedules without
  /// end meets this before the disk is full.
  std::uint64_t pending_max = 50'000;
  /// JSON text of the arguments of one job; larger data belongs into a document.
  std::size_t args_bytes_max = std::size_t{256} * 1024;
  /// Jobs scheduled by one mutation; bounds the group that carries it.
  std::uint64_t per_mutation_max = 1000;
  /// How far ahead a job may lie: ten years. What is further off is a mistake of units.
  std::int64_t delay_max_ms = std::int64_t{3653} * 24 * 60 * 60 * 1000;
  /// Runs that a retry policy may ask for.
  std::int64_t attempts_max = 100;
  /// The longest pause between two runs: a day.
  std::int64_t backoff_max_ms = std::int64_t{24} * 60 * 60 * 1000;
  /// Actions that run at once for one database; mutations and queries run one after the other.
  std::size_t actions_max = 10;
  /// Finished jobs are kept for the status list, at most this long and at most this many.
  std::chrono::milliseconds keep_time = std::chrono::hours(24 * 7);
  std::uint64_t keep_max = 10'000;
};

/// The least interval of a cron job. Shorter ones would do little else than start.
inline constexpr std::int64_t kCronIntervalMinMs = 100;
/// Bytes of the name of a cron job.
inline constexpr std::size_t kCronNameBytesMax = 256;
/// Cron jobs of one project; each deploy compares them all with the database.
inline constexpr std::size_t kCronsMax = 1000;
/// Bytes of an error text that a row keeps.
inline constexpr std::size_t kErrorBytesMax = 4096;

/// Rows and values. A row of another version of the program may lack fields: they keep defaults.
[[nodiscard]] Job job_of(const query::Row& row);
[[nodiscard]] Object document_of(const Job& job);
[[nodiscard]] CronJob cron_of(const query::Row& row);
[[nodiscard]] Object document_of(const CronJob& cron);

/// Checks name, arguments and schedule. Errors: InvalidArgument or LimitExceeded naming the job:
/// `Cron "NAME": ...`.
[[nodiscard]] Status check_cron(const CronDefinition& cron, const JobLimits& limits = {});

/// When a cron job with this schedule runs next after the moment.
[[nodiscard]] Result<std::int64_t> next_run(const CronSchedule& schedule, std::int64_t unix_ms);

/// The pause before the next run, after `attempts` runs: it doubles each time, up to the policy's
/// maximum, and lies at random in the upper half, so that jobs that failed together part.
[[nodiscard]] std::int64_t backoff_ms(const RetryPolicy& policy,
                                      std::int64_t attempts,
                                      std::uint64_t random);

/// The text as a row can keep it: cut to kErrorBytesMax at a character, without U+0000.
[[nodiscard]] std::string shortened(std::string_view error);

}  // namespace moonstone::runtime::jobs
