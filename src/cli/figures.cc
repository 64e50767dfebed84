// Moonstone. Licence: see LICENSE.
#include "cli/figures.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

namespace moonstone::cli {
namespace {

std::string label_of(const Value& sample, std::string_view label) {
  if (!sample.is_object()) return {};
  const Value* const labels = sample.as_object().find("labels");
  if (labels == nullptr || !labels->is_object()) return {};
  const Value* const text = labels->as_object().find(label);
  return text != nullptr && text->is_text() ? text->as_text() : std::string();
}

double number_of(const Value& object, std::string_view name) {
  const Value* const value = object.is_object() ? object.as_object().find(name) : nullptr;
  const bool is_number = value != nullptr && (value->is_number() || value->is_integer());
  return is_number ? value->to_double() : 0;
}

void add(HistogramCounts& sum, const HistogramCounts& more) {
  for (std::size_t i = 0; i < sum.buckets.size(); ++i)
    sum.buckets[i] += more.buckets[i];
  sum.count += more.count;
}

/// Nothing if the server divides time otherwise, as one of another version may.
HistogramCounts histogram_of(const Value& sample) {
  HistogramCounts counts;
  const Value* const buckets = sample.is_object() ? sample.as_object().find("buckets") : nullptr;
  if (buckets == nullptr || !buckets->is_array()) return counts;
  const Array& values = buckets->as_array();
  if (values.size() != counts.buckets.size()) return counts;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i].is_integer() && !values[i].is_number()) return {};
    counts.buckets[i] = static_cast<std::uint64_t>(std::max(values[i].to_double(), 0.0));
    counts.count += counts.buckets[i];
  }
  return counts;
}

/// One answer of the server, by name.
class Reading {
 public:
  explicit Reading(const Value& metrics) : metrics_(metrics) {}

  void each(std::string_view name, const std::function<void(const Value& sample)>& visit) const {
    if (!metrics_.is_object()) return;
    const Value* const family = metrics_.as_object().find(name);
    if (family == nullptr || !family->is_object()) return;
    const Value* const samples = family->as_object().find("samples");
    if (samples == nullptr || !samples->is_array()) return;
    for (const Value& sample : samples->as_array())
      visit(sample);
  }
  /// Over all tenants.
  [[nodiscard]] double sum(std::string_view name) const {
    double sum = 0;
    each(name, [&sum](const Value& sample) { sum += number_of(sample, "value"); });
    return sum;
  }
  [[nodiscard]] HistogramCounts histogram(std::string_view name) const {
    HistogramCounts sum;
    each(name, [&sum](const Value& sample) { add(sum, histogram_of(sample)); });
    return sum;
  }

 private:
  const Value& metrics_;
};

/// What was counted between two readings. A server that was restarted counts from zero again.
HistogramCounts difference(const HistogramCounts& before, const HistogramCounts& after) {
  if (after.count < before.count) return after;
  HistogramCounts counts;
  for (std::size_t i = 0; i < counts.buckets.size(); ++i) {
    counts.buckets[i] = after.buckets[i] - std::min(before.buckets[i], after.buckets[i]);
    counts.count += counts.buckets[i];
  }
  return counts;
}
double difference(double before, double after) {
  return after < before ? after : after - before;
}

Pace pace_of(const HistogramCounts& counts, double seconds) {
  Pace pace{.per_second = static_cast<double>(counts.count) / seconds, .p50_ms = {}, .p99_ms = {}};
  if (counts.count == 0) return pace;
  pace.p50_ms = counts.quantile_seconds(0.5) * 1000;
  pace.p99_ms = counts.quantile_seconds(0.99) * 1000;
  return pace;
}

/// Everything that is known of one function in one reading.
struct FunctionReading {
  std::string kind;
  HistogramCounts all;
  double errors = 0;
  double cpu_seconds = 0;
  double documents = 0;
};

std::map<std::string, FunctionReading> functions_of(const Reading& reading) {
  std::map<std::string, FunctionReading> functions;
  reading.each("moonstone_function_run_seconds", [&functions](const Value& sample) {
    FunctionReading& function = functions[label_of(sample, "function")];
    function.kind = label_of(sample, "kind");
    const HistogramCounts counts = histogram_of(sample);
    add(function.all, counts);
    if (label_of(sample, "outcome") == "error")
      function.errors += static_cast<double>(counts.count);
  });
  reading.each("moonstone_function_cpu_seconds_total", [&functions](const Value& sample) {
    functions[label_of(sample, "function")].cpu_seconds += number_of(sample, "value");
  });
  reading.each("moonstone_function_documents_read_total", [&functions](const Value& sample) {
    functions[label_of(sample, "function")].documents += number_of(sample, "value");
  });
  return functions;
}

bool is_costlier(const FunctionFigures& a, const FunctionFigures& b) {
  if (a.cpu_percent != b.cpu_percent) return a.cpu_percent > b.cpu_percent;
  if (a.pace.per_second != b.pace.per_second) return a.pace.per_second > b.pace.per_second;
  if (a.cpu_seconds != b.cpu_seconds) return a.cpu_seconds > b.cpu_seconds;
  return a.name < b.name;
}

void read_functions(const Reading& before, const Reading& after, Figures& figures) {
  const double seconds = figures.seconds;
  const auto earlier = functions_of(before);
  static const FunctionReading kNone;
  for (const auto& [name, now] : functions_of(after)) {
    const auto found = earlier.find(name);
    const FunctionReading& then = found == earlier.end() ? kNone : found->second;
    FunctionFigures& function = figures.functions.emplace_back();
    function.name = name;
    function.kind = now.kind;
    function.calls = static_cast<double>(now.all.count);
    function.pace = pace_of(difference(then.all, now.all), seconds);
    function.errors_per_second = difference(then.errors, now.errors) / seconds;
    function.cpu_seconds = now.cpu_seconds;
    function.cpu_percent = 100 * difference(then.cpu_seconds, now.cpu_seconds) / seconds;
    function.documents_per_second = difference(then.documents, now.documents) / seconds;
    figures.errors_per_second += function.errors_per_second;
  }
  std::ranges::sort(figures.functions, is_costlier);
}

void read_threads(const Reading& before, const Reading& after, Figures& figures) {
  std::map<std::string, double> earlier;
  before.each("moonstone_thread_cpu_seconds_total", [&earlier](const Value& sample) {
    earlier[label_of(sample, "thread")] = number_of(sample, "value");
  });
  after.each("moonstone_thread_cpu_seconds_total", [&](const Value& sample) {
    std::string name = label_of(sample, "thread");
    const double used = difference(earlier[name], number_of(sample, "value"));
    figures.threads.push_back(
        {.name = std::move(name), .cpu_percent = 100 * used / figures.seconds});
  });
  std::ranges::sort(figures.threads, [](const ThreadFigures& a, const ThreadFigures& b) {
    return a.cpu_percent != b.cpu_percent ? a.cpu_percent > b.cpu_percent : a.name < b.name;
  });
}

/// To three places: what is below is noise.
double rounded(double number) {
  return std::round(number * 1000) / 1000;
}

Value optional_json(const std::optional<double>& number) {
  return number ? Value(rounded(*number)) : Value(nullptr);
}

Object pace_json(const Pace& pace) {
  return {{"perSecond", rounded(pace.per_second)},
          {"p50", optional_json(pace.p50_ms)},
          {"p99", optional_json(pace.p99_ms)}};
}

Object function_json(const FunctionFigures& function) {
  Object out{{"name", function.name}, {"kind", function.kind}, {"calls", function.calls}};
  for (Member& member : pace_json(function.pace))
    out.append(member.name, std::move(member.value));
  out.append("errorsPerSecond", rounded(function.errors_per_second));
  out.append("cpuPercent", rounded(function.cpu_percent));
  out.append("cpuSeconds", rounded(function.cpu_seconds));
  out.append("documentsPerSecond", rounded(function.documents_per_second));
  return out;
}

void read_now(const Reading& now, Figures& figures) {
  now.each("moonstone_info",
           [&figures](const Value& sample) { figures.version = label_of(sample, "version"); });
  const std::pair<double Figures::*, std::string_view> gauges[] = {
      {&Figures::connections, "moonstone_connections"},
      {&Figures::sockets, "moonstone_sockets"},
      {&Figures::subscriptions, "moonstone_subscriptions"},
      {&Figures::live_queries, "moonstone_live_queries"},
      {&Figures::tenants, "moonstone_tenants_open"},
      {&Figures::writer_queue, "moonstone_writer_queue_length"},
      {&Figures::live_queue, "moonstone_live_waiting_runs"},
      {&Figures::action_calls, "moonstone_action_calls"},
      {&Figures::action_workers, "moonstone_action_workers"},
      {&Figures::memory_bytes, "process_resident_memory_bytes"},
      {&Figures::v8_heaps, "moonstone_v8_heaps"},
      {&Figures::v8_bytes, "moonstone_v8_heap_bytes"},
      {&Figures::database_bytes, "moonstone_database_bytes"},
      {&Figures::wal_bytes, "moonstone_wal_bytes"}};
  for (const auto& [member, name] : gauges)
    figures.*member = now.sum(name);
}

}  // namespace

Figures figures_between(const Value& before, const Value& after, double seconds) {
  Figures figures;
  figures.seconds = std::max(seconds, 0.001);
  const Reading then(before);
  const Reading now(after);
  read_now(now, figures);
  const auto per_second = [&](std::string_view name) {
    return difference(then.sum(name), now.sum(name)) / figures.seconds;
  };
  const auto pace = [&](std::string_view name) {
    return pace_of(difference(then.histogram(name), now.histogram(name)), figures.seconds);
  };
  figures.queries = pace("moonstone_query_seconds");
  figures.mutations = pace("moonstone_mutation_seconds");
  figures.pushes = pace("moonstone_push_seconds");
  figures.commits_per_second = per_second("moonstone_group_commits_total");
  if (figures.commits_per_second > 0) {
    figures.group_size = per_second("moonstone_mutations_total") / figures.commits_per_second;
  }
  figures.updates_per_second = per_second("moonstone_live_updates_total");
  figures.reruns_per_second = per_second("moonstone_live_reruns_total");
  figures.unchanged_per_second = per_second("moonstone_live_suppressed_total");
  figures.refused_per_second =
      per_second("moonstone_refused_total") + per_second("moonstone_limit_hits_total");
  figures.bytes_in_per_second = per_second("moonstone_bytes_in_total");
  figures.bytes_out_per_second = per_second("moonstone_bytes_out_total");
  figures.cpu_percent = 100 * per_second("process_cpu_seconds_total");
  read_functions(then, now, figures);
  read_threads(then, now, figures);
  return figures;
}

Value to_json_value(const Figures& figures) {
  Array functions;
  for (const FunctionFigures& function : figures.functions)
    functions.emplace_back(function_json(function));
  Object threads;
  for (const ThreadFigures& thread : figures.threads)
    threads.append(thread.name, rounded(thread.cpu_percent));
  return Object{{"version", figures.version},
                {"seconds", rounded(figures.seconds)},
                {"connections", figures.connections},
                {"sockets", figures.sockets},
                {"subscriptions", figures.subscriptions},
                {"liveQueries", figures.live_queries},
                {"tenants", figures.tenants},
                {"queries", pace_json(figures.queries)},
                {"mutations", pace_json(figures.mutations)},
                {"pushes", pace_json(figures.pushes)},
                {"commitsPerSecond", rounded(figures.commits_per_second)},
                {"groupSize", optional_json(figures.group_size)},
                {"updatesPerSecond", rounded(figures.updates_per_second)},
                {"rerunsPerSecond", rounded(figures.reruns_per_second)},
                {"unchangedPerSecond", rounded(figures.unchanged_per_second)},
                {"errorsPerSecond", rounded(figures.errors_per_second)},
                {"refusedPerSecond", rounded(figures.refused_per_second)},
                {"waiting", Object{{"writer", figures.writer_queue},
                                   {"live", figures.live_queue},
                                   {"actions", figures.action_calls}}},
                {"actionWorkers", figures.action_workers},
                {"memoryBytes", figures.memory_bytes},
                {"v8Heaps", figures.v8_heaps},
                {"v8HeapBytes", figures.v8_bytes},
                {"databaseBytes", figures.database_bytes},
                {"walBytes", figures.wal_bytes},
                {"cpuPercent", rounded(figures.cpu_percent)},
                {"bytesInPerSecond", rounded(figures.bytes_in_per_second)},
                {"bytesOutPerSecond", rounded(figures.bytes_out_per_second)},
                {"threads", std::move(threads)},
                {"functions", std::move(functions)}};
}

}  // namespace moonstone::cli
