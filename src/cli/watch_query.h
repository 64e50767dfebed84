// Moonstone. Licence: see LICENSE.
#pragma once
// Watching a query from the command line: a subscription over a WebSocket of its own.
// Threads: blocks its caller.

#include "base/result.h"
#include "cli/commands.h"

namespace moonstone::cli {

/// Prints the result, and again whenever it changes, until the server closes the connection.
/// Errors: FailedPrecondition with the server's message, its code as reason; Unavailable.
[[nodiscard]] Status watch_query(const RunOptions& options, Terminal& terminal);

}  // namespace moonstone::cli
