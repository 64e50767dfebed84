// Moonstone. Licence: see LICENSE.
#include "protocol/functions/query_report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "protocol/functions/live_introspection.h"
#include "query/describe.h"

namespace moonstone::protocol::functions {
namespace {

/// A scan of fewer rows is quicker than anybody notices.
constexpr std::uint64_t kScanWorthAnIndex = 100;
/// Of a scan, the rows looked at for each that is found.
constexpr std::uint64_t kSteppedPerFound = 10;
/// Re-runs before their outcome says something about the query.
constexpr std::uint64_t kTellingReruns = 20;

std::string_view name_of(RecordedKind kind) {
  switch (kind) {
    case RecordedKind::Document:
      return "document";
    case RecordedKind::Rows:
      return "rows";
    case RecordedKind::Count:
      return "count";
  }
  return "rows";
}

std::int64_t signed_of(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

Object to_json_value(const query::DescribedDependency& parts) {
  Object out{{"kind", parts.kind}, {"table", parts.table}, {"text", parts.text}};
  const auto add = [&out](std::string_view name, const std::string& text) {
    if (!text.empty()) out.append(std::string(name), text);
  };
  add("condition", parts.condition);
  add("search", parts.search);
  add("order", parts.order);
  add("limit", parts.limit);
  add("boundary", parts.boundary);
  add("foundBy", parts.found_by);
  return out;
}

Object to_json_value(const store::ReadPlan& plan) {
  Array steps;
  for (const std::string& step : plan.steps)
    steps.emplace_back(step);
  return {{"index", plan.index.empty() ? Value(nullptr) : Value(plan.index)},
          {"isScan", plan.is_scan},
          {"sorts", plan.sorts},
          {"rowsSteppedOver", signed_of(plan.rows_stepped)},
          {"steps", std::move(steps)},
          {"sql", plan.sql}};
}

/// Fields by which a predicate narrows and of which an index could be made.
std::vector<std::string> fields_for_an_index(const query::Query& query) {
  if (query.where == nullptr) return {};
  std::set<std::string> fields;
  for (std::string& field : query::fields_of(*query.where)) {
    const bool is_own = field == query::kRowNumberField || field.starts_with('_');
    if (!is_own) fields.insert(std::move(field));
  }
  return {fields.begin(), fields.end()};
}

std::string missing_index(const PlannedReads& reads, const std::vector<std::string>& fields) {
  std::string text = fmt::format("{} is read row by row", reads.reads.table);
  if (reads.was_run) {
    text += fmt::format(": {} looked at, {} found", reads.plan->rows_stepped,
                        reads.reads.found / std::max<std::uint64_t>(reads.reads.times, 1));
  } else {
    text += fmt::format(": {} looked at in each run", reads.plan->rows_stepped);
  }
  return text + fmt::format(R"(; add .index("by_{}", ["{}"]) to {} in schema.ts, and read with it)",
                            fmt::join(fields, "_"), fmt::join(fields, R"(", ")"),
                            reads.reads.table);
}

bool lacks_an_index(const PlannedReads& reads) {
  if (!reads.plan->is_scan || reads.plan->rows_stepped < kScanWorthAnIndex) return false;
  const std::uint64_t found = reads.was_run ? reads.reads.found / reads.reads.times : 0;
  return reads.plan->rows_stepped >= found * kSteppedPerFound;
}

}  // namespace

double shown_milliseconds(std::chrono::nanoseconds duration) {
  return std::round(static_cast<double>(duration.count()) / 1e3) / 1e3;
}

Array to_json_value(live::SessionReads reads) {
  Array out;
  if (reads.identity) out.emplace_back("identity");
  if (reads.base_url) out.emplace_back("address");
  return out;
}

std::string_view name_of(live::QueryState state) {
  switch (state) {
    case live::QueryState::Waiting:
      return "waiting";
    case live::QueryState::Current:
      return "current";
    case live::QueryState::Stale:
      return "stale";
    case live::QueryState::Failed:
      return "failed";
    case live::QueryState::Idle:
      return "idle";
  }
  return "current";
}

Object to_json_value(const live::QueryStatistics& statistics) {
  const auto mean = statistics.runs == 0
                        ? std::chrono::nanoseconds(0)
                        : statistics.work_total / static_cast<std::int64_t>(statistics.runs);
  return {{"runs", signed_of(statistics.runs)},
          {"reruns", signed_of(statistics.reruns)},
          {"unchanged", signed_of(statistics.suppressed)},
          {"failed", signed_of(statistics.failed)},
          {"stopped", signed_of(statistics.stopped)},
          {"cpu", Object{{"last", shown_milliseconds(statistics.work_last)},
                         {"mean", shown_milliseconds(mean)},
                         {"max", shown_milliseconds(statistics.work_max)},
                         {"total", shown_milliseconds(statistics.work_total)}}},
          {"documentsRead", Object{{"last", signed_of(statistics.documents_last)},
                                   {"total", signed_of(statistics.documents_total)}}}};
}

Array dependencies_json(const query::Footprint& footprint) {
  Array out;
  for (const query::Dependency& dependency : footprint) {
    if (out.size() >= kDependenciesToldMax) break;
    out.emplace_back(to_json_value(query::describe(dependency)));
  }
  return out;
}

std::vector<PlannedReads> plan_reads(engine::Database& database, std::vector<RecordedReads> reads) {
  std::vector<PlannedReads> planned;
  for (RecordedReads& one : reads) {
    PlannedReads& made = planned.emplace_back();
    made.reads = std::move(one);
    if (made.reads.kind == RecordedKind::Document) continue;
    const bool is_count = made.reads.kind == RecordedKind::Count;
    auto plan = database.explain_query(made.reads.query,
                                       is_count ? store::ReadKind::Count : store::ReadKind::Rows);
    // A table that is gone by now; the reads themselves are told all the same.
    if (plan) made.plan = *std::move(plan);
  }
  return planned;
}

std::vector<RecordedReads> reads_of(const query::Footprint& footprint) {
  std::vector<RecordedReads> reads;
  std::map<std::pair<query::DependencyKind, std::string>, std::size_t> positions;
  for (const query::Dependency& dependency : footprint) {
    if (dependency.kind == query::DependencyKind::Table) continue;
    const bool is_document = dependency.kind == query::DependencyKind::Document;
    std::string shape = is_document ? dependency.table : query::shape_of(dependency.query);
    const auto [known, is_new] =
        positions.emplace(std::pair(dependency.kind, std::move(shape)), reads.size());
    if (!is_new) {
      ++reads[known->second].times;
    } else if (reads.size() < kReadShapesMax) {
      const bool is_count = dependency.kind == query::DependencyKind::Count;
      reads.push_back({.kind = is_document ? RecordedKind::Document
                               : is_count  ? RecordedKind::Count
                                           : RecordedKind::Rows,
                       .table = dependency.table,
                       .query = dependency.query,
                       .times = 1});
    } else {
      positions.erase(known);
    }
  }
  return reads;
}

Array to_json_value(const std::vector<PlannedReads>& reads) {
  Array out;
  for (const PlannedReads& one : reads) {
    const bool is_document = one.reads.kind == RecordedKind::Document;
    Object object{{"kind", name_of(one.reads.kind)},
                  {"table", one.reads.table},
                  {"text", is_document ? one.reads.table + " by id" : shape_of(one.reads.query)},
                  {"times", signed_of(one.reads.times)}};
    if (one.was_run) {
      object.append("found", signed_of(one.reads.found));
      object.append("ms", shown_milliseconds(one.reads.time));
    }
    if (one.plan) object.append("plan", to_json_value(*one.plan));
    out.emplace_back(std::move(object));
  }
  return out;
}

std::vector<std::string> advice_on_reads(const std::vector<PlannedReads>& reads) {
  std::vector<std::string> advice;
  for (const PlannedReads& one : reads) {
    if (!one.plan) continue;
    const std::vector<std::string> fields = fields_for_an_index(one.reads.query);
    if (!fields.empty() && lacks_an_index(one)) advice.push_back(missing_index(one, fields));
    if (one.plan->sorts && one.reads.query.limit && !one.reads.query.search) {
      advice.push_back(fmt::format(
          "all matching rows of {} are read and sorted for the first {}; an index that ends with "
          "{} "
          "has them in order",
          one.reads.table, *one.reads.query.limit, query::describe_order(one.reads.query)));
    }
  }
  return advice;
}

std::vector<std::string> advice_on_footprint(const query::Footprint& footprint) {
  std::set<std::string> whole;
  for (const query::Dependency& dependency : footprint) {
    const bool is_whole =
        dependency.kind == query::DependencyKind::Table ||
        (dependency.kind == query::DependencyKind::Rows && dependency.query.where == nullptr &&
         !dependency.query.limit && !dependency.query.search);
    if (is_whole) whole.insert(dependency.table);
  }
  std::vector<std::string> advice;
  for (const std::string& table : whole) {
    advice.push_back(fmt::format(
        "every change of {} wakes it; an index range, a filter or take(n) would narrow that",
        table));
  }
  return advice;
}

std::vector<std::string> advice_on_runs(const live::QueryInfo& info) {
  std::vector<std::string> advice;
  const live::QueryStatistics& runs = info.statistics;
  if (info.is_slow) {
    advice.push_back(fmt::format(
        "it is slow: a run took {} ms of processor time, and the common lane gives it {} ms "
        "(limits.live_fast_run_ms); its results follow at their own pace",
        shown_milliseconds(runs.work_max), info.fast_run_max.count()));
  }
  if (runs.reruns >= kTellingReruns && runs.suppressed * 5 >= runs.reruns * 4) {
    advice.push_back(
        fmt::format("{} of {} re-runs changed nothing: it depends on more than it shows",
                    runs.suppressed, runs.reruns));
  }
  if (info.reads.identity) {
    advice.emplace_back("it reads ctx.auth, so that each identity has a run of its own");
  }
  if (!info.lasts) {
    advice.emplace_back(
        "it asks for the time or for chance, so that its answer is kept for nobody who comes "
        "later");
  }
  return advice;
}

}  // namespace moonstone::protocol::functions
