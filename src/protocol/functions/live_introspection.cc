// Moonstone. Licence: see LICENSE.
#include "protocol/functions/live_introspection.h"

#include <algorithm>
#include <future>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/redact.h"
#include "protocol/functions/function_host.h"
#include "protocol/functions/live_query_key.h"
#include "protocol/functions/query_report.h"
#include "query/describe.h"

namespace moonstone::protocol::functions {
namespace {

/// Entries of the change log before the last one of a commit among which a row's is looked for.
constexpr std::uint64_t kLogEntriesSearched = 20'000;

const Value* member_of(const SystemCall& call, std::string_view name) {
  if (call.args == nullptr || !call.args->is_object()) return nullptr;
  const Value* const value = call.args->as_object().find(name);
  return value == nullptr || value->is_missing() ? nullptr : value;
}

Error wrong_argument(std::string_view name, std::string_view what) {
  return {ErrorCode::InvalidArgument,
          "the argument \"" + std::string(name) + "\" must be " + std::string(what), "validation"};
}

/// A whole number from 1 to `most`; `fallback` if it is absent.
Result<std::uint64_t> count_argument(const SystemCall& call,
                                     std::string_view name,
                                     std::optional<std::uint64_t> fallback,
                                     std::uint64_t most) {
  const Value* const value = member_of(call, name);
  if (value == nullptr && fallback) return *fallback;
  const bool is_number = value != nullptr && (value->is_number() || value->is_integer());
  const double number = is_number ? value->to_double() : 0;
  if (!(number >= 1) || number > static_cast<double>(most) ||
      number != static_cast<double>(static_cast<std::uint64_t>(number))) {
    return wrong_argument(name, "a whole number from 1 to " + std::to_string(most));
  }
  return static_cast<std::uint64_t>(number);
}

std::string shown_args(const Value& args, std::size_t bytes_max) {
  return query::shortened_text(to_json(redact("", args)), bytes_max);
}

std::vector<live::QueryInfo> inspect(live::LiveQueries& live, live::Inspection inspection) {
  std::promise<std::vector<live::QueryInfo>> promise;
  auto future = promise.get_future();
  live.inspect(std::move(inspection), [&promise](std::vector<live::QueryInfo> infos) {
    promise.set_value(std::move(infos));
  });
  return future.get();
}

// ---- What woke a query -----------------------------------------------------------------------

/// Whether an entry after `sequence` belongs to `version` or an older one.
Result<bool> has_entry_up_to(engine::Database& database,
                             std::uint64_t sequence,
                             store::Version version) {
  MS_TRY(const auto entries, database.read_log(sequence, 1));
  return !entries.empty() && entries.front().version <= version;
}

/// The greatest sequence after which there is still an entry of `version` or an older one.
Result<std::uint64_t> sequence_before_end_of(engine::Database& database, store::Version version) {
  std::uint64_t low = 0;
  std::uint64_t high = 1;
  while (true) {
    MS_TRY(const bool has_more, has_entry_up_to(database, high, version));
    if (!has_more) break;
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    MS_TRY(const bool has_more, has_entry_up_to(database, middle, version));
    (has_more ? low : high) = middle;
  }
  return low;
}

/// The change of the log that is a cause. The commit names the row; versions in the log never fall
/// and rows stand there once per mutation, so it is the last one of the row up to that version.
Result<std::optional<store::LogEntry>> find_log_entry(engine::Database& database,
                                                      const live::WakeCause& cause) {
  MS_TRY(const std::uint64_t last, sequence_before_end_of(database, cause.version));
  const std::uint64_t first = last > kLogEntriesSearched ? last - kLogEntriesSearched : 0;
  MS_TRY(auto entries, database.read_log(first, last - first + 1));
  const auto found =
      std::find_if(entries.rbegin(), entries.rend(), [&](const store::LogEntry& entry) {
        return entry.version <= cause.version && entry.table == cause.table &&
               entry.key == cause.key;
      });
  if (found == entries.rend()) return std::optional<store::LogEntry>();
  return std::optional<store::LogEntry>(std::move(*found));
}

std::string_view operation_name(store::LogEntry::Operation operation) {
  switch (operation) {
    case store::LogEntry::Operation::Insert:
      return "insert";
    case store::LogEntry::Operation::Update:
      return "update";
    case store::LogEntry::Operation::Delete:
      return "delete";
  }
  return "update";
}

/// Null: nothing has woken it.
Value cause_json(const live::WakeCause& cause) {
  if (cause.version == 0) return nullptr;
  Object out{{"version", static_cast<std::int64_t>(cause.version)},
             {"everything", cause.table.empty()}};
  if (cause.table.empty()) return out;
  out.append("table", cause.table);
  out.append("key", cause.key);
  return out;
}

/// The same with what the change log knows of it. It may be pruned: then it says nothing.
Value full_cause_json(engine::Database& database, const live::WakeCause& cause) {
  Value json = cause_json(cause);
  if (cause.version == 0 || cause.table.empty()) return json;
  const auto entry = find_log_entry(database, cause);
  if (!entry || !*entry) return json;
  Object& out = json.as_object();
  out.append("operation", operation_name((*entry)->operation));
  out.append("at", (*entry)->unix_ms);
  if ((*entry)->origin.is_object()) {
    const Value* const function = (*entry)->origin.as_object().find("function");
    if (function != nullptr) out.append("function", *function);
  }
  return json;
}

// ---- Live queries ----------------------------------------------------------------------------

Object live_query_json(const live::QueryInfo& info, const NamedQuery& query, std::size_t args_max) {
  Object out{{"query", static_cast<std::int64_t>(info.number)},
             {"function", query.function},
             {"args", shown_args(query.args, args_max)},
             {"subscriptions", static_cast<std::int64_t>(info.subscriptions)},
             {"connections", static_cast<std::int64_t>(info.subscribers)},
             {"readsOfCaller", to_json_value(info.reads)},
             {"state", name_of(info.state)},
             {"lane", info.is_slow ? "slow" : "fast"},
             {"version", static_cast<std::int64_t>(info.answer_version)},
             {"resultBytes", static_cast<std::int64_t>(info.result_bytes)}};
  for (Member& member : to_json_value(info.statistics))
    out.append(member.name, std::move(member.value));
  return out;
}

Array texts_json(const std::vector<std::string>& texts) {
  Array out;
  for (const std::string& text : texts)
    out.emplace_back(text);
  return out;
}

void append_all(std::vector<std::string>& all, std::vector<std::string> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

Object outcome_json(const Explanation& explanation) {
  if (explanation.json) {
    return {{"resultBytes", static_cast<std::int64_t>((*explanation.json)->size())}};
  }
  return {{"error", explanation.json.error().message()}};
}

}  // namespace

Result<Value> list_live_queries(const SystemCall& call) {
  MS_TRY(const std::uint64_t limit,
         count_argument(call, "limit", kLiveQueriesListedDefault, kLiveQueriesListedMax));
  const Value* const filter = member_of(call, "filter");
  if (filter != nullptr && !filter->is_text()) return wrong_argument("filter", "a string");
  const std::string part = filter == nullptr ? std::string() : filter->as_text();
  const auto infos =
      inspect(call.host->live(), {.wants =
                                      [&part](const live::QueryInfo& candidate) {
                                        const auto query = read_live_query_key(candidate.key);
                                        return query && query->function.contains(part);
                                      },
                                  .queries_max = limit});
  Array out;
  for (const live::QueryInfo& info : infos) {
    Object one = live_query_json(info, *read_live_query_key(info.key), kListedArgsBytesMax);
    one.append("wokenBy", cause_json(info.statistics.woken_by));
    out.emplace_back(std::move(one));
  }
  return Value(std::move(out));
}

Result<Value> explain_live_query(const SystemCall& call) {
  constexpr std::uint64_t kNumberMax = std::uint64_t{1} << 53;
  MS_TRY(const std::uint64_t number, count_argument(call, "query", std::nullopt, kNumberMax));
  const auto infos = inspect(
      call.host->live(),
      {.wants = [number](const live::QueryInfo& candidate) { return candidate.number == number; },
       .queries_max = 1});
  const auto query = infos.empty() ? std::nullopt : read_live_query_key(infos.front().key);
  if (!query) {
    return Error(ErrorCode::NotFound,
                 "there is no live query " + std::to_string(number) +
                     "; it has ended, or runs under another number since its code changed",
                 "live_query");
  }
  const live::QueryInfo& info = infos.front();
  Object out = live_query_json(info, *query, kExplainedArgsBytesMax);
  out.append("wokenBy", full_cause_json(*call.database, info.statistics.woken_by));
  std::vector<std::string> advice = advice_on_runs(info);
  if (info.footprint != nullptr) {
    std::vector<PlannedReads> reads = plan_reads(*call.database, reads_of(*info.footprint));
    for (PlannedReads& one : reads)
      one.was_run = false;
    out.append("dependencies", static_cast<std::int64_t>(info.footprint->size()));
    out.append("dependsOn", dependencies_json(*info.footprint));
    out.append("reads", to_json_value(reads));
    append_all(advice, advice_on_reads(reads));
    append_all(advice, advice_on_footprint(*info.footprint));
  }
  out.append("advice", texts_json(advice));
  return Value(std::move(out));
}

Result<Value> explain_query(const SystemCall& call) {
  const Value* const function = member_of(call, "function");
  if (function == nullptr || !function->is_text()) return wrong_argument("function", "a string");
  const Value* const args = member_of(call, "args");
  engine::Session session;
  if (const Value* const identity = member_of(call, "identity")) {
    if (!identity->is_object()) return wrong_argument("identity", "an object of claims");
    session.identity = *identity;
  }
  const Value given = args == nullptr ? Value(Object()) : *args;
  MS_TRY(Explanation explanation, call.host->explain(function->as_text(), given, session));
  const std::vector<PlannedReads> reads = plan_reads(*call.database, std::move(explanation.reads));
  Object out{{"function", function->as_text()},
             {"args", shown_args(given, kExplainedArgsBytesMax)},
             {"version", static_cast<std::int64_t>(explanation.version)},
             {"ms", shown_milliseconds(explanation.time)},
             {"cpu", shown_milliseconds(explanation.work)},
             {"loading", shown_milliseconds(explanation.preparation)},
             {"documentsRead", static_cast<std::int64_t>(explanation.documents)},
             {"bytesRead", static_cast<std::int64_t>(explanation.bytes)},
             {"readsOfCaller", to_json_value(explanation.reads_of_caller)},
             {"lasts", explanation.lasts}};
  for (Member& member : outcome_json(explanation))
    out.append(member.name, std::move(member.value));
  out.append("reads", to_json_value(reads));
  out.append("dependencies", static_cast<std::int64_t>(explanation.footprint->size()));
  out.append("dependsOn", dependencies_json(*explanation.footprint));
  std::vector<std::string> advice = advice_on_reads(reads);
  append_all(advice, advice_on_footprint(*explanation.footprint));
  out.append("advice", texts_json(advice));
  return Value(std::move(out));
}

}  // namespace moonstone::protocol::functions
