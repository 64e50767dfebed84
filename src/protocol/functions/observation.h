// Moonstone. Licence: see LICENSE.
#pragma once
// Observation: what a server knows about its own work. One per process; everything that works for
// requests is handed a pointer to it, and may have none.
// Threads: synchronised.

#include <functional>

#include "base/metrics.h"
#include "protocol/functions/function_runs.h"
#include "protocol/functions/log_hub.h"

namespace moonstone::protocol::functions {

struct Observation {
  /// `logger` must outlive it.
  Observation(Logger& logger, Clock& clock) : logs(logger, clock) {}

  LogHub logs;  // the Logger to hand to everybody
  FunctionRuns runs;
  Metrics metrics;
  /// Adds what others know at the moment of asking, such as the server its connections. Set before
  /// requests come.
  std::function<void(MetricSnapshot&)> read_more;
};

}  // namespace moonstone::protocol::functions
