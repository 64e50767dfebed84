// Moonstone. Licence: see LICENSE.
// The load generator: runs one scenario against a server that serves bench/app and prints one line
// of JSON: {"scenario":..,"per_second":..,"p50_ms":..,"p99_ms":..,"count":..}.
//
//   load <scenario> --port N [--connections N] [--seconds N] [--subscribers N]
//
// Scenarios (closed loop: each connection has one request under way):
//   query-shared    POST-like one-shot: subscribe to ten documents, unsubscribe; the same arguments
//   query-distinct  the same, every request with arguments of its own
//   mutation        a durable mutation that inserts one document
//   counter         all connections increment one document
//   fanout          one write, N subscribers of one query: time until the last push
//   untouched       a mutation beside N subscriptions that it does not touch
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "bench/load/latency.h"
#include "bench/load/socket_client.h"

namespace {

using moonstone::bench::Latency;
using moonstone::bench::ms_between;
using moonstone::bench::now;
using moonstone::bench::SocketClients;
using moonstone::bench::Time;

struct Options {
  std::string scenario;
  std::uint16_t port = 8788;
  std::size_t connections = 160;
  double seconds = 3;
  std::size_t subscribers = 500;
};

void print_result(const Options& options, double elapsed_s, Latency& latency) {
  std::printf(
      "{\"scenario\":\"%s\",\"connections\":%zu,\"subscribers\":%zu,\"count\":%zu,"
      "\"per_second\":%.0f,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
      options.scenario.c_str(), options.connections, options.subscribers, latency.count(),
      static_cast<double>(latency.count()) / elapsed_s, latency.percentile(0.5),
      latency.percentile(0.99));
}

[[noreturn]] void fail(std::string_view frame) {
  std::fprintf(stderr, "load: unexpected frame: %.*s\n", static_cast<int>(frame.size()),
               frame.data());
  std::exit(1);
}

/// A closed loop: every connection sends a request, waits for its answer, sends the next.
class ClosedLoop {
 public:
  using MakeRequest = std::string (*)(std::size_t connection, std::size_t number);

  ClosedLoop(const Options& options, MakeRequest make, std::string answer_type)
      : options_(options),
        make_(make),
        answer_type_(R"({"type":")" + std::move(answer_type) + "\""),
        clients_(
            [this](std::size_t connection, std::string_view text) { on_text(connection, text); }) {}

  void run() {
    clients_.connect(options_.port, options_.connections);
    sent_.resize(options_.connections);
    numbers_.resize(options_.connections);
    for (std::size_t i = 0; i < options_.connections; ++i)
      send_next(i);
    const Time warm = now() + std::chrono::milliseconds(300);
    while (now() < warm)
      clients_.poll(10);
    latency_ = {};
    const Time start = now();
    const Time end = start + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                 std::chrono::duration<double>(options_.seconds));
    while (now() < end)
      clients_.poll(10);
    print_result(options_, ms_between(start, now()) / 1000, latency_);
  }

 private:
  void send_next(std::size_t connection) {
    sent_[connection] = now();
    clients_.send(connection, make_(connection, numbers_[connection]++));
  }

  void on_text(std::size_t connection, std::string_view text) {
    if (text.starts_with(R"({"type":"error")")) fail(text);
    if (!text.starts_with(answer_type_)) return;
    latency_.add(ms_between(sent_[connection], now()));
    if (answer_type_ == R"({"type":"result")") {
      clients_.send(connection, R"({"type":"unsubscribe","id":1})");
    }
    send_next(connection);
  }

  Options options_;
  MakeRequest make_;
  std::string answer_type_;
  SocketClients clients_;
  std::vector<Time> sent_;
  std::vector<std::size_t> numbers_;
  Latency latency_;
};

std::string shared_query(std::size_t /*connection*/, std::size_t /*number*/) {
  return R"({"type":"query","id":1,"fn":"bench:page","args":{"group":"g1","salt":"0"}})";
}

std::string distinct_query(std::size_t connection, std::size_t number) {
  return R"({"type":"query","id":1,"fn":"bench:page","args":{"group":"g)" +
         std::to_string((connection + number) % 100) + R"(","salt":")" +
         std::to_string(connection) + "-" + std::to_string(number) + R"("}})";
}

std::string insert_mutation(std::size_t connection, std::size_t number) {
  return R"({"type":"mutation","id":)" + std::to_string(number) +
         R"(,"fn":"bench:add","args":{"group":"w)" + std::to_string(connection) +
         R"(","text":"hello","rank":)" + std::to_string(number) + "}}";
}

std::string increment_mutation(std::size_t /*connection*/, std::size_t number) {
  return R"({"type":"mutation","id":)" + std::to_string(number) +
         R"(,"fn":"bench:increment","args":{}})";
}

/// Untouched subscriptions are spread over sockets, below the server's limit per connection.
constexpr std::size_t kSubscriptionsPerSocket = 5'000;
constexpr std::size_t kFirstRunsWaiting = 2'000;

/// One writer and many subscribers: measures from sending a write to the last push, or with
/// subscribers elsewhere, to the writer's own reply.
class Subscribers {
 public:
  Subscribers(const Options& options, bool touched)
      : options_(options),
        touched_(touched),
        clients_(
            [this](std::size_t connection, std::string_view text) { on_text(connection, text); }) {}

  void run() {
    const std::size_t sockets =
        touched_ ? options_.subscribers : 1 + options_.subscribers / kSubscriptionsPerSocket;
    clients_.connect(options_.port, sockets + 1);
    for (std::size_t i = 0; i < options_.subscribers; ++i) {
      const std::string group = touched_ ? "f" : "u" + std::to_string(i);
      clients_.send(touched_ ? i : i / kSubscriptionsPerSocket,
                    R"({"type":"query","id":)" + std::to_string(i) +
                        R"(,"fn":"bench:page","args":{"group":")" + group + R"(","salt":""}})");
      // The server bounds the first runs that wait; stay well below.
      while (i + 1 - answered_ >= kFirstRunsWaiting)
        clients_.poll(100);
    }
    while (answered_ < options_.subscribers)
      clients_.poll(100);
    const Time start = now();
    const Time end = start + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                 std::chrono::duration<double>(options_.seconds));
    Latency latency;
    for (std::size_t number = 0; now() < end; ++number) {
      pushed_ = 0;
      replied_ = false;
      const Time sent = now();
      clients_.send(sockets, insert_into("f", number));
      while (!replied_ || (touched_ && pushed_ < options_.subscribers))
        clients_.poll(100);
      latency.add(ms_between(sent, now()));
    }
    print_result(options_, ms_between(start, now()) / 1000, latency);
  }

 private:
  static std::string insert_into(const std::string& group, std::size_t number) {
    return R"({"type":"mutation","id":0,"fn":"bench:replace","args":{"group":")" + group +
           R"(","text":"n","rank":)" + std::to_string(number) + "}}";
  }

  void on_text(std::size_t /*connection*/, std::string_view text) {
    if (text.starts_with(R"({"type":"result")")) {
      ++answered_;
    } else if (text.starts_with(R"({"type":"update")")) {
      ++pushed_;
    } else if (text.starts_with(R"({"type":"mutationResult")")) {
      replied_ = true;
    } else {
      fail(text);
    }
  }

  Options options_;
  bool touched_;
  SocketClients clients_;
  std::size_t answered_ = 0;
  std::size_t pushed_ = 0;
  bool replied_ = false;
};

Options parse(int argc, char** argv) {
  Options options;
  if (argc > 1) options.scenario = argv[1];
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--port") options.port = static_cast<std::uint16_t>(std::atoi(value));
    if (name == "--connections") options.connections = std::strtoull(value, nullptr, 10);
    if (name == "--seconds") options.seconds = std::strtod(value, nullptr);
    if (name == "--subscribers") options.subscribers = std::strtoull(value, nullptr, 10);
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const std::string& scenario = options.scenario;
  if (scenario == "query-shared") {
    ClosedLoop(options, shared_query, "result").run();
  } else if (scenario == "query-distinct") {
    ClosedLoop(options, distinct_query, "result").run();
  } else if (scenario == "mutation") {
    ClosedLoop(options, insert_mutation, "mutationResult").run();
  } else if (scenario == "counter") {
    ClosedLoop(options, increment_mutation, "mutationResult").run();
  } else if (scenario == "fanout") {
    Subscribers(options, true).run();
  } else if (scenario == "untouched") {
    Subscribers(options, false).run();
  } else {
    std::fprintf(
        stderr,
        "usage: load query-shared|query-distinct|mutation|counter|fanout|untouched --port N "
        "[--connections N] [--seconds N] [--subscribers N]\n");
    return 2;
  }
  return 0;
}
