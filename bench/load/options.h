// Moonstone. Licence: see LICENSE.
#pragma once
// Options: the command line of the load generator.

#include <cstddef>
#include <expected>
#include <string>

namespace moonstone::bench {

struct Options {
  std::string scenario;
  std::string url = "ws://127.0.0.1:8788/ws";
  std::size_t connections = 160;
  std::size_t in_flight = 1;  // per connection
  double per_second = 0;      // of all connections together; 0: a closed loop
  double seconds = 3;
  double warmup_seconds = 0.3;
  std::size_t subscriptions = 500;
  std::size_t accounts = 100'000;
  int server_pid = 0;  // 0: unknown
  bool is_anonymous = false;
  bool is_json = false;
};

/// Why the program ends without a run: the text for people, and the exit code.
struct Ended {
  std::string text;
  int exit_code = 0;
};

/// The program's own name is argv[0]. Errors: a text that says what is wrong and what is allowed.
[[nodiscard]] std::expected<Options, Ended> parse_options(int argc, char** argv);

}  // namespace moonstone::bench
