// Moonstone. Licence: see LICENSE.
#pragma once
// Measurements: counters and histograms that cost a few relaxed atomic additions, and the text in
// which Prometheus reads them.
//
// Metrics makes them by name and labels and keeps them for ever; whoever counts holds a reference.
// What is known only at the moment of asking (gauges) is added by whoever asks.
// Threads: synchronised; add() and record() take no lock, making one and reading all do.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/value.h"

namespace moonstone {

class Counter {
 public:
  void add(std::uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Upper bounds of the buckets, in seconds: from a cached answer to a slow action.
inline constexpr std::array<double, 16> kDurationBounds = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
    0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};

/// What a histogram has seen.
struct HistogramCounts {
  std::array<std::uint64_t, kDurationBounds.size() + 1> buckets{};  // the last: beyond all bounds
  std::uint64_t count = 0;
  double sum_seconds = 0;

  void record(double seconds);
  /// The value below which `share` (0 to 1) of the records lie, interpolated within its bucket;
  /// 0 if there are none.
  [[nodiscard]] double quantile_seconds(double share) const;
};

class Histogram {
 public:
  void record(std::chrono::nanoseconds duration);
  [[nodiscard]] HistogramCounts counts() const;

 private:
  std::array<std::atomic<std::uint64_t>, kDurationBounds.size() + 1> buckets_{};
  std::atomic<std::uint64_t> nanoseconds_{0};
};

using Labels = std::vector<std::pair<std::string, std::string>>;

enum class MetricType : unsigned char { Counter, Gauge, Histogram };

/// One reading of everything.
struct MetricSample {
  Labels labels;
  double value = 0;           // counters and gauges
  HistogramCounts histogram;  // histograms
};
struct MetricFamily {
  std::string name;  // snake_case with the unit: "moonstone_http_requests_total"
  MetricType type = MetricType::Counter;
  std::string help;
  std::vector<MetricSample> samples;
};
using MetricSnapshot = std::vector<MetricFamily>;

/// Adds a family with one sample without labels.
void add_metric(MetricSnapshot& snapshot,
                MetricType type,
                std::string_view name,
                std::string_view help,
                double value);

/// The text format of Prometheus, version 0.0.4.
[[nodiscard]] std::string to_prometheus(const MetricSnapshot& snapshot);
/// `{"name": {"type", "help", "samples": [{"labels", "value"}]}}`; histograms have count, sum, p50,
/// p90, p99 (seconds) and the buckets of kDurationBounds instead of a value.
[[nodiscard]] Value to_json_value(const MetricSnapshot& snapshot);

class Metrics {
 public:
  /// The one with these labels, made at the first call. Hold the reference where it is hot.
  [[nodiscard]] Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
  [[nodiscard]] Histogram& histogram(std::string_view name,
                                     std::string_view help,
                                     Labels labels = {});
  void read(MetricSnapshot& snapshot) const;

 private:
  struct Entry {
    Labels labels;
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Histogram> histogram;
  };
  struct Family {
    MetricType type = MetricType::Counter;
    std::string help;
    std::vector<Entry> entries;
  };
  Entry& entry_of(std::map<std::string, Family, std::less<>>& families,
                  MetricType type,
                  std::string_view name,
                  std::string_view help,
                  Labels labels);

  mutable Guarded<std::map<std::string, Family, std::less<>>> families_;
};

}  // namespace moonstone
