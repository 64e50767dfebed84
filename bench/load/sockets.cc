// Moonstone. Licence: see LICENSE.
// Scenarios of the sockets themselves.
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/load/fleet.h"
#include "bench/load/scenarios.h"

namespace moonstone::bench {

namespace {

using client::Outcome;

constexpr std::size_t kGroups = 100;

// --- reconnect-storm ----------------------------------------------------------------------------

/// All clients come at once, each with a subscription. Latency: until its first result, from the
/// moment at which all began. Returns the number of connections that were lost on the way.
std::size_t storm(Run& run) {
  const std::size_t count = run.options.connections;
  Arrivals results(run.meter);
  std::vector<std::unique_ptr<client::Subscription>> subscriptions;
  Fleet fleet(run, Fleet::Loss::Retries);
  const Time began = now();
  for (std::size_t i = 0; i < count; ++i) {
    client::Client* const client = fleet.add();
    if (client == nullptr) return 0;
    auto subscription = client->subscribe(
        "items:page", R"({"group":"g)" + std::to_string(i % kGroups) + R"(","limit":10,"salt":""})",
        [&run, &results, began](const Outcome<std::string>& result) {
          if (!result) return run.meter.failed(result.error().code + ": " + result.error().message);
          run.meter.answered(began);
          results.add();
        });
    if (subscription) subscriptions.push_back(*std::move(subscription));
  }
  (void)results.wait_for(count, "first results");
  return fleet.losses();
}

void storm_again_and_again(Run& run) {
  const Time begin = now();
  run.meter.measure(begin, after(begin, run.options.seconds));
  std::size_t storms = 0;
  std::size_t retries = 0;
  for (; !run.meter.is_over(); ++storms)
    retries += storm(run);
  run.report.add_count("connections", run.options.connections);
  run.report.add_count("storms", storms);
  run.report.add_count("retries", retries);
  run.report.add_measured(run.meter.measured());
}

// --- idle-memory --------------------------------------------------------------------------------

/// 0: the process is not there.
std::size_t resident_bytes(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    std::size_t kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib * 1024;
  }
  return 0;
}

/// How much the server grows by sockets that do nothing. A fresh server tells best: what it has
/// used before and keeps would hide a part.
void hold_idle_sockets(Run& run) {
  Fleet fleet(run);
  if (!fleet.connect(1)) return;  // what the first one brings is not the price of a socket
  const std::size_t before = resident_bytes(run.options.server_pid);
  if (!fleet.connect(run.options.connections)) return;
  std::this_thread::sleep_for(Seconds(run.options.seconds));
  const std::size_t held = resident_bytes(run.options.server_pid);
  if (before == 0 || held == 0) {
    return run.meter.failed("cannot read the memory of process " +
                            std::to_string(run.options.server_pid));
  }
  const double grown = static_cast<double>(held) - static_cast<double>(before);
  run.report.add_count("connections", run.options.connections);
  run.report.add_count("resident_bytes_before", before);
  run.report.add_count("resident_bytes", held);
  run.report.add("bytes_per_connection", grown / static_cast<double>(run.options.connections));
}

constexpr Scenario kScenarios[] = {
    {.name = "reconnect-storm",
     .summary = "all sockets come at once and subscribe, again and again",
     .run = storm_again_and_again},
    {.name = "idle-memory",
     .summary = "what sockets that do nothing cost the server --pid",
     .run = hold_idle_sockets,
     .needs_pid = true},
};

}  // namespace

std::span<const Scenario> socket_scenarios() {
  return kScenarios;
}

}  // namespace moonstone::bench
