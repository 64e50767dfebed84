// Moonstone. Licence: see LICENSE.
#pragma once
// POST /orm/query and POST /orm/mutate: calls of models with JSON arguments, for administrators.
//
// The body is what `_orm:query` and `_orm:mutate` take, the answer `{"result": ..}` or
// `{"error": {"name", "message", ..}}` with the status of litestone.md 34.
// Threads: pure functions.

#include "protocol/functions/exchange.h"

namespace moonstone::protocol::functions {

[[nodiscard]] bool route_orm(Exchange& exchange);

}  // namespace moonstone::protocol::functions
