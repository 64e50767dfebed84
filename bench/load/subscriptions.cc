// Moonstone. Licence: see LICENSE.
// Scenarios of one writer beside subscriptions: a round is one write, and ends when the writer has
// its answer and everybody who is to hear of it has heard.
#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "bench/load/fleet.h"
#include "bench/load/request_kinds.h"
#include "bench/load/scenarios.h"

namespace moonstone::bench {

namespace {

/// First results that are awaited at once: the server bounds those that wait.
constexpr std::size_t kFirstResultsMax = 2'000;
constexpr std::size_t kRoundsMin = 5;
/// Long enough that the next round begins within it.
constexpr double kGraceSeconds = 0.05;
/// Ranks of the one group in which distinct subscriptions watch ranges.
constexpr std::size_t kRangeStep = 10;

enum class Touched : unsigned char { None, One, All };

class Rounds {
 public:
  Rounds(Run& run, Touched touched)
      : run_(run),
        touched_(touched),
        count_(run.options.subscriptions),
        sockets_(touched == Touched::All ? count_ : std::min(run.options.connections, count_)),
        fleet_(run) {
    fleet_.on_message(
        [this](std::size_t socket, const Message& message) { heard(socket, message); });
  }

  void go() {
    const Options& options = run_.options;
    // The writer comes first, as this is whom a fleet asks.
    if (!fleet_.connect(sockets_ + 1) || !subscribe()) return;
    const Time begin = now();
    const Time from = after(begin, options.warmup_seconds);
    run_.meter.measure(from, after(from, options.seconds));
    std::uint64_t pushes = 0;
    for (std::size_t rounds = 0; go_on(from, rounds); ++rounds, pushes += awaited_)
      if (!go_round()) return;
    if (run_.meter.failure()) return;
    run_.report.add_count("connections", sockets_ + 1);
    run_.report.add_count("subscriptions", count_);
    run_.report.add_count("pushes", pushes);
    run_.report.add_measured(run_.meter.measured());
  }

 private:
  /// Rounds may be longer than the time of the whole run, but a few are needed.
  bool go_on(Time from, std::size_t rounds) {
    if (now() < from) rounds_before_ = rounds;
    if (run_.meter.is_over() && rounds - rounds_before_ < kRoundsMin) {
      run_.meter.measure_until(after(now(), kGraceSeconds));
    }
    return !run_.meter.is_over();
  }

  // Subscription i is asked by socket 1 + i % sockets_ as its request 1 + i / sockets_.
  [[nodiscard]] std::size_t socket_of(std::size_t subscription) const {
    return 1 + subscription % sockets_;
  }
  [[nodiscard]] std::size_t subscription_of(std::size_t socket, std::uint64_t id) const {
    return (id - 1) * sockets_ + socket - 1;
  }

  /// Every other one of distinct subscriptions watches a range, the rest a group of its own.
  [[nodiscard]] bool is_range(std::size_t subscription) const {
    return touched_ != Touched::All && subscription % 2 == 1;
  }

  bool subscribe() {
    // The writer has a subscription of its own, as somebody with a page has. So its answer comes
    // when the server has found out whom the write touches, and not before.
    fleet_.query(0, "items:page", R"({"group":"writer","limit":10,"salt":""})");
    for (std::size_t i = 0; i < count_; ++i) {
      if (is_range(i)) {
        const std::size_t from = i * kRangeStep;
        fleet_.query(socket_of(i), "items:between",
                     R"({"group":"ranges","from":)" + std::to_string(from) + R"(,"to":)" +
                         std::to_string(from + kRangeStep - 1) + "}");
      } else {
        const std::string group = touched_ == Touched::All ? "fan" : "s" + std::to_string(i);
        fleet_.query(socket_of(i), "items:page",
                     R"({"group":")" + group + R"(","limit":10,"salt":""})");
      }
      if (!fleet_.turn_until("first results",
                             [this, i] { return first_results_ + kFirstResultsMax > i; })) {
        return false;
      }
    }
    return fleet_.turn_until("first results", [this] { return first_results_ == count_ + 1; });
  }

  void heard(std::size_t socket, const Message& message) {
    if (message.kind == MessageKind::Result) {
      first_results_ += 1;
    } else if (message.kind == MessageKind::MutationResult) {
      is_answered_ = true;
    } else if (message.kind == MessageKind::Update && message.text.contains(mark_) &&
               (touched_ == Touched::All || subscription_of(socket, message.id) == touched_one_)) {
      told_ += 1;
    } else {
      run_.meter.failed("a subscription heard of something else than the last write: " +
                        std::string(message.text.substr(0, 200)));
    }
  }

  bool go_round() {
    is_answered_ = false;
    told_ = 0;
    round_ += 1;
    mark_ = "\"" + std::to_string(round_) + "\"";
    const Time began = now();
    fleet_.mutation(0, "items:put", write());
    if (!fleet_.turn_until("a write and its pushes",
                           [this] { return is_answered_ && told_ >= awaited_; })) {
      return false;
    }
    run_.meter.answered(began);
    return true;
  }

  /// The arguments of a write, and who is to hear of it: awaited_, touched_one_.
  std::string write() {
    awaited_ = 0;
    if (touched_ == Touched::All) {
      awaited_ = count_;
      return document("fan", 0);
    }
    // A neighbour of all ranges: to say that it is in none of them takes a look at them.
    if (touched_ == Touched::None || count_ == 0) return document("ranges", -1);
    awaited_ = 1;
    touched_one_ = static_cast<std::size_t>(round_) % std::min<std::size_t>(count_, 2);
    return is_range(touched_one_) ? document("ranges", kRangeStep + 1) : document("s0", 0);
  }
  [[nodiscard]] std::string document(std::string_view group, std::int64_t rank) const {
    return R"({"group":")" + std::string(group) + R"(","rank":)" + std::to_string(rank) +
           R"(,"text":)" + mark_ + "}";
  }

  Run& run_;
  const Touched touched_;
  const std::size_t count_;
  const std::size_t sockets_;  // beside the writer's
  // What is written differs from what an earlier run has written, or nobody would be told.
  std::int64_t round_ = std::chrono::duration_cast<std::chrono::microseconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count();
  std::string mark_;  // the text that the last write has set, in quotes
  std::size_t first_results_ = 0;
  bool is_answered_ = false;
  std::size_t told_ = 0;
  std::size_t awaited_ = 0;
  std::size_t touched_one_ = 0;
  std::size_t rounds_before_ = 0;  // of the warm-up
  Fleet fleet_;
};

template <Touched touched>
void go_rounds(Run& run) {
  Rounds(run, touched).go();
}

constexpr Scenario kScenarios[] = {
    {"fan-out", "a write, and --subscriptions sockets that hear of it", go_rounds<Touched::All>},
    {"one-touched", "a write that touches one of --subscriptions distinct ones",
     go_rounds<Touched::One>},
    {"none-touched", "a write that touches none of --subscriptions distinct ones",
     go_rounds<Touched::None>},
};

}  // namespace

std::span<const Scenario> subscription_scenarios() {
  return kScenarios;
}

}  // namespace moonstone::bench
