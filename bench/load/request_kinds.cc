// Moonstone. Licence: see LICENSE.
#include "bench/load/request_kinds.h"

#include <array>
#include <charconv>

namespace moonstone::bench {

namespace {

constexpr std::size_t kGroups = 100;
constexpr std::size_t kAccountsPerMutation = 2'000;

// --- queries ------------------------------------------------------------------------------------

bool prepare_groups(Fleet& fleet, const Options& /*options*/) {
  for (std::size_t group = 0; group < kGroups; ++group) {
    if (fleet.ask("items:fill", R"({"group":"g)" + std::to_string(group) + "\"}").empty()) {
      return false;
    }
  }
  return true;
}

template <std::size_t limit>
void write_equal_page(const Options& /*options*/, const Ticket& /*ticket*/, std::string& out) {
  out += R"({"group":"g1","limit":)";
  append_number(out, limit);
  out += R"(,"salt":""})";
}

template <std::size_t limit>
void write_distinct_page(const Options& /*options*/, const Ticket& ticket, std::string& out) {
  out += R"({"group":"g)";
  append_number(out, (ticket.socket + ticket.number) % kGroups);
  out += R"(","limit":)";
  append_number(out, limit);
  out += R"(,"salt":")";
  append_number(out, ticket.socket);
  out += '-';
  append_number(out, ticket.slot);
  out += '-';
  append_number(out, ticket.number);
  out += R"("})";
}

// --- mutations ----------------------------------------------------------------------------------

void write_item(const Options& /*options*/, const Ticket& ticket, std::string& out) {
  out += R"({"group":"w)";
  append_number(out, ticket.socket);
  out += R"(","text":"hello","rank":)";
  append_number(out, ticket.number);
  out += '}';
}

void write_nothing(const Options& /*options*/, const Ticket& /*ticket*/, std::string& out) {
  out += "{}";
}

bool prepare_accounts(Fleet& fleet, const Options& options) {
  std::size_t opened = 0;
  while (opened < options.accounts) {
    // Those that an earlier run has opened are skipped.
    const std::string answer = fleet.ask(
        "accounts:open", R"({"until":)" + std::to_string(options.accounts) + R"(,"atMost":)" +
                             std::to_string(kAccountsPerMutation) + "}");
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
      : state_((ticket.socket << 48U) ^ (ticket.slot << 40U) ^ ticket.number) {}
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

void write_transfer_within(Dice& dice, std::size_t accounts, std::string& out) {
  const std::uint64_t from = dice.below(accounts);
  const std::uint64_t to = (from + 1 + dice.below(accounts - 1)) % accounts;
  out += R"({"from":)";
  append_number(out, from);
  out += R"(,"to":)";
  append_number(out, to);
  out += R"(,"amount":1})";
}

void write_uniform_transfer(const Options& options, const Ticket& ticket, std::string& out) {
  Dice dice(ticket);
  write_transfer_within(dice, options.accounts, out);
}

/// Four of five transfers are between the same two accounts.
void write_contended_transfer(const Options& options, const Ticket& ticket, std::string& out) {
  Dice dice(ticket);
  write_transfer_within(dice, dice.below(5) < 4 ? 2 : options.accounts, out);
}

}  // namespace

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 24> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), written.ptr);
}

const RequestKind kEqual10{.answer = MessageKind::Result,
                           .function = "items:page",
                           .write_arguments = write_equal_page<10>,
                           .prepare = prepare_groups,
                           .documents = 10};
const RequestKind kEqual100{.answer = MessageKind::Result,
                            .function = "items:page",
                            .write_arguments = write_equal_page<100>,
                            .prepare = prepare_groups,
                            .documents = 100};
const RequestKind kDistinct10{.answer = MessageKind::Result,
                              .function = "items:page",
                              .write_arguments = write_distinct_page<10>,
                              .prepare = prepare_groups,
                              .documents = 10};
const RequestKind kDistinct100{.answer = MessageKind::Result,
                               .function = "items:page",
                               .write_arguments = write_distinct_page<100>,
                               .prepare = prepare_groups,
                               .documents = 100};
const RequestKind kInsert{
    .answer = MessageKind::MutationResult, .function = "items:add", .write_arguments = write_item};
const RequestKind kCounter{.answer = MessageKind::MutationResult,
                           .function = "counters:increment",
                           .write_arguments = write_nothing};
const RequestKind kUniform{.answer = MessageKind::MutationResult,
                           .function = "accounts:transfer",
                           .write_arguments = write_uniform_transfer,
                           .prepare = prepare_accounts};
const RequestKind kContended{.answer = MessageKind::MutationResult,
                             .function = "accounts:transfer",
                             .write_arguments = write_contended_transfer,
                             .prepare = prepare_accounts};

}  // namespace moonstone::bench
