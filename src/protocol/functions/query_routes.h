// Moonstone. Licence: see LICENSE.
#pragma once
// POST /query: one query, run once. Source: functions.md section 10.

#include "protocol/functions/exchange.h"

namespace moonstone::protocol::functions {

[[nodiscard]] bool route_query(Exchange& exchange);

}  // namespace moonstone::protocol::functions
