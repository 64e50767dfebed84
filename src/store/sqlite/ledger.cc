// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/ledger.h"

namespace moonstone::store::sqlite {

namespace {

/// Clients forgotten by one call: keeps the writer's pause near a millisecond.
constexpr std::int64_t kPruneBatch = 1'000;

constexpr std::string_view kReading = "read the ledger";
constexpr std::string_view kWriting = "write the ledger";
constexpr std::string_view kPruning = "prune the ledger";

Status write_chunk(Connection& connection, std::string_view client, const LedgerChunk& chunk) {
  MS_TRY(Statement upsert,
         connection.prepare("INSERT INTO _moonstone_replies(client,chunk,replies) VALUES(?1,?2,?3) "
                            "ON CONFLICT(client,chunk) DO UPDATE SET replies=excluded.replies"));
  upsert.bind_text(1, client);
  upsert.bind_integer(2, static_cast<std::int64_t>(chunk.number));
  upsert.bind_text(3, chunk.text);
  return upsert.run(kWriting);
}

Status drop_chunk(Connection& connection, std::string_view client, std::uint64_t number) {
  MS_TRY(Statement erase,
         connection.prepare("DELETE FROM _moonstone_replies WHERE client=?1 AND chunk=?2"));
  erase.bind_text(1, client);
  erase.bind_integer(2, static_cast<std::int64_t>(number));
  return erase.run(kWriting);
}

}  // namespace

Status create_ledger_chunks(Connection& connection) {
  return connection.run_once(
      "CREATE TABLE IF NOT EXISTS _moonstone_replies(client TEXT NOT NULL,chunk INTEGER NOT NULL,"
      "replies TEXT NOT NULL,PRIMARY KEY(client,chunk)) STRICT, WITHOUT ROWID",
      "create the ledger");
}

Result<std::optional<StoredLedger>> load_ledger(Connection& connection, std::string_view client) {
  MS_TRY(Statement head,
         connection.prepare("SELECT ledger FROM _moonstone_clients WHERE client=?1"));
  head.bind_text(1, client);
  MS_TRY(const bool has_head, head.step(kReading));
  if (!has_head) return std::optional<StoredLedger>();
  StoredLedger ledger{.head = std::string(head.text(0)), .chunks = {}};
  MS_TRY(Statement chunks,
         connection.prepare(
             "SELECT chunk,replies FROM _moonstone_replies WHERE client=?1 ORDER BY chunk"));
  chunks.bind_text(1, client);
  while (true) {
    MS_TRY(const bool has_chunk, chunks.step(kReading));
    if (!has_chunk) return std::optional<StoredLedger>(std::move(ledger));
    ledger.chunks.push_back({.number = static_cast<std::uint64_t>(chunks.integer(0)),
                             .text = std::string(chunks.text(1))});
  }
}

Status save_ledger(Connection& connection,
                   std::string_view client,
                   const LedgerChange& change,
                   std::int64_t unix_ms) {
  MS_TRY(Statement upsert,
         connection.prepare("INSERT INTO _moonstone_clients(client,ledger,used) VALUES(?1,?2,?3) "
                            "ON CONFLICT(client) DO UPDATE SET "
                            "ledger=excluded.ledger,used=excluded.used"));
  upsert.bind_text(1, client);
  upsert.bind_text(2, change.head);
  upsert.bind_integer(3, unix_ms);
  MS_TRY_STATUS(upsert.run(kWriting));
  for (const LedgerChunk& chunk : change.written)
    MS_TRY_STATUS(write_chunk(connection, client, chunk));
  for (const std::uint64_t number : change.dropped)
    MS_TRY_STATUS(drop_chunk(connection, client, number));
  return {};
}

Result<PruneOutcome> prune_ledger(Connection& connection, std::int64_t unix_ms_min) {
  // Both statements meet the same clients: those that the primary key has first.
  constexpr std::string_view kStatements[] = {
      "DELETE FROM _moonstone_replies WHERE client IN (SELECT client FROM _moonstone_clients "
      "WHERE used<?1 ORDER BY client LIMIT ?2)",
      "DELETE FROM _moonstone_clients WHERE client IN (SELECT client FROM _moonstone_clients "
      "WHERE used<?1 ORDER BY client LIMIT ?2)"};
  for (const std::string_view text : kStatements) {
    MS_TRY(Statement erase, connection.prepare(text));
    erase.bind_integer(1, unix_ms_min);
    erase.bind_integer(2, kPruneBatch);
    MS_TRY_STATUS(erase.run(kPruning));
  }
  const std::int64_t deleted = connection.changes();
  return PruneOutcome{.deleted = static_cast<std::size_t>(deleted),
                      .may_have_more = deleted == kPruneBatch};
}

}  // namespace moonstone::store::sqlite
