// Moonstone. Licence: see LICENSE.
// moonstone version

#include "base/version.h"

#include <fmt/format.h>

#include "cli/commands.h"

namespace moonstone::cli {

ExitCode run_version(Terminal& terminal) {
  terminal.line(fmt::format("moonstone {}", version()));
  return ExitCode::Success;
}

}  // namespace moonstone::cli
