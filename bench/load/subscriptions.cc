// Moonstone. Licence: see LICENSE.
// Scenarios of one writer beside subscriptions: a round is one write, and ends when the writer has
// its answer and everybody who is to hear of it has heard.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "bench/load/fleet.h"
#include "bench/load/scenarios.h"

namespace moonstone::bench {

namespace {

using client::Outcome;

/// First results that are awaited at once: the server bounds those that wait.
constexpr std::size_t kFirstResultsMax = 2'000;

enum class Touched : unsigned char { None, One, All };

class Rounds {
 public:
  Rounds(Run& run, Touched touched)
      : run_(run),
        touched_(touched),
        sockets_(touched == Touched::All
                     ? run.options.subscriptions
                     : std::min(run.options.connections, run.options.subscriptions)),
        has_first_(run.options.subscriptions),
        first_results_(run.meter),
        told_(run.meter),
        fleet_(run) {}

  void go() {
    const Options& options = run_.options;
    if (!fleet_.connect(sockets_ + 1) || !subscribe()) return;
    const Time begin = now();
    const Time from = after(begin, options.warmup_seconds);
    run_.meter.measure(from, after(from, options.seconds));
    std::uint64_t rounds = 0;
    for (; !run_.meter.is_over(); ++rounds)
      if (!go_round()) return;
    run_.report.add_count("connections", sockets_ + 1);
    run_.report.add_count("subscriptions", options.subscriptions);
    run_.report.add_count("pushes", rounds * listeners());
    run_.report.add_measured(run_.meter.measured());
  }

 private:
  [[nodiscard]] std::size_t listeners() const {
    switch (touched_) {
      case Touched::None:
        return 0;
      case Touched::One:
        return std::min<std::size_t>(1, run_.options.subscriptions);
      case Touched::All:
        return run_.options.subscriptions;
    }
    return 0;
  }

  [[nodiscard]] std::string group_of(std::size_t subscription) const {
    return touched_ == Touched::All ? "fan" : "s" + std::to_string(subscription);
  }
  [[nodiscard]] std::string written_group() const {
    return touched_ == Touched::None ? "nobody" : group_of(0);
  }

  bool subscribe() {
    const std::size_t count = run_.options.subscriptions;
    for (std::size_t i = 0; i < count; ++i) {
      if (i >= kFirstResultsMax &&
          !first_results_.wait_for(i - kFirstResultsMax, "first results")) {
        return false;
      }
      auto subscription = fleet_[i % sockets_].subscribe(
          "items:page", R"({"group":")" + group_of(i) + R"(","limit":10,"salt":""})",
          [this, i](const Outcome<std::string>& result) { heard(i, result); });
      if (!subscription) {
        run_.meter.failed(subscription.error().message);
        return false;
      }
      subscriptions_.push_back(*std::move(subscription));
    }
    return first_results_.wait_for(count, "first results");
  }

  void heard(std::size_t subscription, const Outcome<std::string>& result) {
    if (!result) {
      run_.meter.failed(result.error().code + ": " + result.error().message);
    } else if (has_first_[subscription] == 0) {
      has_first_[subscription] = 1;
      first_results_.add();
    } else if (result->contains("\"" + std::to_string(round_) + "\"")) {
      told_.add();
    } else {
      run_.meter.failed("a subscription heard of something else than the last write");
    }
  }

  bool go_round() {
    told_.reset();
    round_ += 1;
    const Time began = now();
    fleet_[sockets_].mutation(
        "items:replace",
        R"({"group":")" + written_group() + R"(","text":")" + std::to_string(round_) + "\"}",
        [this](const Outcome<std::string>& answer) {
          if (answer) return told_.add();
          run_.meter.failed(answer.error().code + ": " + answer.error().message);
        });
    if (!told_.wait_for(listeners() + 1, "a write and its pushes")) return false;
    run_.meter.answered(began);
    return true;
  }

  Run& run_;
  const Touched touched_;
  const std::size_t sockets_;
  // What is written differs from what an earlier run has written, or nobody would be told.
  std::atomic<std::int64_t> round_ = std::chrono::duration_cast<std::chrono::microseconds>(
                                         std::chrono::system_clock::now().time_since_epoch())
                                         .count();
  std::vector<char> has_first_;  // each is used by the callbacks of its subscription only
  Arrivals first_results_;
  Arrivals told_;
  std::vector<std::unique_ptr<client::Subscription>> subscriptions_;
  Fleet fleet_;  // ends first: its callbacks use the rest
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
