// Moonstone. Licence: see LICENSE.
// What a write costs beside many registered queries, and what registering costs.
#include <benchmark/benchmark.h>

#include "live/internal/dependency_index.h"
#include "tests/live/live_test_support.h"

namespace moonstone::live {
namespace {

using query::CompareOp;
using query::Expr;
using testing::compare_field;
using testing::footprint_of;

/// One half depends on an equality, the other on a range.
query::FootprintPtr footprint(const schema::Table& table, std::int64_t i) {
  if (i % 2 == 0) return footprint_of({testing::rows_equal(table, "a", i)});
  return footprint_of(
      {testing::rows_where(table, Expr::all_of({compare_field(CompareOp::Gte, "b", i * 10),
                                                compare_field(CompareOp::Lt, "b", i * 10 + 10)}))});
}

void fill(DependencyIndex& index, const schema::Table& table, std::int64_t queries) {
  for (std::int64_t i = 0; i < queries; ++i) {
    index.add({static_cast<std::uint64_t>(i)}, footprint(table, i));
  }
}

void write_beside(benchmark::State& state, std::int64_t a, std::int64_t b) {
  const schema::Table table = testing::make_table("items");
  DependencyIndex index;
  fill(index, table, state.range(0));
  const std::vector<query::Change> changes = {
      testing::make_change(std::nullopt, testing::make_row(table, 1, {a, b}))};
  std::vector<QueryNumber> touched;
  for (auto _ : state) {
    touched.clear();
    index.find_touched(changes, touched);
    benchmark::DoNotOptimize(touched.data());
  }
  state.counters["touched"] = static_cast<double>(touched.size());
}

void write_touching_nothing(benchmark::State& state) {
  write_beside(state, -1, -1);
}
BENCHMARK(write_touching_nothing)->Arg(1'000)->Arg(10'000)->Arg(100'000);

void write_touching_two(benchmark::State& state) {
  write_beside(state, 500, 5'015);
}
BENCHMARK(write_touching_two)->Arg(1'000)->Arg(10'000)->Arg(100'000);

/// All queries look at parts of one group, the one that is written to.
void write_touching_one_part_of_a_group(benchmark::State& state) {
  const schema::Table table = testing::make_table("items");
  DependencyIndex index;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    const auto part =
        Expr::all_of({compare_field(CompareOp::Eq, "a", 1), compare_field(CompareOp::Gte, "b", i),
                      compare_field(CompareOp::Lt, "b", i + 1)});
    index.add({static_cast<std::uint64_t>(i)}, footprint_of({testing::rows_where(table, part)}));
  }
  const std::vector<query::Change> changes = {
      testing::make_change(std::nullopt, testing::make_row(table, 1, {1, 500.5}))};
  std::vector<QueryNumber> touched;
  for (auto _ : state) {
    touched.clear();
    index.find_touched(changes, touched);
    benchmark::DoNotOptimize(touched.data());
  }
}
BENCHMARK(write_touching_one_part_of_a_group)->Arg(1'000)->Arg(100'000);

void register_and_remove(benchmark::State& state) {
  const schema::Table table = testing::make_table("items");
  DependencyIndex index;
  fill(index, table, state.range(0));
  const auto again = footprint(table, state.range(0) / 2 + 1);
  const QueryNumber number{static_cast<std::uint64_t>(state.range(0))};
  for (auto _ : state) {
    index.add(number, again);
    index.remove(number);
  }
}
BENCHMARK(register_and_remove)->Arg(1'000)->Arg(100'000);

}  // namespace
}  // namespace moonstone::live
