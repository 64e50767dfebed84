// Moonstone. Licence: see LICENSE.
// Scenarios of requests and their answers, in a closed or an open loop.
#include <string>
#include <vector>

#include "bench/load/fleet.h"
#include "bench/load/in_flight.h"
#include "bench/load/request_kinds.h"
#include "bench/load/scenarios.h"

namespace moonstone::bench {

namespace {

/// In the open loop the requests of a socket take turns in that many slots.
constexpr std::size_t kOpenSlots = 8;

std::size_t count_documents(std::string_view json) {
  constexpr std::string_view kMark = "\"_id\":";
  std::size_t count = 0;
  for (auto found = json.find(kMark); found != json.npos; found = json.find(kMark, found + 1))
    count += 1;
  return count;
}

class RequestLoop {
 public:
  RequestLoop(Run& run, const RequestKind& kind)
      : run_(run), kind_(kind), in_flight_(run.options.connections), fleet_(run) {
    fleet_.on_message(
        [this](std::size_t socket, const Message& message) { heard(socket, message); });
  }

  void go() {
    const Options& options = run_.options;
    if (!fleet_.connect(options.connections)) return;
    if (kind_.prepare != nullptr && !kind_.prepare(fleet_, options)) return;
    const Time begin = now();
    const Time from = after(begin, options.warmup_seconds);
    run_.meter.measure(from, after(from, options.seconds));
    run_.report.add_count("connections", options.connections);
    if (options.per_second > 0) {
      go_open(begin);
    } else {
      go_closed();
    }
    run_.report.add_measured(run_.meter.measured());
  }

 private:
  /// Each slot sends a request, waits for its answer, sends the next.
  void go_closed() {
    run_.report.add_count("in_flight", run_.options.in_flight);
    is_closed_loop_ = true;
    for (std::size_t socket = 0; socket < run_.options.connections; ++socket)
      for (std::size_t slot = 0; slot < run_.options.in_flight; ++slot)
        send({.socket = socket, .slot = slot}, now());
    // The slots end by themselves; the run is over when the last answer is there.
    (void)fleet_.turn_until("the last answers", [this] { return under_way_ == 0; });
  }

  /// Requests are due at a fixed rate, whatever becomes of those before. Latency counts from then,
  /// so that neither a stall of the server nor one of the generator is hidden.
  void go_open(Time begin) {
    const Options& options = run_.options;
    run_.report.add("rate", options.per_second);
    for (std::size_t sent = 0; !run_.meter.is_over(); ++sent) {
      const Time due = after(begin, static_cast<double>(sent) / options.per_second);
      // At least once: who is behind must listen, too.
      do {
        fleet_.turn(due);
      } while (now() < due && !run_.meter.is_over());
      const std::size_t round = sent / options.connections;
      send({.socket = sent % options.connections,
            .slot = round % kOpenSlots,
            .number = round / kOpenSlots},
           due);
    }
    (void)fleet_.turn_until("the last answers", [this] { return under_way_ == 0; });
  }

  void send(const Ticket& ticket, Time began) {
    arguments_.clear();
    kind_.write_arguments(run_.options, ticket, arguments_);
    const std::uint64_t id = kind_.answer == MessageKind::Result
                                 ? fleet_.query(ticket.socket, kind_.function, arguments_)
                                 : fleet_.mutation(ticket.socket, kind_.function, arguments_);
    in_flight_[ticket.socket].add(id, {.ticket = ticket, .began = began});
    under_way_ += 1;
  }

  void heard(std::size_t socket, const Message& message) {
    const auto pending = in_flight_[socket].take(message.id);
    if (!pending || message.kind != kind_.answer) {
      return run_.meter.failed("nobody asked for " + std::string(message.text));
    }
    const Time answered = now();
    run_.meter.answered(pending->began, answered);
    under_way_ -= 1;
    if (pending->ticket.number == 0 && !is_sound(message.text)) return;
    // Whoever asks once does not listen on, as a client's query().
    if (kind_.answer == MessageKind::Result) fleet_.unsubscribe(socket, message.id);
    if (!is_closed_loop_ || run_.meter.failure() || answered >= run_.meter.until()) return;
    Ticket next = pending->ticket;
    next.number += 1;
    send(next, answered);
  }

  /// Looks into first answers only: counting documents costs time that is not the server's.
  bool is_sound(std::string_view answer) {
    if (kind_.documents == 0) return true;
    const std::size_t count = count_documents(answer);
    if (count == kind_.documents) return true;
    run_.meter.failed("an answer has " + std::to_string(count) + " documents instead of " +
                      std::to_string(kind_.documents));
    return false;
  }

  Run& run_;
  const RequestKind& kind_;
  bool is_closed_loop_ = false;
  std::string arguments_;  // of the request that is being written
  std::vector<InFlight> in_flight_;
  std::size_t under_way_ = 0;
  Fleet fleet_;
};

template <const RequestKind& kind>
void send_requests(Run& run) {
  RequestLoop(run, kind).go();
}

constexpr Scenario kScenarios[] = {
    {"query-10-equal", "10 documents, the same arguments everywhere", send_requests<kEqual10>,
     true},
    {"query-10-distinct", "10 documents, other arguments each time", send_requests<kDistinct10>,
     true},
    {"query-100-equal", "100 documents, the same arguments everywhere", send_requests<kEqual100>,
     true},
    {"query-100-distinct", "100 documents, other arguments each time", send_requests<kDistinct100>,
     true},
    {"insert", "a mutation that inserts one document", send_requests<kInsert>, true},
    {"counter", "all sockets increment one document", send_requests<kCounter>, true},
    {"transfer-uniform", "a transfer between two of --accounts", send_requests<kUniform>, true},
    {"transfer-contended", "the same, 80 % of them between the same two accounts",
     send_requests<kContended>, true},
};

}  // namespace

std::span<const Scenario> request_scenarios() {
  return kScenarios;
}

}  // namespace moonstone::bench
