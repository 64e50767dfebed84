// Moonstone. Licence: see LICENSE.
// Scenarios of requests and their answers, in a closed or an open loop. A request is a function of
// its ticket alone, so that equal runs send equal requests.
#include <algorithm>
#include <charconv>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/load/fleet.h"
#include "bench/load/scenarios.h"

namespace moonstone::bench {

namespace {

using client::Client;

/// Which request: the number counts those of the same slot of the same connection.
struct Ticket {
  std::size_t connection = 0;
  std::size_t slot = 0;
  std::uint64_t number = 0;
};

struct RequestKind {
  void (Client::*call)(std::string_view, std::string_view, Client::OnAnswer);
  std::string_view function;
  std::string (*arguments)(const Options& options, const Ticket& ticket);
  /// Fills the database as far as it is not filled; false: the run has failed.
  bool (*prepare)(Fleet& fleet, const Options& options) = nullptr;
  /// How many documents an answer has; 0: it is not looked at.
  std::size_t documents = 0;
};

constexpr std::size_t kGroups = 100;
constexpr std::size_t kAccountsPerMutation = 2'000;
/// A client asks equal queries once. In the open loop its requests take turns in that many slots.
constexpr std::size_t kOpenSlots = 8;

std::string text_of(std::uint64_t number) {
  return std::to_string(number);
}

// --- queries ------------------------------------------------------------------------------------

bool prepare_groups(Fleet& fleet, const Options& /*options*/) {
  for (std::size_t group = 0; group < kGroups; ++group)
    if (fleet.ask("items:fill", R"({"group":"g)" + text_of(group) + "\"}").empty()) return false;
  return true;
}

std::string page(std::size_t group, std::size_t limit, const std::string& salt) {
  return R"({"group":"g)" + text_of(group) + R"(","limit":)" + text_of(limit) + R"(,"salt":")" +
         salt + "\"}";
}

template <std::size_t limit>
std::string equal_page(const Options& /*options*/, const Ticket& ticket) {
  return page(1, limit, text_of(ticket.slot));
}

template <std::size_t limit>
std::string distinct_page(const Options& /*options*/, const Ticket& ticket) {
  return page(
      (ticket.connection + ticket.number) % kGroups, limit,
      text_of(ticket.connection) + "-" + text_of(ticket.slot) + "-" + text_of(ticket.number));
}

// --- mutations ----------------------------------------------------------------------------------

std::string new_item(const Options& /*options*/, const Ticket& ticket) {
  return R"({"group":"w)" + text_of(ticket.connection) + R"(","text":"hello","rank":)" +
         text_of(ticket.number) + "}";
}

std::string nothing(const Options& /*options*/, const Ticket& /*ticket*/) {
  return "{}";
}

bool prepare_accounts(Fleet& fleet, const Options& options) {
  std::size_t opened = 0;
  while (opened < options.accounts) {
    // Those that an earlier run has opened are skipped.
    const std::string answer =
        fleet.ask("accounts:open", R"({"until":)" + text_of(options.accounts) + R"(,"atMost":)" +
                                       text_of(kAccountsPerMutation) + "}");
    if (std::from_chars(answer.data(), answer.data() + answer.size(), opened).ec != std::errc{}) {
      return false;
    }
  }
  return true;
}

/// SplitMix64: the ticket's own random numbers.
class Dice {
 public:
  explicit Dice(const Ticket& ticket)
      : state_((ticket.connection << 48U) ^ (ticket.slot << 40U) ^ ticket.number) {}
  std::uint64_t below(std::uint64_t bound) {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    return (mixed ^ (mixed >> 31U)) % bound;
  }

 private:
  std::uint64_t state_;
};

std::string transfer_within(Dice& dice, std::size_t accounts) {
  const std::uint64_t from = dice.below(accounts);
  const std::uint64_t to = (from + 1 + dice.below(accounts - 1)) % accounts;
  return R"({"from":)" + text_of(from) + R"(,"to":)" + text_of(to) + R"(,"amount":1})";
}

std::string uniform_transfer(const Options& options, const Ticket& ticket) {
  Dice dice(ticket);
  return transfer_within(dice, options.accounts);
}

/// Four of five transfers are between the same two accounts.
std::string contended_transfer(const Options& options, const Ticket& ticket) {
  Dice dice(ticket);
  return transfer_within(dice, dice.below(5) < 4 ? 2 : options.accounts);
}

// --- loops --------------------------------------------------------------------------------------

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
      : run_(run), kind_(kind), ended_(run.meter), fleet_(run) {}

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
    for (std::size_t connection = 0; connection < run_.options.connections; ++connection)
      for (std::size_t slot = 0; slot < run_.options.in_flight; ++slot)
        send_next({.connection = connection, .slot = slot});
    // The slots end by themselves; the run is over when the last answer is there.
    (void)ended_.wait_for(run_.options.connections * run_.options.in_flight, "the last answers");
  }

  void send_next(const Ticket& ticket) {
    send(ticket, now(), [this, next = next_of(ticket)] {
      if (run_.meter.is_over()) {
        ended_.add();
      } else {
        send_next(next);
      }
    });
  }
  static Ticket next_of(Ticket ticket) {
    ticket.number += 1;
    return ticket;
  }

  /// Requests are due at a fixed rate, whatever becomes of those before. Latency counts from then,
  /// so that neither a stall of the server nor one of the generator is hidden.
  void go_open(Time begin) {
    const Options& options = run_.options;
    run_.report.add("rate", options.per_second);
    std::size_t sent = 0;
    for (;; ++sent) {
      const Time due = after(begin, static_cast<double>(sent) / options.per_second);
      std::this_thread::sleep_until(due);
      if (run_.meter.is_over()) break;
      const std::size_t round = sent / options.connections;
      send({.connection = sent % options.connections,
            .slot = round % kOpenSlots,
            .number = round / kOpenSlots},
           due, [this] { ended_.add(); });
    }
    (void)ended_.wait_for(sent, "the last answers");
  }

  template <class Then>
  void send(const Ticket& ticket, Time began, Then then) {
    const std::string arguments = kind_.arguments(run_.options, ticket);
    const bool is_first = ticket.number == 0;
    (fleet_[ticket.connection].*kind_.call)(
        kind_.function, arguments,
        [this, began, is_first, then = std::move(then)](client::Outcome<std::string> answer) {
          if (!is_sound(answer, is_first)) return;
          run_.meter.answered(began);
          then();
        });
  }

  /// Looks into the first answers only: counting documents costs time that is not the server's.
  bool is_sound(const client::Outcome<std::string>& answer, bool is_first) {
    if (!answer) {
      run_.meter.failed(answer.error().code + ": " + answer.error().message);
      return false;
    }
    if (!is_first || kind_.documents == 0) return true;
    const std::size_t count = count_documents(*answer);
    if (count == kind_.documents) return true;
    run_.meter.failed("an answer has " + text_of(count) + " documents instead of " +
                      text_of(kind_.documents));
    return false;
  }

  Run& run_;
  const RequestKind& kind_;
  Arrivals ended_;
  Fleet fleet_;  // ends first: its callbacks use the rest
};

constexpr RequestKind kEqual10{.call = &Client::query,
                               .function = "items:page",
                               .arguments = equal_page<10>,
                               .prepare = prepare_groups,
                               .documents = 10};
constexpr RequestKind kEqual100{.call = &Client::query,
                                .function = "items:page",
                                .arguments = equal_page<100>,
                                .prepare = prepare_groups,
                                .documents = 100};
constexpr RequestKind kDistinct10{.call = &Client::query,
                                  .function = "items:page",
                                  .arguments = distinct_page<10>,
                                  .prepare = prepare_groups,
                                  .documents = 10};
constexpr RequestKind kDistinct100{.call = &Client::query,
                                   .function = "items:page",
                                   .arguments = distinct_page<100>,
                                   .prepare = prepare_groups,
                                   .documents = 100};
constexpr RequestKind kInsert{
    .call = &Client::mutation, .function = "items:add", .arguments = new_item};
constexpr RequestKind kCounter{
    .call = &Client::mutation, .function = "counters:increment", .arguments = nothing};
constexpr RequestKind kUniform{.call = &Client::mutation,
                               .function = "accounts:transfer",
                               .arguments = uniform_transfer,
                               .prepare = prepare_accounts};
constexpr RequestKind kContended{.call = &Client::mutation,
                                 .function = "accounts:transfer",
                                 .arguments = contended_transfer,
                                 .prepare = prepare_accounts};

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
