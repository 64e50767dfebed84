// Moonstone. Licence: see LICENSE.
#include "cli/figures.h"

#include <gtest/gtest.h>

#include "base/metrics.h"

namespace moonstone::cli {
namespace {

/// A server's counters, to which a test adds.
struct Server {
  double commits = 0;
  double mutations = 0;
  double memory = 0;
  HistogramCounts queries;
  HistogramCounts list_runs;
  HistogramCounts list_errors;
  double list_cpu = 0;

  [[nodiscard]] Value metrics() const {
    MetricSnapshot snapshot;
    const auto counted = [&snapshot](std::string_view name, double value) {
      add_metric(snapshot, MetricType::Counter, name, "", value);
    };
    counted("moonstone_group_commits_total", commits);
    counted("moonstone_mutations_total", mutations);
    counted("process_resident_memory_bytes", memory);
    const auto timed = [&snapshot](std::string_view name, Labels labels,
                                   const HistogramCounts& counts) {
      snapshot.push_back(
          {.name = std::string(name),
           .type = MetricType::Histogram,
           .help = "",
           .samples = {{.labels = std::move(labels), .value = 0, .histogram = counts}}});
    };
    timed("moonstone_query_seconds", {{"tenant", "default"}}, queries);
    const Labels labels{{"function", "tasks:list"}, {"kind", "query"}};
    Labels succeeded = labels;
    succeeded.emplace_back("outcome", "success");
    Labels failed = labels;
    failed.emplace_back("outcome", "error");
    timed("moonstone_function_run_seconds", std::move(succeeded), list_runs);
    snapshot.back().samples.push_back(
        {.labels = std::move(failed), .value = 0, .histogram = list_errors});
    snapshot.push_back({.name = "moonstone_function_cpu_seconds_total",
                        .type = MetricType::Counter,
                        .help = "",
                        .samples = {{.labels = labels, .value = list_cpu, .histogram = {}}}});
    return moonstone::to_json_value(snapshot);
  }
};

TEST(FiguresTest, RatesAndPercentilesAreOfTheTimeBetweenTheReadings) {
  Server server;
  for (int i = 0; i < 1000; ++i)
    server.queries.record(5.0);  // long before
  server.commits = 10;
  server.mutations = 10;
  const Value before = server.metrics();
  for (int i = 0; i < 100; ++i)
    server.queries.record(0.0008);
  server.commits += 8;
  server.mutations += 40;
  server.memory = 1024;
  const Figures figures = figures_between(before, server.metrics(), 2);
  EXPECT_DOUBLE_EQ(figures.queries.per_second, 50);
  ASSERT_TRUE(figures.queries.p99_ms);
  EXPECT_GT(*figures.queries.p99_ms, 0.5);
  EXPECT_LE(*figures.queries.p99_ms, 1);
  EXPECT_DOUBLE_EQ(figures.commits_per_second, 4);
  ASSERT_TRUE(figures.group_size);
  EXPECT_DOUBLE_EQ(*figures.group_size, 5);
  EXPECT_DOUBLE_EQ(figures.memory_bytes, 1024);
}

TEST(FiguresTest, NothingBetweenTheReadingsHasNoPercentile) {
  Server server;
  server.queries.record(0.1);
  const Figures figures = figures_between(server.metrics(), server.metrics(), 1);
  EXPECT_EQ(figures.queries.per_second, 0);
  EXPECT_FALSE(figures.queries.p50_ms);
  EXPECT_FALSE(figures.group_size);
}

TEST(FiguresTest, FunctionsCountErrorsAndProcessorTime) {
  Server server;
  server.list_cpu = 1;
  const Value before = server.metrics();
  for (int i = 0; i < 6; ++i)
    server.list_runs.record(0.002);
  for (int i = 0; i < 4; ++i)
    server.list_errors.record(0.002);
  server.list_cpu = 1.5;
  const Figures figures = figures_between(before, server.metrics(), 2);
  ASSERT_EQ(figures.functions.size(), 1U);
  const FunctionFigures& list = figures.functions.front();
  EXPECT_EQ(list.name, "tasks:list");
  EXPECT_EQ(list.kind, "query");
  EXPECT_EQ(list.calls, 10);
  EXPECT_DOUBLE_EQ(list.pace.per_second, 5);
  EXPECT_DOUBLE_EQ(list.errors_per_second, 2);
  EXPECT_DOUBLE_EQ(figures.errors_per_second, 2);
  EXPECT_DOUBLE_EQ(list.cpu_percent, 25);
}

TEST(FiguresTest, AServerThatWasRestartedIsNeverNegative) {
  Server server;
  for (int i = 0; i < 10; ++i)
    server.queries.record(0.001);
  server.commits = 100;
  const Value before = server.metrics();
  Server fresh;
  fresh.queries.record(0.001);
  fresh.commits = 3;
  const Figures figures = figures_between(before, fresh.metrics(), 1);
  EXPECT_DOUBLE_EQ(figures.queries.per_second, 1);
  EXPECT_DOUBLE_EQ(figures.commits_per_second, 3);
}

TEST(FiguresTest, ForeignAnswersAreZeros) {
  const Object odd_histogram{
      {"samples", Array{Object{{"buckets", Array{1, 2, 3}}}, Object{}, Value("text")}}};
  for (const Value& odd : {Value(), Value("text"), Value(Object{{"moonstone_query_seconds", 5}}),
                           Value(Object{{"moonstone_query_seconds", odd_histogram}})}) {
    const Figures figures = figures_between(odd, odd, 0);
    EXPECT_EQ(figures.queries.per_second, 0);
    EXPECT_TRUE(figures.functions.empty());
  }
}

}  // namespace
}  // namespace moonstone::cli
