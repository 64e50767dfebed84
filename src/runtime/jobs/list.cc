// Moonstone. Licence: see LICENSE.
#include "runtime/jobs/list.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "base/json.h"
#include "base/ulid.h"
#include "query/expr.h"
#include "runtime/jobs/crons.h"
#include "runtime/jobs/internal/rows.h"

namespace moonstone::runtime::jobs {

namespace {

Error bad(std::string message) {
  return {ErrorCode::InvalidArgument, std::move(message), "validation"};
}

/// Numbers as JavaScript has them.
Value number(std::int64_t value) {
  return static_cast<double>(value);
}

void append_if(Object& object, std::string_view name, const std::optional<std::int64_t>& value) {
  if (value) object.append(std::string(name), number(*value));
}

void append_if(Object& object, std::string_view name, const std::string& text) {
  if (!text.empty()) object.append(std::string(name), text);
}

/// The arguments as they will be passed; their text, should it be unreadable.
Value args_of(const std::string& json) {
  auto args = parse_json(json);
  return args ? *std::move(args) : Value(json);
}

query::ExprPtr compare(query::CompareOp op, std::string_view field, Value value) {
  return query::Expr::compare(op, query::Expr::make_field(field),
                              query::Expr::make_literal(std::move(value)));
}

/// A cursor is the time and the id of the last job of its page.
std::string cursor_after(const Job& job) {
  return fmt::format("{}~{}", job.run_at, job.id);
}

/// What comes after the cursor in a list of one status, or of any.
Result<query::ExprPtr> after_cursor(std::string_view cursor, bool is_by_time) {
  const std::size_t mark = cursor.find('~');
  std::int64_t time = 0;
  const char* const end = cursor.data() + std::min(mark, cursor.size());
  const auto read = std::from_chars(cursor.data(), end, time);
  if (mark == std::string_view::npos || read.ec != std::errc() || read.ptr != end) {
    return bad("cursor must be the continueCursor of the page before");
  }
  query::ExprPtr is_older = compare(query::CompareOp::Lt, "_id", cursor.substr(mark + 1));
  if (!is_by_time) return is_older;
  const auto run_at = static_cast<double>(time);
  return query::Expr::any_of(
      {compare(query::CompareOp::Lt, "runAt", run_at),
       query::Expr::all_of({compare(query::CompareOp::Eq, "runAt", run_at), is_older})});
}

Result<query::Query> plan_of_list(const schema::Table& table, const ListRequest& request) {
  query::Query plan;
  plan.table = table.name;
  plan.tie_break = query::Direction::Descending;
  plan.limit = request.limit + 1;  // one more tells whether there is another page
  if (!request.cursor.empty()) {
    MS_TRY(plan.where, after_cursor(request.cursor, request.status.has_value()));
  }
  if (!request.status) return plan;
  MS_TRY_STATUS(query::apply_index(table, "by_status",
                                   {where_equal("status", to_string(*request.status))},
                                   query::Direction::Descending, plan));
  return plan;
}

Result<ListRequest> request_of(const Value& args) {
  ListRequest request;
  if (args.is_missing()) return request;
  if (!args.is_object()) return bad("jobs are listed by { status?, cursor?, limit? }");
  for (const Member& member : args.as_object()) {
    const Value& value = member.value;
    if (value.is_missing()) continue;
    if (member.name == "status") {
      request.status = value.is_text() ? job_status_named(value.as_text()) : std::nullopt;
      if (!request.status) {
        return bad("status must be pending, running, completed, failed or cancelled");
      }
    } else if (member.name == "cursor") {
      if (!value.is_text()) return bad("cursor must be the continueCursor of the page before");
      request.cursor = value.as_text();
    } else if (member.name == "limit") {
      const bool is_numeric = value.is_number() || value.is_integer();
      const double limit = is_numeric ? value.to_double() : 0.0;
      // list() refuses 0 with the bounds.
      request.limit = limit >= 1 && limit <= kListPageMax ? static_cast<std::uint64_t>(limit) : 0;
    } else {
      return bad(fmt::format("unknown argument \"{}\"; jobs are listed by status, cursor, limit",
                             member.name));
    }
  }
  return request;
}

Result<Object> counts_of(engine::DocumentReader& reader) {
  MS_TRY(const schema::Table* const table, reader.system_table(kJobsTable));
  Object counts;
  for (const JobStatus status : {JobStatus::Pending, JobStatus::Running, JobStatus::Completed,
                                 JobStatus::Failed, JobStatus::Cancelled}) {
    MS_TRY(const query::Query plan,
           plan_of(*table, "by_status", {where_equal("status", to_string(status))},
                   query::Direction::Ascending, std::nullopt));
    MS_TRY(const std::uint64_t count, reader.count(*table, plan));
    counts.append(std::string(to_string(status)), static_cast<double>(count));
  }
  return counts;
}

}  // namespace

Result<JobPage> list(engine::DocumentReader& reader, const ListRequest& request) {
  if (request.limit < 1 || request.limit > kListPageMax) {
    return bad(fmt::format("limit must be from 1 to {}", kListPageMax));
  }
  MS_TRY(const schema::Table* const table, reader.system_table(kJobsTable));
  MS_TRY(const query::Query plan, plan_of_list(*table, request));
  MS_TRY(std::vector<query::Row> rows, reader.select(*table, plan));
  const bool is_done = rows.size() <= request.limit;
  if (!is_done) rows.pop_back();
  JobPage page;
  page.jobs.reserve(rows.size());
  for (const query::Row& row : rows)
    page.jobs.push_back(job_of(row));
  if (!is_done) page.next_cursor = cursor_after(page.jobs.back());
  return page;
}

Result<std::vector<CronJob>> list_crons(engine::DocumentReader& reader) {
  MS_TRY(const schema::Table* const table, reader.system_table(kCronsTable));
  MS_TRY(const query::Query plan,
         plan_of(*table, "by_name", {}, query::Direction::Ascending, std::nullopt));
  MS_TRY(const std::vector<query::Row> rows, reader.select(*table, plan));
  std::vector<CronJob> crons;
  crons.reserve(rows.size());
  for (const query::Row& row : rows)
    crons.push_back(cron_of(row));
  return crons;
}

Result<Value> list_as_json(engine::DocumentReader& reader, const Value& args) {
  MS_TRY(const ListRequest request, request_of(args));
  MS_TRY(const JobPage page, list(reader, request));
  MS_TRY(const std::vector<CronJob> cron_jobs, list_crons(reader));
  MS_TRY(Object counts, counts_of(reader));
  Array jobs;
  for (const Job& job : page.jobs)
    jobs.push_back(to_value(job));
  Array crons;
  for (const CronJob& cron : cron_jobs)
    crons.push_back(to_value(cron));
  const bool is_done = page.next_cursor.empty();
  return Value(Object{{"jobs", std::move(jobs)},
                      {"continueCursor", is_done ? Value(nullptr) : Value(page.next_cursor)},
                      {"isDone", is_done},
                      {"counts", std::move(counts)},
                      {"crons", std::move(crons)}});
}

Value to_value(const Job& job) {
  Object object{{"id", job.id},
                {"function", job.function},
                {"args", args_of(job.args_json)},
                {"status", to_string(job.status)},
                {"runAt", number(job.run_at)}};
  const std::size_t colon = job.id.find(':');
  if (colon != std::string::npos) {
    append_if(object, "scheduledAt", ulid_unix_ms(std::string_view(job.id).substr(colon + 1)));
  }
  object.append("attempts", number(job.attempts));
  if (job.retry) {
    object.append("retry", Object{{"attempts", number(job.retry->attempts)},
                                  {"initialBackoffMs", number(job.retry->initial_backoff_ms)},
                                  {"maxBackoffMs", number(job.retry->max_backoff_ms)}});
  }
  append_if(object, "error", job.error);
  append_if(object, "startedAt", job.started);
  append_if(object, "finishedAt", job.finished);
  append_if(object, "origin", job.origin);
  append_if(object, "cron", job.cron);
  return object;
}

Value to_value(const CronJob& cron) {
  const CronSchedule& schedule = cron.definition.schedule;
  const Value shown = schedule.expression.empty()
                          ? Value(Object{{"intervalMs", number(schedule.interval_ms)}})
                          : Value(schedule.expression);
  Object object{{"name", cron.definition.name},
                {"function", cron.definition.function},
                {"args", args_of(cron.definition.args_json)},
                {"schedule", shown},
                {"nextRunAt", number(cron.next_run)}};
  append_if(object, "lastRunAt", cron.last_run);
  append_if(object, "lastJob", cron.last_job);
  append_if(object, "lastStatus", cron.last_status);
  append_if(object, "lastError", cron.last_error);
  return object;
}

Result<std::optional<std::int64_t>> next_due(engine::DocumentReader& reader) {
  MS_TRY(const std::vector<Job> pending,
         jobs_by_time(reader, JobStatus::Pending, where(query::CompareOp::Gte, "runAt", 0), 1));
  MS_TRY(std::optional<std::int64_t> earliest, next_cron(reader));
  if (!pending.empty()) {
    earliest = std::min(earliest.value_or(pending.front().run_at), pending.front().run_at);
  }
  return earliest;
}

}  // namespace moonstone::runtime::jobs
