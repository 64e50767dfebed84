// Moonstone. Licence: see LICENSE.
#pragma once
// What a new row gets that its caller did not say: ids, stamps, copies, times, numbers.
// Threads: confined to the call. Source: litestone.md 5.5, 9.1, 32.1.

#include "base/result.h"
#include "base/value.h"
#include "orm/internal/model_rules.h"
#include "orm/internal/write_call.h"

namespace moonstone::orm {

/// Defaults that are made here and not by the database: also the time of the row and its uuids,
/// which are then the same when the call is replayed. The host's own come last.
/// Errors: those of the host.
[[nodiscard]] Status fill_defaults(WriteCall& call, const ModelRules& rules, Object& data);

/// Numbers of sequences, or their counters if the caller gave the number.
[[nodiscard]] Status fill_sequences(WriteCall& call, const ModelRules& rules, Object& data);

/// What every update changes: times other than `updatedAt`, which a trigger keeps, and who did it.
void stamp_update(WriteCall& call, const ModelRules& rules, Object& data);

}  // namespace moonstone::orm
