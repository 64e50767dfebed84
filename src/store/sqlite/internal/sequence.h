// Moonstone. Licence: see LICENSE.
#pragma once
// The counters of sequences: rows of a table of their own, which is made when the first is needed.
// They belong to the transaction, are no documents and stand in no log.
// Threads: belongs to the writer's thread. Source: litestone.md 32.1.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "store/sqlite/internal/connection.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

/// Errors: those of Writer::next_number.
[[nodiscard]] Result<std::int64_t> advance_sequence(Connection& connection,
                                                    const SequenceScope& scope,
                                                    std::optional<std::int64_t> at_least);

/// Lets the sequences of a model begin again at 1.
[[nodiscard]] Status forget_sequences(Connection& connection, std::string_view model);

}  // namespace moonstone::store::sqlite
