// Moonstone. Licence: see LICENSE.
// Scenarios of the sockets themselves.
#include <fstream>
#include <string>

#include "bench/load/fleet.h"
#include "bench/load/scenarios.h"

namespace moonstone::bench {

namespace {

constexpr std::size_t kGroups = 100;

// --- reconnect-storm ----------------------------------------------------------------------------

/// All connections are lost at once, come back at once, and subscribe again. Latency: from the loss
/// to the first result of each.
class Storms {
 public:
  explicit Storms(Run& run) : run_(run), fleet_(run) {
    fleet_.on_open([this](std::size_t socket) { subscribe(socket); });
    fleet_.on_message([this](std::size_t /*socket*/, const Message& message) { heard(message); });
  }

  void go() {
    const std::size_t count = run_.options.connections;
    if (!fleet_.connect(count) || !await_results()) return;
    run_.meter.measure(now(), after(now(), run_.options.seconds));
    std::size_t storms = 0;
    for (; !run_.meter.is_over(); ++storms) {
      results_ = 0;
      began_ = now();
      for (std::size_t socket = 0; socket < count; ++socket)
        fleet_.reconnect(socket);
      if (!await_results()) return;
    }
    run_.report.add_count("connections", count);
    run_.report.add_count("storms", storms);
    run_.report.add_measured(run_.meter.measured());
  }

 private:
  void subscribe(std::size_t socket) {
    fleet_.query(
        socket, "items:page",
        R"({"group":"g)" + std::to_string(socket % kGroups) + R"(","limit":10,"salt":""})");
  }
  void heard(const Message& message) {
    if (message.kind != MessageKind::Result) {
      return run_.meter.failed("nobody asked for " + std::string(message.text));
    }
    results_ += 1;
    if (began_ != Time{}) run_.meter.answered(began_);
  }
  bool await_results() {
    return fleet_.turn_until("first results",
                             [this] { return results_ == run_.options.connections; });
  }

  Run& run_;
  std::size_t results_ = 0;
  Time began_{};  // the last storm; none yet: the connections are the first ones
  Fleet fleet_;
};

void storm_again_and_again(Run& run) {
  Storms(run).go();
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
  const Time until = after(now(), run.options.seconds);
  while (now() < until && !run.meter.failure())
    fleet.turn(until);
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
     .summary = "all sockets are lost at once, come back and subscribe, again and again",
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
