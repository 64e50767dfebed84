// Moonstone. Licence: see LICENSE.
#pragma once
// The idempotency ledger: texts of each client, whose contents only the engine understands.
//
// The head of a client (_moonstone_clients) is written with every group that the client takes part
// in; a chunk (_moonstone_replies) once, when it is full. Both should stay below a kilobyte: longer
// rows of these tables lie on pages of their own, and every page is written as a whole.
// Threads: confined to the connection's thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/sqlite/internal/connection.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

/// Makes the table of chunks; files of former versions have none. Their heads hold all replies.
[[nodiscard]] Status create_ledger_chunks(Connection& connection);

[[nodiscard]] Result<std::optional<StoredLedger>> load_ledger(Connection& connection,
                                                              std::string_view client);
[[nodiscard]] Status save_ledger(Connection& connection,
                                 std::string_view client,
                                 const LedgerChange& change,
                                 std::int64_t unix_ms);
/// Forgets clients that were not seen since `unix_ms_min`, as Writer::prune_ledger says.
[[nodiscard]] Result<PruneOutcome> prune_ledger(Connection& connection, std::int64_t unix_ms_min);

}  // namespace moonstone::store::sqlite
