// Moonstone. Licence: see LICENSE.
#pragma once
// Figures: what `moonstone top` shows, made of two readings of a server's metrics.
//
// The server counts since its start; rates and percentiles of the time between the readings are
// their difference.
// Threads: pure functions on values.

#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/value.h"

namespace moonstone::cli {

/// How many of something, and how long they took.
struct Pace {
  double per_second = 0;
  std::optional<double> p50_ms;  // nothing: there were none
  std::optional<double> p99_ms;
};

struct FunctionFigures {
  std::string name;
  std::string kind;
  double calls = 0;  // since the server's start
  Pace pace;
  double errors_per_second = 0;
  double cpu_percent = 0;  // of one core
  double cpu_seconds = 0;  // since the server's start
  double documents_per_second = 0;
};

struct ThreadFigures {
  std::string name;
  double cpu_percent = 0;  // of one core
};

struct Figures {
  std::string version;
  double seconds = 0;  // between the readings
  double connections = 0;
  double sockets = 0;
  double subscriptions = 0;
  double live_queries = 0;
  double tenants = 0;
  Pace queries;
  Pace mutations;
  Pace pushes;
  double commits_per_second = 0;
  std::optional<double> group_size;  // nothing: no commit
  double updates_per_second = 0;
  double reruns_per_second = 0;
  double unchanged_per_second = 0;
  double errors_per_second = 0;   // of functions
  double refused_per_second = 0;  // by limits and rules
  double writer_queue = 0;
  double live_queue = 0;
  double action_calls = 0;
  double action_workers = 0;
  double memory_bytes = 0;
  double v8_heaps = 0;
  double v8_bytes = 0;
  double database_bytes = 0;
  double wal_bytes = 0;
  double cpu_percent = 0;  // of one core
  double bytes_in_per_second = 0;
  double bytes_out_per_second = 0;
  std::vector<ThreadFigures> threads;      // the busiest first
  std::vector<FunctionFigures> functions;  // the costliest first
};

/// `before` and `after` are answers of /__admin/metrics, `seconds` apart. Figures that a server
/// does not know are zero.
[[nodiscard]] Figures figures_between(const Value& before, const Value& after, double seconds);

[[nodiscard]] Value to_json_value(const Figures& figures);

}  // namespace moonstone::cli
