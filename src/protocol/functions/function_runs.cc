// Moonstone. Licence: see LICENSE.
#include "protocol/functions/function_runs.h"

#include <algorithm>
#include <functional>
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

struct FunctionRuns::Figures {
  explicit Figures(std::string_view name) : function(name) {}

  struct LastError {
    std::string message;
    std::int64_t unix_ms = 0;
  };
  const std::string function;
  std::atomic<runtime::FunctionKind> kind{runtime::FunctionKind::Query};
  Histogram succeeded;
  Histogram failed;
  Counter work_ns;
  Counter documents;
  std::atomic<std::int64_t> last_run_unix_ms{0};
  Guarded<LastError> last_error;
};

FunctionRuns::FunctionRuns()
    : ring_(std::make_unique<std::array<Guarded<FunctionRun>, kRecentRunsMax>>()) {}

FunctionRuns::~FunctionRuns() = default;

FunctionRuns::Figures* FunctionRuns::find_or_make(std::string_view function) {
  std::size_t place = std::hash<std::string_view>{}(function) % kPlaces;
  while (Figures* const figures = places_[place].load()) {
    if (figures->function == function) return figures;
    place = (place + 1) % kPlaces;
  }
  return make(function);
}

/// Places are filled under the lock alone, and never emptied: whoever meets an empty one has seen
/// all that come before it.
FunctionRuns::Figures* FunctionRuns::make(std::string_view function) {
  const auto made = made_.lock();
  std::size_t place = std::hash<std::string_view>{}(function) % kPlaces;
  while (Figures* const figures = places_[place].load()) {
    if (figures->function == function) return figures;
    place = (place + 1) % kPlaces;
  }
  if (made->size() >= kCountedFunctionsMax) return nullptr;
  made->push_back(std::make_unique<Figures>(function));
  places_[place].store(made->back().get());
  return made->back().get();
}

void FunctionRuns::record(const RunNote& run) {
  keep(run);
  Figures* const figures = find_or_make(run.function);
  if (figures == nullptr) return;
  figures->kind.store(run.kind, std::memory_order_relaxed);
  figures->last_run_unix_ms.store(run.unix_ms, std::memory_order_relaxed);
  figures->work_ns.add(static_cast<std::uint64_t>(std::max<std::int64_t>(run.work.count(), 0)));
  figures->documents.add(run.documents);
  if (run.error.empty()) return figures->succeeded.record(run.duration);
  figures->failed.record(run.duration);
  const auto last = figures->last_error.lock();
  last->message = run.error;
  last->unix_ms = run.unix_ms;
}

void FunctionRuns::keep(const RunNote& run) {
  const auto place = (*ring_)[kept_.fetch_add(1) % kRecentRunsMax].lock();
  place->function = run.function;
  place->kind = run.kind;
  place->tenant = run.tenant;
  place->request = run.request;
  place->unix_ms = run.unix_ms;
  place->duration = run.duration;
  place->error = run.error;
}

std::map<std::string, FunctionRuns::Summary> FunctionRuns::summaries() const {
  std::map<std::string, Summary> out;
  const auto made = made_.lock();
  for (const auto& figures : *made) {
    Summary& summary = out[figures->function];
    summary.kind = figures->kind.load();
    summary.succeeded = figures->succeeded.counts();
    summary.failed = figures->failed.counts();
    summary.work_seconds = static_cast<double>(figures->work_ns.value()) / 1e9;
    summary.documents = figures->documents.value();
    summary.last_run_unix_ms = figures->last_run_unix_ms.load();
    const auto last = figures->last_error.lock();
    summary.last_error = last->message;
    summary.last_error_unix_ms = last->unix_ms;
  }
  return out;
}

std::vector<FunctionRun> FunctionRuns::recent(std::string_view tenant,
                                              std::string_view function,
                                              std::size_t runs_max) const {
  std::vector<FunctionRun> out;
  const std::uint64_t kept = kept_.load();
  const std::uint64_t first = kept > kRecentRunsMax ? kept - kRecentRunsMax : 0;
  for (std::uint64_t number = kept; number > first && out.size() < runs_max; --number) {
    const auto run = (*ring_)[(number - 1) % kRecentRunsMax].lock();
    const bool is_wanted = run->tenant == tenant && (function.empty() || run->function == function);
    if (is_wanted && !run->function.empty()) out.push_back(*run);
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
  const std::map<std::string, Summary> functions = summaries();
  for (const auto& [function, summary] : functions) {
    add(function, summary.kind, "success", summary.succeeded);
    add(function, summary.kind, "error", summary.failed);
  }
  MetricFamily& work = snapshot.emplace_back();
  work.name = "moonstone_function_cpu_seconds_total";
  work.help = "Processor time of functions; actions run in other processes.";
  MetricFamily documents;
  documents.name = "moonstone_function_documents_read_total";
  documents.help = "Documents that functions read.";
  for (const auto& [function, summary] : functions) {
    Labels labels{{"function", function}, {"kind", std::string(name_of(summary.kind))}};
    work.samples.push_back({.labels = labels, .value = summary.work_seconds, .histogram = {}});
    documents.samples.push_back({.labels = std::move(labels),
                                 .value = static_cast<double>(summary.documents),
                                 .histogram = {}});
  }
  snapshot.push_back(std::move(documents));
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
             {"p99", all.quantile_seconds(0.99) * 1000},
             {"cpu", summary.work_seconds * 1000},
             {"documentsRead", static_cast<std::int64_t>(summary.documents)}};
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
