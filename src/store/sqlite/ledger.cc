// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/ledger.h"

namespace moonstone::store::sqlite {

namespace {

/// Clients forgotten by one call: keeps the writer's pause near a millisecond.
constexpr std::int64_t kPruneBatch = 1'000;

}  // namespace

Result<std::optional<std::string>> load_ledger(Connection& connection, std::string_view client) {
  MS_TRY(Statement select,
         connection.prepare("SELECT ledger FROM _moonstone_clients WHERE client=?1"));
  select.bind_text(1, client);
  MS_TRY(const bool has_row, select.step("read the ledger"));
  if (!has_row) return std::optional<std::string>();
  return std::optional<std::string>(select.text(0));
}

Status save_ledger(Connection& connection,
                   std::string_view client,
                   std::string_view ledger,
                   std::int64_t unix_ms) {
  MS_TRY(Statement upsert,
         connection.prepare("INSERT INTO _moonstone_clients(client,ledger,used) VALUES(?1,?2,?3) "
                            "ON CONFLICT(client) DO UPDATE SET "
                            "ledger=excluded.ledger,used=excluded.used"));
  upsert.bind_text(1, client);
  upsert.bind_text(2, ledger);
  upsert.bind_integer(3, unix_ms);
  return upsert.run("write the ledger");
}

Result<PruneOutcome> prune_ledger(Connection& connection, std::int64_t unix_ms_min) {
  MS_TRY(Statement erase,
         connection.prepare("DELETE FROM _moonstone_clients WHERE client IN (SELECT client FROM "
                            "_moonstone_clients WHERE used<?1 LIMIT ?2)"));
  erase.bind_integer(1, unix_ms_min);
  erase.bind_integer(2, kPruneBatch);
  MS_TRY_STATUS(erase.run("prune the ledger"));
  const std::int64_t deleted = connection.changes();
  return PruneOutcome{.deleted = static_cast<std::size_t>(deleted),
                      .may_have_more = deleted == kPruneBatch};
}

}  // namespace moonstone::store::sqlite
