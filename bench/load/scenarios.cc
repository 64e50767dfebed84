// Moonstone. Licence: see LICENSE.
#include "bench/load/scenarios.h"

namespace moonstone::bench {

std::vector<Scenario> all_scenarios() {
  std::vector<Scenario> all;
  for (const auto part :
       {request_scenarios(), subscription_scenarios(), neighbour_scenarios(), socket_scenarios()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

std::optional<Scenario> find_scenario(std::string_view name) {
  for (const Scenario& scenario : all_scenarios())
    if (scenario.name == name) return scenario;
  return std::nullopt;
}

}  // namespace moonstone::bench
