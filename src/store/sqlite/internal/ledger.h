// Moonstone. Licence: see LICENSE.
#pragma once
// The idempotency ledger: one text per client, whose contents only the engine understands.
// Threads: confined to the connection's thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/sqlite/internal/connection.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

[[nodiscard]] Result<std::optional<std::string>> load_ledger(Connection& connection,
                                                             std::string_view client);
[[nodiscard]] Status save_ledger(Connection& connection,
                                 std::string_view client,
                                 std::string_view ledger,
                                 std::int64_t unix_ms);
/// Forgets clients that were not seen since `unix_ms_min`, as Writer::prune_ledger says.
[[nodiscard]] Result<PruneOutcome> prune_ledger(Connection& connection, std::int64_t unix_ms_min);

}  // namespace moonstone::store::sqlite
