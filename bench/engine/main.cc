// Moonstone. Licence: see LICENSE.
// The engine next to raw prepared statements in the same process, on the same disk, in turns.
// Prints a line of JSON per operation with the rate and the processor time of both.
//
//   against_raw <folder for the files> [seconds per operation and peer]
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "bench/engine/engine_peer.h"
#include "bench/engine/raw_peer.h"

namespace {

using moonstone::bench::Peer;
using moonstone::bench::SteadyClock;
using Seconds = std::chrono::duration<double>;

/// Short enough that what disturbs the machine meets both.
constexpr Seconds kTurn{0.25};

struct Operation {
  const char* name;
  std::uint64_t (Peer::*run_until)(SteadyClock::time_point end);
};
constexpr std::array kOperations{
    Operation{"insert", &Peer::insert_until}, Operation{"point read", &Peer::get_until},
    Operation{"query of 10 documents", &Peer::page_until},
    Operation{"counter", &Peer::increment_until}, Operation{"transfer", &Peer::transfer_until}};

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

struct Sum {
  double count = 0;
  double seconds = 0;
  double processor_seconds = 0;

  void take_turn(Peer& peer, const Operation& operation) {
    const auto start = SteadyClock::now();
    const double processor_start = ::processor_seconds();
    count += static_cast<double>((peer.*operation.run_until)(
        start + std::chrono::duration_cast<SteadyClock::duration>(kTurn)));
    seconds += Seconds(SteadyClock::now() - start).count();
    processor_seconds += ::processor_seconds() - processor_start;
  }
  [[nodiscard]] double per_second() const { return count / seconds; }
  [[nodiscard]] double us_each() const { return 1e6 * processor_seconds / count; }
};

void compare(const Operation& operation, Peer& raw, Peer& engine, Seconds time) {
  Sum of_raw;
  Sum of_engine;
  while (of_engine.seconds < time.count()) {
    of_raw.take_turn(raw, operation);
    of_engine.take_turn(engine, operation);
  }
  std::printf(
      "{\"scenario\":\"%s\",\"raw_per_second\":%.0f,\"engine_per_second\":%.0f,"
      "\"raw_cpu_us_per_request\":%.2f,\"server_cpu_us_per_request\":%.2f}\n",
      operation.name, of_raw.per_second(), of_engine.per_second(), of_raw.us_each(),
      of_engine.us_each());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) moonstone::bench::fail("usage: against_raw <folder> [seconds]");
  const std::string folder = argv[1];
  const Seconds time(argc > 2 ? std::strtod(argv[2], nullptr) : 2);
  const auto raw = moonstone::bench::make_raw_peer(folder + "/raw.db");
  const auto engine = moonstone::bench::make_engine_peer(folder + "/engine.db");
  for (const Operation& operation : kOperations)
    compare(operation, *raw, *engine, time);
  return 0;
}
