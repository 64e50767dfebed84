// Moonstone. Licence: see LICENSE.
// The load generator: runs one scenario against a server that serves bench/app.
// Exit codes: 0 measured, 1 something went wrong on the way, 2 wrong usage.
#include <cstdio>
#include <string>

#include <sys/resource.h>

#include "bench/load/options.h"
#include "bench/load/scenarios.h"

namespace moonstone::bench {

namespace {

/// Every socket takes a descriptor; the hard limit is ours to take.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int measure(const Options& options) {
  Run run{.options = options, .meter = Meter(options.server_pid)};
  if (const auto scenario = find_scenario(options.scenario)) scenario->run(run);
  if (const auto failure = run.meter.failure()) {
    std::fprintf(stderr, "load: %s: %s\n", options.scenario.c_str(), failure->c_str());
    return 1;
  }
  const std::string text =
      options.is_json ? run.report.to_json(options.scenario) : run.report.to_text(options.scenario);
  std::puts(text.c_str());
  return 0;
}

}  // namespace

}  // namespace moonstone::bench

int main(int argc, char** argv) {
  const auto options = moonstone::bench::parse_options(argc, argv);
  if (!options) {
    const auto& [text, exit_code] = options.error();
    std::fprintf(exit_code == 0 ? stdout : stderr, "%s%s\n",
                 exit_code == 0 ? "" : "load: ", text.c_str());
    return exit_code;
  }
  moonstone::bench::raise_descriptor_limit();
  return moonstone::bench::measure(*options);
}
