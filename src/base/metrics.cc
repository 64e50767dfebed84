// Moonstone. Licence: see LICENSE.
#include "base/metrics.h"

#include <algorithm>

#include <fmt/format.h>

namespace moonstone {
namespace {

std::size_t bucket_of(double seconds) {
  const auto* const found = std::ranges::lower_bound(kDurationBounds, seconds);
  return static_cast<std::size_t>(found - kDurationBounds.begin());
}

std::string_view name_of(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Histogram:
      return "histogram";
  }
  return "untyped";
}

/// `escaped` are the characters that get a backslash besides the line feed.
void append_escaped(std::string_view text, std::string_view escaped, std::string& out) {
  for (const char c : text) {
    if (escaped.contains(c)) out.push_back('\\');
    if (c == '\n') {
      out += "\\n";
    } else {
      out.push_back(c);
    }
  }
}

void append_line(std::string_view name,
                 const Labels& labels,
                 std::string_view bound,
                 double value,
                 std::string& out) {
  out += name;
  std::string_view separator = "{";
  const auto append_label = [&](std::string_view label, std::string_view text) {
    out.append(separator).append(label).append("=\"");
    append_escaped(text, R"(\")", out);
    out.push_back('"');
    separator = ",";
  };
  for (const auto& [label, text] : labels)
    append_label(label, text);
  if (!bound.empty()) append_label("le", bound);
  if (separator == ",") out.push_back('}');
  out += fmt::format(" {}\n", value);
}

void append_histogram(const MetricFamily& family, const MetricSample& sample, std::string& out) {
  std::uint64_t below = 0;
  const std::string buckets = family.name + "_bucket";
  for (std::size_t i = 0; i < sample.histogram.buckets.size(); ++i) {
    below += sample.histogram.buckets[i];
    const std::string bound =
        i < kDurationBounds.size() ? fmt::format("{}", kDurationBounds[i]) : "+Inf";
    append_line(buckets, sample.labels, bound, static_cast<double>(below), out);
  }
  append_line(family.name + "_sum", sample.labels, "", sample.histogram.sum_seconds, out);
  append_line(family.name + "_count", sample.labels, "",
              static_cast<double>(sample.histogram.count), out);
}

}  // namespace

void HistogramCounts::record(double seconds) {
  ++buckets[bucket_of(seconds)];
  ++count;
  sum_seconds += seconds;
}

double HistogramCounts::quantile_seconds(double share) const {
  if (count == 0) return 0;
  const double wanted = share * static_cast<double>(count);
  double below = 0;
  for (std::size_t i = 0; i < kDurationBounds.size(); ++i) {
    const auto here = static_cast<double>(buckets[i]);
    if (here > 0 && below + here >= wanted) {
      const double from = i == 0 ? 0 : kDurationBounds[i - 1];
      return from + (kDurationBounds[i] - from) * std::max(0.0, wanted - below) / here;
    }
    below += here;
  }
  return kDurationBounds.back();
}

void Histogram::record(std::chrono::nanoseconds duration) {
  const auto elapsed = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
  buckets_[bucket_of(static_cast<double>(elapsed) / 1e9)].fetch_add(1, std::memory_order_relaxed);
  nanoseconds_.fetch_add(elapsed, std::memory_order_relaxed);
}

HistogramCounts Histogram::counts() const {
  HistogramCounts out;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    out.buckets[i] = buckets_[i].load(std::memory_order_relaxed);
    out.count += out.buckets[i];
  }
  out.sum_seconds = static_cast<double>(nanoseconds_.load(std::memory_order_relaxed)) / 1e9;
  return out;
}

void add_metric(MetricSnapshot& snapshot,
                MetricType type,
                std::string_view name,
                std::string_view help,
                double value) {
  snapshot.push_back({.name = std::string(name),
                      .type = type,
                      .help = std::string(help),
                      .samples = {{.labels = {}, .value = value, .histogram = {}}}});
}

std::string to_prometheus(const MetricSnapshot& snapshot) {
  std::string out;
  for (const MetricFamily& family : snapshot) {
    out.append("# HELP ").append(family.name).append(" ");
    append_escaped(family.help, R"(\)", out);
    out += fmt::format("\n# TYPE {} {}\n", family.name, name_of(family.type));
    for (const MetricSample& sample : family.samples) {
      if (family.type == MetricType::Histogram) {
        append_histogram(family, sample, out);
      } else {
        append_line(family.name, sample.labels, "", sample.value, out);
      }
    }
  }
  return out;
}

Value to_json_value(const MetricSnapshot& snapshot) {
  Object out;
  for (const MetricFamily& family : snapshot) {
    Array samples;
    for (const MetricSample& sample : family.samples) {
      Object labels;
      for (const auto& [label, text] : sample.labels)
        labels.append(label, text);
      Object one{{"labels", std::move(labels)}};
      if (family.type == MetricType::Histogram) {
        one.append("count", static_cast<std::int64_t>(sample.histogram.count));
        one.append("sum", sample.histogram.sum_seconds);
        one.append("p50", sample.histogram.quantile_seconds(0.5));
        one.append("p90", sample.histogram.quantile_seconds(0.9));
        one.append("p99", sample.histogram.quantile_seconds(0.99));
        Array buckets;
        for (const std::uint64_t bucket : sample.histogram.buckets)
          buckets.emplace_back(static_cast<std::int64_t>(bucket));
        one.append("buckets", std::move(buckets));
      } else {
        one.append("value", sample.value);
      }
      samples.emplace_back(std::move(one));
    }
    out.append(family.name, Object{{"type", name_of(family.type)},
                                   {"help", family.help},
                                   {"samples", std::move(samples)}});
  }
  return out;
}

Metrics::Entry& Metrics::entry_of(std::map<std::string, Family, std::less<>>& families,
                                  MetricType type,
                                  std::string_view name,
                                  std::string_view help,
                                  Labels labels) {
  auto found = families.find(name);
  if (found == families.end()) {
    found = families
                .emplace(std::string(name),
                         Family{.type = type, .help = std::string(help), .entries = {}})
                .first;
  }
  auto& entries = found->second.entries;
  const auto same = std::ranges::find(entries, labels, &Entry::labels);
  if (same != entries.end()) return *same;
  Entry entry{.labels = std::move(labels), .counter = nullptr, .histogram = nullptr};
  if (type == MetricType::Histogram) {
    entry.histogram = std::make_unique<Histogram>();
  } else {
    entry.counter = std::make_unique<Counter>();
  }
  entries.push_back(std::move(entry));
  return entries.back();
}

Counter& Metrics::counter(std::string_view name, std::string_view help, Labels labels) {
  const auto families = families_.lock();
  return *entry_of(*families, MetricType::Counter, name, help, std::move(labels)).counter;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, Labels labels) {
  const auto families = families_.lock();
  return *entry_of(*families, MetricType::Histogram, name, help, std::move(labels)).histogram;
}

void Metrics::read(MetricSnapshot& snapshot) const {
  const auto families = families_.lock();
  for (const auto& [name, family] : *families) {
    MetricFamily& out = snapshot.emplace_back();
    out.name = name;
    out.type = family.type;
    out.help = family.help;
    for (const Entry& entry : family.entries) {
      MetricSample sample{.labels = entry.labels, .value = 0, .histogram = {}};
      if (entry.counter != nullptr) sample.value = static_cast<double>(entry.counter->value());
      if (entry.histogram != nullptr) sample.histogram = entry.histogram->counts();
      out.samples.push_back(std::move(sample));
    }
  }
}

}  // namespace moonstone
