// Moonstone. Licence: see LICENSE.
#pragma once
// The routes of the project's own router (`http.ts`), asked after all of ours.
// Source: functions.md section 11.

#include "protocol/functions/exchange.h"

namespace moonstone::protocol::functions {

/// Whether a path is the server's own, so that no route of a project is asked.
[[nodiscard]] bool is_own_path(std::string_view path);

/// Whether the router of this bundle has a route for the request, whose path is without the
/// tenant's prefix. `bundle` may be null.
[[nodiscard]] bool is_http_action(const runtime::Bundle* bundle, const HttpRequest& request);

[[nodiscard]] bool route_http_action(Exchange& exchange);

}  // namespace moonstone::protocol::functions
