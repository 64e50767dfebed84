// Moonstone. Licence: see LICENSE.
#include "protocol/functions/function_runs.h"

#include <utility>

namespace moonstone::protocol::functions {
namespace {

double milliseconds(std::chrono::nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

HistogramCounts sum_of(const HistogramCounts& a, const HistogramCounts& b) {
  HistogramCounts sum = a;
  for (std::size_t i = 0; i < sum.buckets.size(); ++i)
    sum.buckets[i] += b.buckets[i];
  sum.count += b.count;
  sum.sum_seconds += b.sum_seconds;
  return sum;
}

}  // namespace

void FunctionRuns::record(FunctionRun run) {
  const double seconds = static_cast<double>(run.duration.count()) / 1e9;
  const auto state = state_.lock();
  auto found = state->summaries.find(run.function);
  if (found == state->summaries.end()) {
    if (state->summaries.size() >= kCountedFunctionsMax) return;
    found = state->summaries.emplace(run.function, Summary()).first;
  }
  Summary& summary = found->second;
  summary.kind = run.kind;
  summary.last_run_unix_ms = run.unix_ms;
  if (run.error.empty()) {
    summary.succeeded.record(seconds);
  } else {
    summary.failed.record(seconds);
    summary.last_error = run.error;
    summary.last_error_unix_ms = run.unix_ms;
  }
  state->recent.push_front(std::move(run));
  if (state->recent.size() > kRecentRunsMax) state->recent.pop_back();
}

std::map<std::string, FunctionRuns::Summary> FunctionRuns::summaries() const {
  const auto state = state_.lock();
  return {state->summaries.begin(), state->summaries.end()};
}

std::vector<FunctionRun> FunctionRuns::recent(std::string_view tenant,
                                              std::string_view function,
                                              std::size_t runs_max) const {
  std::vector<FunctionRun> out;
  const auto state = state_.lock();
  for (const FunctionRun& run : state->recent) {
    if (out.size() >= runs_max) break;
    if (run.tenant == tenant && (function.empty() || run.function == function)) out.push_back(run);
  }
  return out;
}

void FunctionRuns::read(MetricSnapshot& snapshot) const {
  MetricFamily& family = snapshot.emplace_back();
  family.name = "moonstone_function_run_seconds";
  family.type = MetricType::Histogram;
  family.help = "Runs of functions by name, kind and outcome.";
  const auto add = [&family](const std::string& function, runtime::FunctionKind kind,
                             std::string_view outcome, const HistogramCounts& counts) {
    if (counts.count == 0) return;
    family.samples.push_back({.labels = {{"function", function},
                                         {"kind", std::string(name_of(kind))},
                                         {"outcome", std::string(outcome)}},
                              .value = 0,
                              .histogram = counts});
  };
  for (const auto& [function, summary] : summaries()) {
    add(function, summary.kind, "success", summary.succeeded);
    add(function, summary.kind, "error", summary.failed);
  }
}

std::string_view name_of(runtime::FunctionKind kind) {
  switch (kind) {
    case runtime::FunctionKind::Query:
      return "query";
    case runtime::FunctionKind::Mutation:
      return "mutation";
    case runtime::FunctionKind::Action:
      return "action";
  }
  return "function";
}

Value to_json_value(const FunctionRuns::Summary& summary) {
  const HistogramCounts all = sum_of(summary.succeeded, summary.failed);
  Object out{{"count", static_cast<std::int64_t>(all.count)},
             {"errors", static_cast<std::int64_t>(summary.failed.count)},
             {"p50", all.quantile_seconds(0.5) * 1000},
             {"p99", all.quantile_seconds(0.99) * 1000}};
  if (summary.last_run_unix_ms > 0) out.append("lastRun", summary.last_run_unix_ms);
  if (!summary.last_error.empty()) {
    out.append("lastError", summary.last_error);
    out.append("lastErrorAt", summary.last_error_unix_ms);
  }
  return out;
}

Value to_json_value(const FunctionRun& run) {
  Object out{{"function", run.function},
             {"kind", name_of(run.kind)},
             {"at", run.unix_ms},
             {"ms", milliseconds(run.duration)},
             {"outcome", run.error.empty() ? "success" : "error"}};
  if (!run.error.empty()) out.append("error", run.error);
  if (!run.request.empty()) out.append("request", run.request);
  return out;
}

}  // namespace moonstone::protocol::functions
