// Moonstone. Licence: see LICENSE.
#pragma once
// Scenarios: what the load generator can do, by name.

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "bench/load/meter.h"
#include "bench/load/options.h"
#include "bench/load/report.h"

namespace moonstone::bench {

/// What a scenario works with. If it fails, the meter knows why and the report means nothing.
struct Run {
  const Options& options;
  Meter meter;
  Report report{};
};

struct Scenario {
  std::string_view name;
  std::string_view summary;
  void (*run)(Run& run);
  bool has_open_loop = false;
  bool needs_pid = false;
};

// By file: requests.cc, subscriptions.cc, neighbours.cc, sockets.cc.
[[nodiscard]] std::span<const Scenario> request_scenarios();
[[nodiscard]] std::span<const Scenario> subscription_scenarios();
[[nodiscard]] std::span<const Scenario> neighbour_scenarios();
[[nodiscard]] std::span<const Scenario> socket_scenarios();

[[nodiscard]] std::vector<Scenario> all_scenarios();
[[nodiscard]] std::optional<Scenario> find_scenario(std::string_view name);

}  // namespace moonstone::bench
