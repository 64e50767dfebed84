// Moonstone. Licence: see LICENSE.
#pragma once
// /__admin and /__dev: what only the owner of a server may do, and the page that shows it.
// Source: functions.md section 10, 21.20, 21.21.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "protocol/functions/exchange.h"

namespace moonstone::protocol::functions {

struct Administration {
  Mode mode = Mode::Production;
  std::string key;  // production: what must be presented; empty there: always refused
  /// Development: names of this server besides `localhost` and IP addresses, in lower case.
  std::vector<std::string> names = {};
};

/// Whether a Host header names this machine as only its owner can: `localhost` and what is below
/// it, an IP address, one of `names` and what is below those. The names of all others may be made
/// to point here by whoever owns them, so that their pages count as ours (DNS rebinding), and
/// tunnels bring strangers under them.
[[nodiscard]] bool is_own_host(std::string_view host, const std::vector<std::string>& names);

/// Whether the request presents the administration's key; never if there is none.
[[nodiscard]] bool presents_key(const Administration& rules, const HttpRequest& request);

/// Why this request may not administrate; nothing if it may.
[[nodiscard]] std::optional<HttpResponse> refuse_administration(const Administration& rules,
                                                                const HttpRequest& request);

/// Whether a browser page of another origin sent the request.
[[nodiscard]] bool has_foreign_origin(const HttpRequest& request);

/// `maintenance` runs what must wait for a writer.
[[nodiscard]] bool route_administration(Exchange& exchange,
                                        const Administration& rules,
                                        Executor& maintenance);

}  // namespace moonstone::protocol::functions
