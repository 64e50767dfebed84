// Moonstone. Licence: see LICENSE.
#include "base/metrics.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace moonstone {
namespace {

using ::testing::HasSubstr;

TEST(Metrics, SameNameAndLabelsIsOneCounter) {
  Metrics metrics;
  metrics.counter("runs_total", "Runs.", {{"kind", "query"}}).add(2);
  metrics.counter("runs_total", "Runs.", {{"kind", "query"}}).add();
  metrics.counter("runs_total", "Runs.", {{"kind", "mutation"}}).add();
  MetricSnapshot snapshot;
  metrics.read(snapshot);
  ASSERT_EQ(snapshot.size(), 1U);
  EXPECT_EQ(snapshot[0].samples[0].value, 3);
  EXPECT_EQ(snapshot[0].samples[1].value, 1);
}

TEST(Metrics, PrometheusText) {
  Metrics metrics;
  metrics.counter("a_total", "How \"many\"\nas.", {{"path", "/x\"y\\z\n"}}).add(7);
  metrics.histogram("b_seconds", "How long.").record(std::chrono::milliseconds(3));
  MetricSnapshot snapshot;
  metrics.read(snapshot);
  add_metric(snapshot, MetricType::Gauge, "c_bytes", "How large.", 1.5);
  const std::string text = to_prometheus(snapshot);
  EXPECT_THAT(text, HasSubstr("# HELP a_total How \"many\"\\nas.\n# TYPE a_total counter\n"
                              "a_total{path=\"/x\\\"y\\\\z\\n\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE b_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("b_seconds_bucket{le=\"0.0025\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("b_seconds_bucket{le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("b_seconds_bucket{le=\"+Inf\"} 1\nb_seconds_sum 0.003\n"));
  EXPECT_THAT(text, HasSubstr("b_seconds_count 1\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE c_bytes gauge\nc_bytes 1.5\n"));
}

TEST(Metrics, Quantiles) {
  HistogramCounts counts;
  EXPECT_EQ(counts.quantile_seconds(0.5), 0);
  for (int i = 0; i < 99; ++i)
    counts.record(0.003);
  counts.record(100);
  EXPECT_GT(counts.quantile_seconds(0.5), 0.0025);
  EXPECT_LE(counts.quantile_seconds(0.5), 0.005);
  EXPECT_LE(counts.quantile_seconds(0.99), 0.005);
  EXPECT_EQ(counts.quantile_seconds(1), 10) << "beyond all bounds";
  counts.record(0);
  counts.record(-1);
  EXPECT_EQ(counts.buckets[0], 2U);
}

TEST(Metrics, JsonHasQuantiles) {
  Metrics metrics;
  metrics.histogram("b_seconds", "How long.", {{"kind", "x"}}).record(std::chrono::seconds(2));
  MetricSnapshot snapshot;
  metrics.read(snapshot);
  const std::string json = to_json(to_json_value(snapshot));
  EXPECT_THAT(json, HasSubstr(R"("labels":{"kind":"x"},"count":1,"sum":2)"));
  EXPECT_THAT(json, HasSubstr(R"("p99":)"));
  EXPECT_THAT(json, HasSubstr(R"("buckets":[0,0,)"));
}

TEST(Metrics, ManyThreads) {
  Metrics metrics;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&metrics] {
        for (int k = 0; k < 1000; ++k) {
          metrics.counter("a_total", "As.").add();
          metrics.histogram("b_seconds", "Bs.").record(std::chrono::microseconds(k));
        }
      });
    }
  }
  EXPECT_EQ(metrics.counter("a_total", "As.").value(), 4000U);
  EXPECT_EQ(metrics.histogram("b_seconds", "Bs.").counts().count, 4000U);
}

}  // namespace
}  // namespace moonstone
