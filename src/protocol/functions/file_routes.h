// Moonstone. Licence: see LICENSE.
#pragma once
// The routes of files: PUT and POST /storage/upload, GET and HEAD /storage/_storage/<uuid>, and
// OPTIONS of both.
//
// Files come from users and are served under the address of the application, so what a browser
// would run (pages, SVG images, scripts) is offered for saving instead of being shown, unless the
// configuration says otherwise.
// Threads: as all routes. Source: functions.md section 13, 21.20 and 21.22.

#include "protocol/functions/exchange.h"

namespace moonstone::protocol::functions {

/// Whether the request is an upload, whose body is streamed. `head` may have a tenant's prefix.
[[nodiscard]] bool carries_file(const HttpRequest& head);

bool route_files(Exchange& exchange);

}  // namespace moonstone::protocol::functions
