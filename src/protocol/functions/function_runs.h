// Moonstone. Licence: see LICENSE.
#pragma once
// FunctionRuns: how often each function ran, how long, and how it ended; and the latest runs.
// Threads: synchronised. Cost of a run: one short lock, about 100 ns.

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "base/metrics.h"
#include "base/value.h"
#include "runtime/bundle.h"

namespace moonstone::protocol::functions {

/// Runs that are kept one by one.
inline constexpr std::size_t kRecentRunsMax = 512;
/// Functions that are counted; projects have some hundred.
inline constexpr std::size_t kCountedFunctionsMax = 10'000;

struct FunctionRun {
  std::string function;
  runtime::FunctionKind kind = runtime::FunctionKind::Query;
  std::string tenant;
  std::string request;  // empty: nobody's, such as the re-run of a live query
  std::int64_t unix_ms = 0;
  std::chrono::nanoseconds duration{};
  std::string error;  // empty: it succeeded
};

class FunctionRuns {
 public:
  void record(FunctionRun run);

  struct Summary {
    runtime::FunctionKind kind = runtime::FunctionKind::Query;
    HistogramCounts succeeded;
    HistogramCounts failed;
    std::string last_error;
    std::int64_t last_error_unix_ms = 0;
    std::int64_t last_run_unix_ms = 0;
  };
  [[nodiscard]] std::map<std::string, Summary> summaries() const;
  /// The latest first; `function` empty: of all.
  [[nodiscard]] std::vector<FunctionRun> recent(std::string_view tenant,
                                                std::string_view function,
                                                std::size_t runs_max) const;

  /// Adds `moonstone_function_run_seconds`.
  void read(MetricSnapshot& snapshot) const;

 private:
  struct State {
    std::map<std::string, Summary, std::less<>> summaries;
    std::deque<FunctionRun> recent;  // the latest first
  };
  mutable Guarded<State> state_;
};

[[nodiscard]] std::string_view name_of(runtime::FunctionKind kind);
/// {"count","errors","p50","p99",..} of one function, times in milliseconds.
[[nodiscard]] Value to_json_value(const FunctionRuns::Summary& summary);
[[nodiscard]] Value to_json_value(const FunctionRun& run);

}  // namespace moonstone::protocol::functions
