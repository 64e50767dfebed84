// Moonstone. Licence: see LICENSE.
// Scenarios of neighbours: what mutations of some sockets wait for while another socket makes
// trouble. Calm and trouble take turns within one run, and all that differs is the trouble: in both
// the neighbour has its subscription, and each mutation touches it.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "bench/load/fleet.h"
#include "bench/load/in_flight.h"
#include "bench/load/scenarios.h"

namespace moonstone::bench {

namespace {

enum class Trouble : unsigned char {
  SlowSubscriber,  // does not read what it is sent
  SlowQuery,       // takes kSlowQueryMs of processor time for each run
};

constexpr double kPhaseSecondsMax = 1;
/// The first part of a phase, in which trouble or calm set in and messages that have piled up go
/// away, counts for neither.
constexpr double kSettlingShare = 0.25;
constexpr double kRateUsual = 200;
constexpr std::size_t kWritersMax = 16;
/// Text of a document. A page of 100 is 100 kB then, which fills a socket that is not read within
/// a phase.
constexpr std::size_t kTextBytes = 1'000;
constexpr double kSlowQueryMs = 200;
constexpr double kTrialMs = 20;

class Neighbours {
 public:
  Neighbours(Run& run, Trouble trouble)
      : run_(run),
        trouble_(trouble),
        writers_(std::min(run.options.connections, kWritersMax)),
        in_flight_(writers_),
        text_(kTextBytes, 'x'),
        fleet_(run) {
    fleet_.on_message(
        [this](std::size_t socket, const Message& message) { heard(socket, message); });
  }

  void go() {
    if (!fleet_.connect(writers_ + 1)) return;
    if (fleet_.ask("items:fill", R"({"group":"noisy"})").empty()) return;
    if (trouble_ == Trouble::SlowQuery && !calibrate()) return;
    subscribe(0);
    // Each writer has a page open, too, so its answers come past the live engine as pages' do.
    for (std::size_t writer = 0; writer < writers_; ++writer)
      fleet_.query(writer, "items:page", R"({"group":"quiet","limit":10,"salt":""})");
    const Time begin = now();
    const double phases = 2 * std::ceil(run_.options.seconds / kPhaseSecondsMax);
    phase_seconds_ = std::min(run_.options.seconds, kPhaseSecondsMax) / (1 - kSettlingShare);
    run_.meter.measure(begin, after(begin, phases * phase_seconds_));
    write_at_rate(begin);
    if (run_.meter.failure()) return;
    set_trouble(false);
    report();
  }

 private:
  [[nodiscard]] std::size_t neighbour() const { return writers_; }

  // --- writers
  // ------------------------------------------------------------------------------------

  void write_at_rate(Time begin) {
    const double rate = run_.options.per_second > 0 ? run_.options.per_second : kRateUsual;
    run_.report.add_count("connections", writers_);
    run_.report.add("rate", rate);
    for (std::size_t sent = 0; !run_.meter.is_over(); ++sent) {
      const Time due = after(begin, static_cast<double>(sent) / rate);
      do {
        fleet_.turn(due);
      } while (now() < due && !run_.meter.is_over());
      choose_phase(Seconds(due - begin).count());
      write(sent % writers_, due, sent);
    }
    (void)fleet_.turn_until("the last answers", [this] { return under_way_ == 0; });
  }

  void write(std::size_t socket, Time due, std::uint64_t number) {
    arguments_ = R"({"group":"noisy","rank":)";
    append_number(arguments_, socket);
    arguments_ += R"(,"text":")";
    append_number(arguments_, number);
    arguments_.append(text_).append(R"("})");
    const std::uint64_t id = fleet_.mutation(socket, "items:put", arguments_);
    // The slot says in which phase it was due.
    in_flight_[socket].add(
        id, {.ticket = {.socket = socket, .slot = phase_, .number = number}, .began = due});
    under_way_ += 1;
  }

  void heard(std::size_t socket, const Message& message) {
    if (socket == neighbour() || message.kind == MessageKind::Result) return;
    const auto pending = in_flight_[socket].take(message.id);
    if (!pending) return run_.meter.failed("nobody asked for " + std::string(message.text));
    under_way_ -= 1;
    const Time answered = now();
    run_.meter.answered(pending->began, answered);
    if (pending->ticket.slot == kTroubled) troubled_.add(answered - pending->began);
    if (pending->ticket.slot == kCalm) calm_.add(answered - pending->began);
  }

  // --- phases
  // -------------------------------------------------------------------------------------

  static constexpr std::size_t kCalm = 0;
  static constexpr std::size_t kTroubled = 1;
  static constexpr std::size_t kSettling = 2;

  void choose_phase(double elapsed) {
    const auto number = static_cast<std::size_t>(elapsed / phase_seconds_);
    const bool is_trouble = number % 2 == 1;
    set_trouble(is_trouble);
    const double within = elapsed - static_cast<double>(number) * phase_seconds_;
    const bool is_settled = within >= kSettlingShare * phase_seconds_;
    phase_ = !is_settled ? kSettling : is_trouble ? kTroubled : kCalm;
  }

  void set_trouble(bool is_trouble) {
    if (is_trouble == is_trouble_) return;
    is_trouble_ = is_trouble;
    if (trouble_ == Trouble::SlowSubscriber) return fleet_.set_reading(neighbour(), !is_trouble);
    fleet_.unsubscribe(neighbour(), subscription_);
    subscribe(is_trouble ? slow_steps_ : 0);
  }

  void subscribe(std::uint64_t steps) {
    std::string arguments = R"({"group":"noisy","steps":)";
    append_number(arguments, steps);
    subscription_ = fleet_.query(neighbour(), "work:pages", arguments + "}");
  }

  /// Finds how many steps take kSlowQueryMs, on this machine at this moment.
  bool calibrate() {
    constexpr std::uint64_t kStepsMax = std::uint64_t{1} << 40U;
    for (std::uint64_t steps = 1U << 16U; steps < kStepsMax; steps *= 2) {
      const Time began = now();
      std::string arguments = R"({"steps":)";
      append_number(arguments, steps);
      if (fleet_.ask("work:take", arguments + "}").empty()) return false;
      const double ms = 1e3 * Seconds(now() - began).count();
      slow_steps_ = static_cast<std::uint64_t>(static_cast<double>(steps) * kSlowQueryMs / ms);
      if (ms >= kTrialMs) return true;
    }
    run_.meter.failed("no number of steps takes any time");
    return false;
  }

  void report() {
    const auto ms = [](const Latency& latency, double share) {
      return std::chrono::duration<double, std::milli>(latency.percentile(share)).count();
    };
    Measured measured = run_.meter.measured();
    measured.latency = troubled_;
    measured.seconds /= 2;
    run_.report.add_measured(measured);
    run_.report.add("calm_p50_ms", ms(calm_, 0.5));
    run_.report.add("calm_p99_ms", ms(calm_, 0.99));
    run_.report.add("p99_ratio", ms(troubled_, 0.99) / ms(calm_, 0.99));
  }

  Run& run_;
  const Trouble trouble_;
  const std::size_t writers_;
  std::vector<InFlight> in_flight_;
  std::size_t under_way_ = 0;
  const std::string text_;
  std::string arguments_;     // of the mutation that is being written
  double phase_seconds_ = 0;  // calm and trouble are measured as long as --seconds says each
  std::size_t phase_ = kSettling;
  bool is_trouble_ = false;
  std::uint64_t slow_steps_ = 0;
  std::uint64_t subscription_ = 0;
  Latency calm_;
  Latency troubled_;
  Fleet fleet_;
};

template <Trouble trouble>
void go_beside(Run& run) {
  Neighbours(run, trouble).go();
}

constexpr Scenario kScenarios[] = {
    {"beside-slow-subscriber", "mutations at a modest --rate beside a socket that does not read",
     go_beside<Trouble::SlowSubscriber>, true},
    {"beside-slow-query", "the same beside a live query of 200 ms", go_beside<Trouble::SlowQuery>,
     true},
};

}  // namespace

std::span<const Scenario> neighbour_scenarios() {
  return kScenarios;
}

}  // namespace moonstone::bench
