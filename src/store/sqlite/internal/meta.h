// Moonstone. Licence: see LICENSE.
#pragma once
// The tables that Moonstone keeps beside the documents, and the one row of facts about the file.
//
//   _moonstone_meta(one row: format, version, schema_version, schema_json, epoch, bundle_hash)
//   _moonstone_log(seq, version, namespace, tbl, key, op, old, new, origin, time)
//   _moonstone_clients(client, ledger, used)
//   _moonstone_replies(client, chunk, replies): see ledger.h
//   _moonstone_secret(one row: secret)
//   _moonstone_search(name, version, stale), once there is a search index: see search_index.h
//
// All of it is on disk: columns may be added with a new format number, never renamed.
// The version of a state is that of its last log entry, or that of the meta row if it is greater: a
// commit that has an entry does not write the meta row as well (since format 2).
// Threads: confined to the connection's thread.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/layout.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

/// The format that this program writes. A file with a greater one is refused.
inline constexpr std::int64_t kFormat = 2;

/// Creates the tables in an empty file or in one that is adopted, or checks the format of a
/// Moonstone file and brings an older one up to this program's.
/// Errors: FailedPrecondition (reason "newer_format", or "foreign_file" for a database of somebody
/// else), those of sqlite_error.
[[nodiscard]] Status prepare_file(Connection& connection, const SqliteOptions& options);

/// Bytes of the secret: as many as the MACs have that it is the key of.
inline constexpr std::size_t kSecretBytes = 32;

/// The secret of the database (store.h); made when it is first asked for.
[[nodiscard]] Result<std::string> load_secret(Connection& connection);

[[nodiscard]] Result<SnapshotInfo> read_snapshot_info(Connection& connection);
/// The schema of the state being read. Errors: Corruption.
[[nodiscard]] Result<schema::Schema> read_schema(Connection& connection,
                                                 const LoadCatalog& load_catalog);

/// For a version that no log entry has.
[[nodiscard]] Status write_version(Connection& connection, Version version);
[[nodiscard]] Status write_epoch(Connection& connection, std::uint64_t epoch);
[[nodiscard]] Status write_schema(Connection& connection,
                                  const schema::Schema& schema,
                                  std::uint64_t schema_version);

}  // namespace moonstone::store::sqlite
