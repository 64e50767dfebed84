// Moonstone. Licence: see LICENSE.
// What an idle socket costs in memory, how many frames go through one I/O thread, and how often
// each of them allocates.
//
// Client and server share the process; a raw client socket costs it no memory worth counting, and
// what it allocates to read is left out of the count.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <unistd.h>

#include "server/server.h"
#include "tests/server/raw_client.h"

namespace {

std::atomic<std::uint64_t> allocations{0};
thread_local bool counts_allocations = true;

}  // namespace

void* operator new(std::size_t bytes) {
  if (counts_allocations) allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
  std::free(memory);
}

namespace moonstone::server {
namespace {

/// What the client does is not counted.
class AsClient {
 public:
  AsClient() { counts_allocations = false; }
  ~AsClient() { counts_allocations = true; }
  AsClient(const AsClient&) = delete;
  AsClient& operator=(const AsClient&) = delete;
};

/// Allocations of the server per frame that it sends.
class AllocationCounter {
 public:
  void report(benchmark::State& state, std::size_t frames_per_iteration) const {
    const double frames =
        static_cast<double>(state.iterations()) * static_cast<double>(frames_per_iteration);
    state.counters["allocations_per_frame"] = static_cast<double>(allocations - before_) / frames;
  }

 private:
  std::uint64_t before_ = allocations;
};

using testing::frame_of;
using testing::RawClient;
using testing::TestApplication;

std::unique_ptr<Server> serve(TestApplication& application) {
  ServerOptions options;
  options.port = 0;
  options.connections_max = 0;
  options.http_connections_max = 100'000;
  return *Server::start(options, application);
}

double resident_bytes() {
  long pages = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  if (std::fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
  std::fclose(file);
  return static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

void idle_sockets(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    TestApplication application;
    const auto server = serve(application);
    std::vector<RawClient> clients;
    clients.reserve(count);
    ::malloc_trim(0);
    const double before = resident_bytes();
    for (std::size_t i = 0; i < count; ++i) {
      clients.emplace_back(server->port());
      if (clients.back().upgrade() != 101) state.SkipWithError("not upgraded");
    }
    state.counters["bytes_per_socket"] = (resident_bytes() - before) / static_cast<double>(count);
    server->stop(std::chrono::milliseconds(0));
  }
}
BENCHMARK(idle_sockets)->Arg(1000)->Arg(9900)->Iterations(1)->Unit(benchmark::kMillisecond);

/// Request and answer, one at a time: mostly the price of two context switches.
void echo_one_by_one(benchmark::State& state) {
  TestApplication application;
  const auto server = serve(application);
  RawClient client(server->port());
  if (client.upgrade() != 101) state.SkipWithError("not upgraded");
  const std::string text(100, 'e');
  const AllocationCounter counter;
  for (auto _ : state) {
    const AsClient unseen;
    client.send_text(text);
    benchmark::DoNotOptimize(client.frame());
  }
  counter.report(state, 1);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(echo_one_by_one)->UseRealTime();

/// A hundred requests at once: frames that wait together leave together.
void echo_in_bursts(benchmark::State& state) {
  constexpr int kBurst = 100;
  TestApplication application;
  const auto server = serve(application);
  RawClient client(server->port());
  if (client.upgrade() != 101) state.SkipWithError("not upgraded");
  std::string burst;
  for (int i = 0; i < kBurst; ++i)
    burst += testing::masked_frame(0x81, std::string(100, 'e'));
  const AllocationCounter counter;
  for (auto _ : state) {
    const AsClient unseen;
    client.send(burst);
    for (int i = 0; i < kBurst; ++i)
      benchmark::DoNotOptimize(client.frame());
  }
  counter.report(state, kBurst);
  state.SetItemsProcessed(state.iterations() * kBurst);
}
BENCHMARK(echo_in_bursts)->UseRealTime();

/// One shared frame to a thousand sockets.
void fan_out(benchmark::State& state) {
  constexpr std::size_t kSockets = 1000;
  TestApplication application;
  const auto server = serve(application);
  std::vector<RawClient> clients;
  std::vector<protocol::SocketSinkPtr> sinks;
  for (std::size_t i = 0; i < kSockets; ++i) {
    clients.emplace_back(server->port());
    if (clients.back().upgrade() != 101) state.SkipWithError("not upgraded");
    sinks.push_back(application.take_sink());
  }
  const protocol::Frame frame = frame_of(std::string(1000, 'f'));
  const AllocationCounter counter;
  for (auto _ : state) {
    for (const auto& sink : sinks)
      sink->push(frame);
    const AsClient unseen;
    for (RawClient& client : clients)
      benchmark::DoNotOptimize(client.frame());
  }
  counter.report(state, kSockets);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kSockets));
}
BENCHMARK(fan_out)->UseRealTime();

}  // namespace
}  // namespace moonstone::server
