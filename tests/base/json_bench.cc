// Moonstone. Licence: see LICENSE.
//
// JSON of the shape that live queries carry: 50 rows of five fields. `bytes_per_second` counts
// text.

#include <string>

#include <benchmark/benchmark.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/ulid.h"

namespace moonstone {
namespace {

Value make_rows() {
  SeededRandom random(1);
  UlidGenerator ids(random);
  Array rows;
  for (int row = 0; row < 50; ++row) {
    rows.push_back(Object{{"_id", "cities:" + ids.next(1'753'184'523'123)},
                          {"_creationTime", 1'753'184'523'123.0},
                          {"name", "Sant Julià de Lòria " + std::to_string(row)},
                          {"latitude", 42.4655 + row / 7.0},
                          {"population", row * 1000}});
  }
  return rows;
}

void parse_rows(benchmark::State& state) {
  const std::string text = to_json(make_rows());
  for (auto _ : state)
    benchmark::DoNotOptimize(parse_json(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(parse_rows);

void write_rows(benchmark::State& state) {
  const Value rows = make_rows();
  std::string text;
  for (auto _ : state) {
    text.clear();
    write_json(rows, text);
    benchmark::DoNotOptimize(text.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(write_rows);

void make_ulid(benchmark::State& state) {
  UlidGenerator ids(system_random());
  std::int64_t unix_ms = 1'753'184'523'123;
  for (auto _ : state)
    benchmark::DoNotOptimize(ids.next(unix_ms++ / 8));
}
BENCHMARK(make_ulid);

void read_ulid_time(benchmark::State& state) {
  const std::string ulid = least_ulid_at(1'753'184'523'123);
  for (auto _ : state)
    benchmark::DoNotOptimize(ulid_unix_ms(ulid));
}
BENCHMARK(read_ulid_time);

}  // namespace
}  // namespace moonstone
