// Moonstone. Licence: see LICENSE.
// The ORM from C++ next to raw prepared statements in the same process, on the same disk, in turns.
// Prints the median time of one call of each, the median of their ratios, and the ratio of their
// processor time in all, which is the one to look at while others use the machine.
//
//   orm_against_raw <folder for the files> [rounds] [part of a task's name]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "bench/orm/orm_peer.h"
#include "bench/orm/raw_peer.h"

namespace {

using moonstone::bench::Peer;
using SteadyClock = std::chrono::steady_clock;

/// Rounds that fill caches and compile statements; not counted.
constexpr int kWarmRounds = 2;

struct Task {
  const char* name;
  int calls;  // in one turn
  /// One call; `number` differs from call to call, and is the same for both.
  std::int64_t (*run)(Peer& peer, std::int64_t number);
  bool writes = false;
  int rounds_max = 1'000;
};

namespace bench = moonstone::bench;

constexpr std::array kTasks{
    Task{"findUnique", 2'000,
         [](Peer& peer, std::int64_t number) {
           return peer.find_unique(number * 7919 % bench::kPeople + 1);
         }},
    Task{"findMany 100", 100,
         [](Peer& peer, std::int64_t number) { return peer.find_many(number % 900); }},
    Task{"findMany 100 + include", 20,
         [](Peer& peer, std::int64_t number) { return peer.find_many_with_posts(number % 900); }},
    Task{"cursor page by id", 300,
         [](Peer& peer, std::int64_t number) { return peer.page_by_id(number % 900); }},
    Task{"cursor page by time", 300,
         [](Peer& peer, std::int64_t number) {
           return peer.page_by_time(bench::time_text(400 + number % 500));
         }},
    Task{"search", 100,
         [](Peer& peer, std::int64_t number) {
           return peer.search("topic" + std::to_string(number % bench::kTopics));
         }},
    Task{"count", 100, [](Peer& peer, std::int64_t number) { return peer.count(number % 90); }},
    Task{"create", 300,
         [](Peer& peer, std::int64_t number) {
           return peer.create(bench::make_person(1'000'000 + number));
         },
         true},
    Task{"update", 300,
         [](Peer& peer, std::int64_t number) { return peer.update(number % 900 + 1, number % 97); },
         true},
    Task{"createMany 10,000", 1,
         [](Peer& peer, std::int64_t number) {
           return peer.create_many(10'000'000 + number * bench::kBatchRows);
         },
         true, 7},
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

double processor_us() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return 1e6 * static_cast<double>(time.tv_sec) + 1e-3 * static_cast<double>(time.tv_nsec);
}

/// Means of one call, in microseconds.
struct Turn {
  double us = 0;
  double processor_us = 0;
};

/// Adds what the calls returned to `sum`.
Turn take_turn(const Task& task, Peer& peer, std::int64_t first, std::int64_t& sum) {
  const auto begin = SteadyClock::now();
  const double processor_begin = processor_us();
  for (int i = 0; i < task.calls; ++i)
    sum += task.run(peer, first + i);
  const std::chrono::duration<double, std::micro> us = SteadyClock::now() - begin;
  return {.us = us.count() / task.calls,
          .processor_us = (processor_us() - processor_begin) / task.calls};
}

void compare(const Task& task, Peer& raw, Peer& orm, int rounds) {
  std::vector<double> raw_times;
  std::vector<double> orm_times;
  std::vector<double> ratios;
  double raw_processor = 0;
  double orm_processor = 0;
  std::int64_t raw_sum = 0;
  std::int64_t orm_sum = 0;
  std::int64_t number = 0;
  for (int round = -kWarmRounds; round < std::min(rounds, task.rounds_max); ++round) {
    const Turn of_raw = take_turn(task, raw, number, raw_sum);
    const Turn of_orm = take_turn(task, orm, number, orm_sum);
    number += task.calls;
    if (round < 0) continue;
    raw_times.push_back(of_raw.us);
    orm_times.push_back(of_orm.us);
    ratios.push_back(of_orm.us / of_raw.us);
    raw_processor += of_raw.processor_us;
    orm_processor += of_orm.processor_us;
  }
  if (raw_sum != orm_sum) bench::fail(std::string(task.name) + ": the two have other results");
  std::printf("%-24s %10.2f %10.2f %6.2f %9.2f\n", task.name, median(raw_times), median(orm_times),
              median(ratios), orm_processor / raw_processor);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) bench::fail("orm_against_raw <folder> [rounds] [task]");
  const std::string folder = argv[1];
  const int rounds = argc > 2 ? std::max(1, std::atoi(argv[2])) : 15;
  const std::string_view only = argc > 3 ? argv[3] : "";
  const auto raw = bench::make_raw_peer(folder + "/raw.db");
  const auto orm = bench::make_orm_peer(folder + "/orm.db");
  std::printf("%-24s %10s %10s %6s %9s\n", "task", "raw us", "orm us", "ratio", "processor");
  for (const Task& task : kTasks) {
    if (std::string_view(task.name).find(only) != std::string_view::npos)
      compare(task, *raw, *orm, rounds);
  }
  return 0;
}
