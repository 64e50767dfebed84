// Moonstone. Licence: see LICENSE.
#pragma once
// Subscriptions of the public API on live queries.
// Threads: synchronised.

#include <memory>

#include "live/live_queries.h"
#include "moonstone/moonstone.h"

namespace moonstone::embed {

/// Calls `on_result` with each result of the query until the handle goes.
[[nodiscard]] std::unique_ptr<Subscription> subscribe(live::LiveQueries& live,
                                                      live::QueryDefinition definition,
                                                      Database::OnResult on_result);

}  // namespace moonstone::embed
