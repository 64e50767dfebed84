// Moonstone. Licence: see LICENSE.
// What an idle socket costs in memory, and how many frames go through one I/O thread.
//
// Client and server share the process; a raw client socket costs it no memory worth counting.
#include <cstdio>

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <unistd.h>

#include "server/server.h"
#include "tests/server/raw_client.h"

namespace moonstone::server {
namespace {

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
  for (auto _ : state) {
    client.send_text(text);
    benchmark::DoNotOptimize(client.frame());
  }
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
  for (auto _ : state) {
    client.send(burst);
    for (int i = 0; i < kBurst; ++i)
      benchmark::DoNotOptimize(client.frame());
  }
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
  for (auto _ : state) {
    for (const auto& sink : sinks)
      sink->send(frame);
    for (RawClient& client : clients)
      benchmark::DoNotOptimize(client.frame());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kSockets));
}
BENCHMARK(fan_out)->UseRealTime();

}  // namespace
}  // namespace moonstone::server
