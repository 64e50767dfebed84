// Moonstone. Licence: see LICENSE.
// What is read at the moment of asking: the process, the open tenants.
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

#include "base/version.h"
#include "protocol/functions/observation_routes.h"
#include "runtime/heap_totals.h"

namespace moonstone::protocol::functions {
namespace {

/// Resident memory by the kernel's account; 0 where there is none.
double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  std::uint64_t resident = 0;
  statm >> pages >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double open_descriptors() {
  std::error_code failure;
  double count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", failure), end; !failure && at != end;
       at.increment(failure)) {
    ++count;
  }
  return count;
}

double file_bytes(const std::string& path) {
  std::error_code failure;
  const auto bytes = std::filesystem::file_size(path, failure);
  return failure ? 0 : static_cast<double>(bytes);
}

/// One figure of each open tenant.
struct TenantFigure {
  std::string_view name;
  MetricType type;
  std::string_view help;
  double (*read)(Tenant& tenant);
};

template <auto Member>
double of_database(Tenant& tenant) {
  return static_cast<double>(tenant.database().counters().*Member);
}
template <auto Member>
double of_live(Tenant& tenant) {
  return static_cast<double>(tenant.live().counters().*Member);
}
std::string path_of(const Tenant& tenant) {
  return tenant.folder() + "/" + std::string(kDatabaseFile);
}

using DatabaseCounters = engine::Database::Counters;
using LiveCounters = live::LiveQueries::Counters;

constexpr auto kTenantFigures = std::to_array<TenantFigure>({
    {"moonstone_group_commits_total", MetricType::Counter, "Durable commits, each of a group.",
     of_database<&DatabaseCounters::commits>},
    {"moonstone_mutations_total", MetricType::Counter,
     "Mutations answered with success; divided by the commits, the size of a group.",
     of_database<&DatabaseCounters::mutations>},
    {"moonstone_mutation_replays_total", MetricType::Counter,
     "Calls that ran again because their group was lost.", of_database<&DatabaseCounters::replays>},
    {"moonstone_storage_restarts_total", MetricType::Counter,
     "How often the database was opened again because its disk had failed.",
     of_database<&DatabaseCounters::restarts>},
    {"moonstone_storage_failed", MetricType::Gauge,
     "1 while nothing can be written because the disk failed.",
     [](Tenant& tenant) { return tenant.database().failure() ? 1.0 : 0.0; }},
    {"moonstone_ledger_hits_total", MetricType::Counter,
     "Repeated mutations answered without running.", of_database<&DatabaseCounters::ledger_hits>},
    {"moonstone_writer_queue_length", MetricType::Gauge, "Mutations that wait for the writer.",
     of_database<&DatabaseCounters::queued>},
    {"moonstone_live_runs_total", MetricType::Counter, "Runs of live queries, first ones included.",
     of_live<&LiveCounters::runs>},
    {"moonstone_live_reruns_total", MetricType::Counter, "Runs of them that commits caused.",
     of_live<&LiveCounters::reruns>},
    {"moonstone_live_suppressed_total", MetricType::Counter,
     "Re-runs whose result was unchanged, so that nothing was sent.",
     of_live<&LiveCounters::suppressed>},
    {"moonstone_live_moved_slow_total", MetricType::Counter,
     "Queries that were too slow for the common lane.", of_live<&LiveCounters::moved_slow>},
    {"moonstone_live_queries", MetricType::Gauge, "Live queries with subscribers.",
     of_live<&LiveCounters::queries>},
    {"moonstone_subscriptions", MetricType::Gauge, "Subscriptions of all connections.",
     of_live<&LiveCounters::subscriptions>},
    {"moonstone_live_updates_total", MetricType::Counter,
     "Results after the first one that were handed to connections.",
     of_live<&LiveCounters::updates>},
    {"moonstone_live_candidates_total", MetricType::Counter,
     "Conditions that were checked against a change.", of_live<&LiveCounters::candidates>},
    {"moonstone_live_waiting_runs", MetricType::Gauge,
     "First and slow runs that wait for a reader or are under way.",
     of_live<&LiveCounters::waiting_runs>},
    {"moonstone_mutations_alone_total", MetricType::Counter,
     "Mutations that were too slow for their group and ran again alone.",
     of_database<&DatabaseCounters::moved_alone>},
    {"moonstone_database_bytes", MetricType::Gauge, "The database file.",
     [](Tenant& tenant) { return file_bytes(path_of(tenant)); }},
    {"moonstone_wal_bytes", MetricType::Gauge, "The file of what is not in the database file yet.",
     [](Tenant& tenant) { return file_bytes(path_of(tenant) + "-wal"); }},
});

/// One histogram of each open tenant.
struct TenantHistogram {
  std::string_view name;
  std::string_view help;
  HistogramCounts (*read)(Tenant& tenant);
};

constexpr auto kTenantHistograms = std::to_array<TenantHistogram>({
    {"moonstone_query_seconds", "From asking for a query to its first answer.",
     [](Tenant& tenant) { return tenant.live().latencies().answers; }},
    {"moonstone_mutation_seconds", "From asking for a mutation to its durable answer.",
     [](Tenant& tenant) { return tenant.host().mutation_latencies(); }},
    {"moonstone_push_seconds",
     "From a commit until all connections that can take it have what it changed.",
     [](Tenant& tenant) { return tenant.live().latencies().pushes; }},
});

void read_histograms(const Tenants& tenants, MetricSnapshot& snapshot) {
  for (const TenantHistogram& histogram : kTenantHistograms) {
    MetricFamily family{.name = std::string(histogram.name),
                        .type = MetricType::Histogram,
                        .help = std::string(histogram.help),
                        .samples = {}};
    tenants.for_each_open([&](Tenant& tenant) {
      family.samples.push_back(
          {.labels = {{"tenant", tenant.slug()}}, .value = 0, .histogram = histogram.read(tenant)});
    });
    snapshot.push_back(std::move(family));
  }
}

/// Processor time of the threads that have ended by now is not among it.
void read_threads(MetricSnapshot& snapshot) {
  std::map<std::string, double> seconds;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  std::error_code failure;
  for (std::filesystem::directory_iterator at("/proc/self/task", failure), end;
       !failure && at != end; at.increment(failure)) {
    std::ifstream file(at->path() / "stat");
    std::string text;
    std::getline(file, text);
    // "tid (name) state ppid …": the name may hold anything, so what follows begins at the last
    // ')'.
    const std::size_t open = text.find('(');
    const std::size_t close = text.rfind(')');
    if (open == std::string::npos || close == std::string::npos) continue;  // it has just ended
    std::istringstream rest(text.substr(close + 1));
    constexpr int kFieldsBeforeUserTime = 11;
    std::string skipped;
    for (int field = 0; field < kFieldsBeforeUserTime; ++field)
      rest >> skipped;
    double user = 0;
    double system = 0;
    rest >> user >> system;
    seconds[text.substr(open + 1, close - open - 1)] += (user + system) / ticks;
  }
  MetricFamily& family = snapshot.emplace_back();
  family.name = "moonstone_thread_cpu_seconds_total";
  family.help = "User and system time by the names of threads.";
  for (const auto& [thread, used] : seconds)
    family.samples.push_back({.labels = {{"thread", thread}}, .value = used, .histogram = {}});
}

void read_pools(const Tenants& tenants, MetricSnapshot& snapshot) {
  const runtime::HeapTotals heaps = runtime::heap_totals();
  add_metric(snapshot, MetricType::Gauge, "moonstone_v8_heaps",
             "V8 heaps; each thread that runs functions has one.",
             static_cast<double>(heaps.isolates));
  add_metric(snapshot, MetricType::Gauge, "moonstone_v8_heap_bytes", "Memory of the V8 heaps.",
             static_cast<double>(heaps.committed_bytes));
  add_metric(snapshot, MetricType::Gauge, "moonstone_v8_heap_used_bytes",
             "Objects in the V8 heaps after their latest collections.",
             static_cast<double>(heaps.used_bytes));
  const actions::ActionPool* const pool = tenants.options().each.actions;
  if (pool == nullptr) return;
  const actions::ActionPool::Totals totals = pool->totals();
  add_metric(snapshot, MetricType::Gauge, "moonstone_action_workers",
             "Node processes that run actions and routes.", static_cast<double>(totals.workers));
  add_metric(snapshot, MetricType::Gauge, "moonstone_action_calls",
             "Actions and routes that are under way.", static_cast<double>(totals.calls));
}

void read_tenants(const Tenants& tenants, MetricSnapshot& snapshot) {
  const std::size_t first = snapshot.size();
  for (const TenantFigure& figure : kTenantFigures) {
    snapshot.push_back({.name = std::string(figure.name),
                        .type = figure.type,
                        .help = std::string(figure.help),
                        .samples = {}});
  }
  double open = 0;
  tenants.for_each_open([&](Tenant& tenant) {
    ++open;
    for (std::size_t i = 0; i < kTenantFigures.size(); ++i) {
      snapshot[first + i].samples.push_back({.labels = {{"tenant", tenant.slug()}},
                                             .value = kTenantFigures[i].read(tenant),
                                             .histogram = {}});
    }
  });
  add_metric(snapshot, MetricType::Gauge, "moonstone_tenants_open",
             "Tenants whose database is open.", open);
}

}  // namespace

MetricSnapshot read_metrics(const ObservationEnvironment& environment) {
  MetricSnapshot snapshot;
  snapshot.push_back(
      {.name = "moonstone_info",
       .type = MetricType::Gauge,
       .help = "The version that runs.",
       .samples = {
           {.labels = {{"version", std::string(version())}}, .value = 1, .histogram = {}}}});
  add_metric(snapshot, MetricType::Gauge, "process_resident_memory_bytes", "Resident memory.",
             resident_bytes());
  add_metric(snapshot, MetricType::Counter, "process_cpu_seconds_total",
             "User and system time of the process.", cpu_seconds());
  add_metric(snapshot, MetricType::Gauge, "process_open_fds", "Open file descriptors.",
             open_descriptors());
  read_threads(snapshot);
  read_pools(*environment.tenants, snapshot);
  read_tenants(*environment.tenants, snapshot);
  read_histograms(*environment.tenants, snapshot);
  if (Observation* const observation = environment.observation) {
    observation->runs.read(snapshot);
    observation->metrics.read(snapshot);
    if (observation->read_more) observation->read_more(snapshot);
  }
  return snapshot;
}

}  // namespace moonstone::protocol::functions
