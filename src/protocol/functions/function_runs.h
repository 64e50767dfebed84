// Moonstone. Licence: see LICENSE.
#pragma once
// FunctionRuns: how often each function ran, how long, what it cost and how it ended; and the
// latest runs.
//
// A function's figures are made at its first run and stay; they are found by an open hash table
// that only grows, so that counting takes no lock. The latest runs stand in a ring of places whose
// strings keep their room.
// Threads: synchronised. Cost of a run that succeeds: no allocation, and the lock of one place of
// the ring, for which nobody waits.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
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
/// Functions that are counted; projects have some hundred. Of later ones only the runs are kept.
inline constexpr std::size_t kCountedFunctionsMax = 2'048;

/// A run that is kept.
struct FunctionRun {
  std::string function;
  runtime::FunctionKind kind = runtime::FunctionKind::Query;
  std::string tenant;
  std::string request;  // empty: nobody's, such as the re-run of a live query
  std::int64_t unix_ms = 0;
  std::chrono::nanoseconds duration{};
  std::string error;  // empty: it succeeded
};

/// A run as it is noted.
struct RunNote {
  std::string_view function = {};
  runtime::FunctionKind kind = runtime::FunctionKind::Query;
  std::string_view tenant = {};
  std::string_view request = {};
  std::int64_t unix_ms = 0;
  std::chrono::nanoseconds duration{};
  std::chrono::nanoseconds work{};  // CPU time; zero if another process did it
  std::uint64_t documents = 0;      // that it read
  std::string_view error = {};      // empty: it succeeded
};

class FunctionRuns {
 public:
  FunctionRuns();
  ~FunctionRuns();
  FunctionRuns(const FunctionRuns&) = delete;
  FunctionRuns& operator=(const FunctionRuns&) = delete;

  void record(const RunNote& run);

  struct Summary {
    runtime::FunctionKind kind = runtime::FunctionKind::Query;
    HistogramCounts succeeded;
    HistogramCounts failed;
    double work_seconds = 0;
    std::uint64_t documents = 0;
    std::string last_error;
    std::int64_t last_error_unix_ms = 0;
    std::int64_t last_run_unix_ms = 0;
  };
  [[nodiscard]] std::map<std::string, Summary> summaries() const;
  /// The latest first; `function` empty: of all.
  [[nodiscard]] std::vector<FunctionRun> recent(std::string_view tenant,
                                                std::string_view function,
                                                std::size_t runs_max) const;

  /// Adds `moonstone_function_run_seconds` and what the runs cost.
  void read(MetricSnapshot& snapshot) const;

 private:
  struct Figures;
  /// Twice as many as functions, so that a search is short.
  static constexpr std::size_t kPlaces = 2 * kCountedFunctionsMax;

  [[nodiscard]] Figures* find_or_make(std::string_view function);
  Figures* make(std::string_view function);
  void keep(const RunNote& run);

  std::array<std::atomic<Figures*>, kPlaces> places_{};
  mutable Guarded<std::vector<std::unique_ptr<Figures>>> made_;
  std::unique_ptr<std::array<Guarded<FunctionRun>, kRecentRunsMax>> ring_;
  std::atomic<std::uint64_t> kept_{0};  // runs so far; the next place of the ring
};

[[nodiscard]] std::string_view name_of(runtime::FunctionKind kind);
/// {"count","errors","p50","p99",..} of one function, times in milliseconds.
[[nodiscard]] Value to_json_value(const FunctionRuns::Summary& summary);
[[nodiscard]] Value to_json_value(const FunctionRun& run);

}  // namespace moonstone::protocol::functions
