// Moonstone. Licence: see LICENSE.
#include "runtime/jobs/job.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "base/json.h"
#include "runtime/jobs/cron.h"

namespace moonstone::runtime::jobs {

namespace {

constexpr std::array<std::pair<JobStatus, std::string_view>, 5> kStatusNames{
    {{JobStatus::Pending, "pending"},
     {JobStatus::Running, "running"},
     {JobStatus::Completed, "completed"},
     {JobStatus::Failed, "failed"},
     {JobStatus::Cancelled, "cancelled"}}};

// Times are numbers, as in every document; arguments are JSON text, since nobody looks into them.
constexpr std::string_view kJobsSchema = R"json({"fields":{
  "function":{"type":"string"},
  "args":{"type":"string"},
  "runAt":{"type":"number"},
  "status":{"type":"string"},
  "attempts":{"type":"number"},
  "retry":{"type":"optional","value":{"type":"any"}},
  "error":{"type":"optional","value":{"type":"string"}},
  "startedAt":{"type":"optional","value":{"type":"number"}},
  "finishedAt":{"type":"optional","value":{"type":"number"}},
  "origin":{"type":"optional","value":{"type":"string"}},
  "cron":{"type":"optional","value":{"type":"string"}},
  "baseUrl":{"type":"optional","value":{"type":"string"}}},
 "indexes":[{"name":"by_status","fields":["status","runAt"]},
            {"name":"by_finished","fields":["finishedAt"]}]})json";

constexpr std::string_view kCronsSchema = R"json({"fields":{
  "name":{"type":"string"},
  "function":{"type":"string"},
  "args":{"type":"string"},
  "intervalMs":{"type":"optional","value":{"type":"number"}},
  "expression":{"type":"optional","value":{"type":"string"}},
  "nextRunAt":{"type":"number"},
  "lastRunAt":{"type":"optional","value":{"type":"number"}},
  "lastJob":{"type":"optional","value":{"type":"string"}},
  "lastStatus":{"type":"optional","value":{"type":"string"}},
  "lastError":{"type":"optional","value":{"type":"string"}}},
 "indexes":[{"name":"by_name","fields":["name"]},{"name":"by_next_run","fields":["nextRunAt"]}]
})json";

schema::Table system_table(std::string_view name, std::string_view json) {
  auto parsed = parse_json(json);
  MS_CHECK(parsed, "the declaration of a system table is no JSON");
  auto table = schema::parse_system_table(std::string(name), *parsed);
  MS_CHECK(table, "the declaration of a system table is refused");
  return *std::move(table);
}

const Value* field_of(const query::Row& row, std::string_view name) {
  const auto position = row.table->find_field(name);
  if (!position || row.values[*position].is_missing()) return nullptr;
  return &row.values[*position];
}

std::string text_field(const query::Row& row, std::string_view name) {
  const Value* value = field_of(row, name);
  return value != nullptr && value->is_text() ? value->as_text() : std::string();
}

std::optional<std::int64_t> integer_of(const Value* value) {
  if (value == nullptr || (!value->is_number() && !value->is_integer())) return std::nullopt;
  const double number = value->to_double();
  // Beyond 2^53 no time and no count is meant.
  if (!(std::abs(number) <= 9e15)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::optional<std::int64_t> integer_field(const query::Row& row, std::string_view name) {
  return integer_of(field_of(row, name));
}

Value number(std::int64_t value) {
  return static_cast<double>(value);
}

Value optional_number(std::optional<std::int64_t> value) {
  return value ? number(*value) : Value();
}

Value optional_text(const std::string& text) {
  return text.empty() ? Value() : Value(text);
}

std::optional<RetryPolicy> retry_of(const Value* stored) {
  if (stored == nullptr || !stored->is_object()) return std::nullopt;
  RetryPolicy policy;
  const Object& object = stored->as_object();
  policy.attempts = integer_of(object.find("attempts")).value_or(policy.attempts);
  policy.initial_backoff_ms =
      integer_of(object.find("initialBackoffMs")).value_or(policy.initial_backoff_ms);
  policy.max_backoff_ms = integer_of(object.find("maxBackoffMs")).value_or(policy.max_backoff_ms);
  return policy;
}

Value value_of(const std::optional<RetryPolicy>& policy) {
  if (!policy) return {};
  return Object{{"attempts", number(policy->attempts)},
                {"initialBackoffMs", number(policy->initial_backoff_ms)},
                {"maxBackoffMs", number(policy->max_backoff_ms)}};
}

}  // namespace

std::vector<schema::Table> tables() {
  std::vector<schema::Table> tables;
  tables.push_back(system_table(kJobsTable, kJobsSchema));
  tables.push_back(system_table(kCronsTable, kCronsSchema));
  return tables;
}

std::string_view to_string(JobStatus status) {
  return std::ranges::find(kStatusNames, status, &std::pair<JobStatus, std::string_view>::first)
      ->second;
}

std::optional<JobStatus> job_status_named(std::string_view name) {
  for (const auto& [status, known] : kStatusNames) {
    if (known == name) return status;
  }
  return std::nullopt;
}

Job job_of(const query::Row& row) {
  Job job;
  job.id = row.id;
  job.function = text_field(row, "function");
  job.args_json = text_field(row, "args");
  job.run_at = integer_field(row, "runAt").value_or(0);
  job.status = job_status_named(text_field(row, "status")).value_or(JobStatus::Failed);
  job.attempts = integer_field(row, "attempts").value_or(0);
  job.retry = retry_of(field_of(row, "retry"));
  job.error = text_field(row, "error");
  job.started = integer_field(row, "startedAt");
  job.finished = integer_field(row, "finishedAt");
  job.origin = text_field(row, "origin");
  job.cron = text_field(row, "cron");
  job.base_url = text_field(row, "baseUrl");
  return job;
}

Object document_of(const Job& job) {
  return Object{{"function", job.function},
                {"args", job.args_json},
                {"runAt", number(job.run_at)},
                {"status", to_string(job.status)},
                {"attempts", number(job.attempts)},
                {"retry", value_of(job.retry)},
                {"error", optional_text(job.error)},
                {"startedAt", optional_number(job.started)},
                {"finishedAt", optional_number(job.finished)},
                {"origin", optional_text(job.origin)},
                {"cron", optional_text(job.cron)},
                {"baseUrl", optional_text(job.base_url)}};
}

CronJob cron_of(const query::Row& row) {
  CronJob cron;
  cron.id = row.id;
  cron.definition.name = text_field(row, "name");
  cron.definition.function = text_field(row, "function");
  cron.definition.args_json = text_field(row, "args");
  cron.definition.schedule.interval_ms = integer_field(row, "intervalMs").value_or(0);
  cron.definition.schedule.expression = text_field(row, "expression");
  cron.next_run = integer_field(row, "nextRunAt").value_or(0);
  cron.last_run = integer_field(row, "lastRunAt");
  cron.last_job = text_field(row, "lastJob");
  cron.last_status = text_field(row, "lastStatus");
  cron.last_error = text_field(row, "lastError");
  return cron;
}

Object document_of(const CronJob& cron) {
  const CronSchedule& schedule = cron.definition.schedule;
  return Object{{"name", cron.definition.name},
                {"function", cron.definition.function},
                {"args", cron.definition.args_json},
                {"intervalMs", schedule.interval_ms > 0 ? number(schedule.interval_ms) : Value()},
                {"expression", optional_text(schedule.expression)},
                {"nextRunAt", number(cron.next_run)},
                {"lastRunAt", optional_number(cron.last_run)},
                {"lastJob", optional_text(cron.last_job)},
                {"lastStatus", optional_text(cron.last_status)},
                {"lastError", optional_text(cron.last_error)}};
}

Status check_cron(const CronDefinition& cron, const JobLimits& limits) {
  const auto refuse = [&cron](ErrorCode code, std::string_view problem) {
    return Error(code, fmt::format("Cron \"{}\": {}", cron.name, problem), "cron");
  };
  if (cron.name.empty()) {
    return Error(ErrorCode::InvalidArgument, "A cron job needs a name that is not empty", "cron");
  }
  if (cron.name.size() > kCronNameBytesMax) {
    return refuse(ErrorCode::LimitExceeded,
                  fmt::format("its name has more than {} bytes", kCronNameBytesMax));
  }
  if (cron.function.empty()) {
    return refuse(ErrorCode::InvalidArgument, "it names no function to call");
  }
  if (cron.args_json.size() > limits.args_bytes_max) {
    return refuse(ErrorCode::LimitExceeded,
                  fmt::format("its arguments have {} bytes as JSON; at most {} are allowed",
                              cron.args_json.size(), limits.args_bytes_max));
  }
  if (cron.schedule.expression.empty()) {
    if (cron.schedule.interval_ms < kCronIntervalMinMs) {
      return refuse(ErrorCode::InvalidArgument,
                    fmt::format("interval must be at least {} ms", kCronIntervalMinMs));
    }
    if (cron.schedule.interval_ms > limits.delay_max_ms) {
      return refuse(ErrorCode::InvalidArgument,
                    fmt::format("interval must be at most {} ms (ten years)", limits.delay_max_ms));
    }
  }
  // The moment does not matter: what has no time within eight years of one has none at all.
  if (auto next = next_run(cron.schedule, 0); !next) {
    return refuse(next.error().code(), next.error().message());
  }
  return {};
}

Result<std::int64_t> next_run(const CronSchedule& schedule, std::int64_t unix_ms) {
  if (schedule.expression.empty()) {
    return unix_ms + std::max(schedule.interval_ms, kCronIntervalMinMs);
  }
  MS_TRY(const CronExpression expression, CronExpression::parse(schedule.expression));
  return expression.next_after(unix_ms);
}

std::int64_t backoff_ms(const RetryPolicy& policy, std::int64_t attempts, std::uint64_t random) {
  std::int64_t pause = std::max<std::int64_t>(0, policy.initial_backoff_ms);
  for (std::int64_t i = 1; i < attempts && pause < policy.max_backoff_ms; ++i)
    pause *= 2;
  pause = std::min(pause, policy.max_backoff_ms);
  const std::int64_t half = pause / 2;
  return half + static_cast<std::int64_t>(random % (static_cast<std::uint64_t>(pause - half) + 1));
}

std::string shortened(std::string_view error) {
  std::string text(error);
  std::ranges::replace(text, '\0', ' ');  // the store takes no U+0000
  if (text.size() <= kErrorBytesMax) return text;
  constexpr std::string_view kMore = " ...";
  std::size_t end = kErrorBytesMax - kMore.size();
  // Bytes 10xxxxxx continue a character.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
    --end;
  text.resize(end);
  return text.append(kMore);
}

}  // namespace moonstone::runtime::jobs
