// Moonstone. Licence: see LICENSE.
#pragma once
// The command line of `moonstone lite`: which flags there are, and which command was chosen.
// Threads: on the main thread. Source: litestone.md 39.

#include <memory>

#include "cli/commands.h"
#include "cli/terminal.h"

namespace CLI {
class App;
}

namespace moonstone::cli {

/// Adds `lite` with its commands to the program's command line, and runs the chosen one.
class LiteCommandLine {
 public:
  explicit LiteCommandLine(CLI::App& program);
  LiteCommandLine(const LiteCommandLine&) = delete;
  LiteCommandLine& operator=(const LiteCommandLine&) = delete;
  ~LiteCommandLine();

  /// After `lite` was parsed.
  [[nodiscard]] ExitCode run(Terminal& terminal);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moonstone::cli
