// Moonstone. Licence: see LICENSE.
#include "bench/load/options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "bench/load/scenarios.h"

namespace moonstone::bench {

namespace {

constexpr int kWrongUsage = 2;
constexpr std::size_t kConnectionsMax = 60'000;
constexpr std::size_t kInFlightMax = 10'000;
constexpr std::size_t kSubscriptionsMax = 1'000'000;
constexpr std::size_t kAccountsMax = 1'000'000;
constexpr double kPerSecondMax = 1'000'000;
constexpr double kSecondsMax = 86'400;

std::string list_of_scenarios() {
  std::string text = "Scenarios:\n";
  for (const Scenario& scenario : all_scenarios()) {
    text += "  ";
    text += scenario.name;
    text.append(22 - scenario.name.size(), ' ');
    text += scenario.summary;
    text += '\n';
  }
  return text +
         "\nThe server serves bench/app with its limits off or far away:\n"
         "  MOONSTONE_LIMITS_CONNECTIONS=0 MOONSTONE_LIMITS_MESSAGES_PER_SECOND=0\n"
         "  MOONSTONE_LIMITS_HTTP_CONNECTIONS=100000";
}

void add_options(CLI::App& app, Options& options) {
  app.add_option("scenario", options.scenario, "What to do; see below")->required();
  app.add_option("--url", options.url, "The /ws address of the server")->capture_default_str();
  app.add_option("--connections", options.connections, "Sockets that send requests")
      ->check(CLI::Range(std::size_t{1}, kConnectionsMax))
      ->capture_default_str();
  app.add_option("--in-flight", options.in_flight, "Closed loop: requests under way on each socket")
      ->check(CLI::Range(std::size_t{1}, kInFlightMax))
      ->capture_default_str();
  app.add_option("--rate", options.per_second,
                 "Open loop: requests per second in all; latency is from when one was due")
      ->check(CLI::Range(0.1, kPerSecondMax))
      ->excludes("--in-flight");
  app.add_option("--seconds", options.seconds, "How long to measure")
      ->check(CLI::Range(0.01, kSecondsMax))
      ->capture_default_str();
  app.add_option("--warmup", options.warmup_seconds, "Seconds before that which do not count")
      ->check(CLI::Range(0.0, kSecondsMax))
      ->capture_default_str();
  app.add_option("--subscriptions", options.subscriptions, "How many, where a scenario has some")
      ->check(CLI::Range(std::size_t{0}, kSubscriptionsMax))
      ->capture_default_str();
  app.add_option("--accounts", options.accounts, "Accounts between which is transferred")
      ->check(CLI::Range(std::size_t{2}, kAccountsMax))
      ->capture_default_str();
  app.add_option("--pid", options.server_pid,
                 "The server's process: what it costs is measured, too")
      ->check(CLI::PositiveNumber);
  app.add_flag("--anonymous", options.is_anonymous,
               "Announce no client id: mutations leave no trace in the ledger");
  app.add_flag("--json", options.is_json, "Print one line of JSON");
}

/// What the options do not say by themselves; empty: nothing is wrong.
std::string find_contradiction(const Options& options) {
  const auto scenario = find_scenario(options.scenario);
  if (!scenario) return "there is no scenario " + options.scenario + "; see --help";
  if (options.per_second > 0 && !scenario->has_open_loop) {
    return options.scenario + " has no open loop: leave --rate out";
  }
  if (scenario->needs_pid && options.server_pid == 0) {
    return options.scenario + " needs --pid, the process id of the server";
  }
  return {};
}

}  // namespace

std::expected<Options, Ended> parse_options(int argc, char** argv) {
  Options options;
  CLI::App app("Puts load on a Moonstone server and measures it.", "load");
  app.footer(list_of_scenarios());
  add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return std::unexpected(Ended{.text = app.help(), .exit_code = 0});
  } catch (const CLI::ParseError& error) {
    return std::unexpected(
        Ended{.text = std::string(error.what()) + "; see --help", .exit_code = kWrongUsage});
  }
  if (std::string wrong = find_contradiction(options); !wrong.empty()) {
    return std::unexpected(Ended{.text = std::move(wrong), .exit_code = kWrongUsage});
  }
  return options;
}

}  // namespace moonstone::bench
