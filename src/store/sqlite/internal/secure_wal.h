// Moonstone. Licence: see LICENSE.
#pragma once
// Making the disk agree with what was read from it, after a write or a sync has failed.
//
// When a sync fails the system may mark the pages it could not write as clean: they can be read, a
// later sync succeeds, and they are on no disk. And the frames of a transaction whose COMMIT failed
// may lie in the WAL, complete, behind what this process takes for its end: a crash would bring the
// transaction back.
// Threads: call on the connection's thread.

#include "base/result.h"
#include "store/sqlite/internal/connection.h"

namespace moonstone::store::sqlite {

/// Writes every byte of the WAL once more and syncs it, then commits a change of its own (the
/// file's user_version), synced whatever the durability is, behind which nothing of a lost
/// transaction can follow. After success the state that the connection sees is the one that a power
/// cut would leave. Errors: those of sqlite_error. Cost: writes as much as the WAL is long.
[[nodiscard]] Status secure_wal(Connection& connection, Durability durability);

}  // namespace moonstone::store::sqlite
