// Moonstone. Licence: see LICENSE.
#pragma once
// Writer: the one connection that changes a store, and what it is told and tells.
// Threads: confined to whoever has the writer (engine/internal/writer_baton.h).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/footprint.h"
#include "schema/diff.h"
#include "store/document_source.h"

namespace moonstone::store {

/// Where a mutation came from; stands in the change log.
struct Origin {
  std::string client;
  std::string mutation;
  std::string function;
  Value identity;  // verified claims, or undefined
};

/// A position in the running transaction to which everything can return.
struct Mark {
  std::uint32_t depth = 0;
  std::size_t change_count = 0;
  bool is_light = false;
};

/// What of the change log is worth keeping.
struct LogRetention {
  std::uint64_t entries_max = 1'000'000;
  std::int64_t unix_ms_min = 0;  // older entries go
};

/// What one bounded step of pruning did.
struct PruneOutcome {
  std::size_t deleted = 0;
  bool may_have_more = false;
};

/// Some replies of a client, written once and then only dropped. Numbers rise with time.
struct LedgerChunk {
  std::uint64_t number = 0;
  std::string text;
};

/// A client's ledger as it is stored: what is written with every group, and what was sealed before.
struct StoredLedger {
  std::string head;
  std::vector<LedgerChunk> chunks{};  // oldest first
};

/// What one group changes in it.
struct LedgerChange {
  std::string head;
  std::vector<LedgerChunk> written{};  // new chunks, or old ones with another text
  std::vector<std::uint64_t> dropped{};
};

/// Which of a model's counters: one for each value of the scope field (litestone.md 32.1).
struct SequenceScope {
  std::string_view model;
  std::string_view field;
  std::string_view scope;
};

/// The one write connection. Every function but begin(), commit(), rollback(), apply_schema(),
/// reset(), checkpoint() and tend_wal() needs a running transaction. After any error ask
/// in_transaction(): SQLite may have rolled the whole transaction back.
class Writer : public DocumentSource {
 public:
  /// Starts a transaction. `outside_change` tells whether another program wrote since the last.
  struct Begun {
    Version version = 0;
    bool outside_change = false;
  };
  [[nodiscard]] virtual Result<Begun> begin() = 0;
  [[nodiscard]] virtual bool in_transaction() const = 0;

  [[nodiscard]] virtual Result<Mark> mark() = 0;
  /// A mark that costs nothing: it says what changed since, but returning to it works only while
  /// nothing has (FailedPrecondition, reason "light_mark"). The transaction runs on then.
  [[nodiscard]] virtual Result<Mark> light_mark() = 0;
  /// Undoes everything since the mark (rows and captured changes); the mark stays usable.
  [[nodiscard]] virtual Status rollback_to(const Mark& mark) = 0;
  /// Keeps everything since the mark and forgets it.
  [[nodiscard]] virtual Status release(const Mark& mark) = 0;

  /// `row.values` in the stored form (schema::check_and_convert); sets nothing. U+0000 in text is
  /// refused (InvalidArgument).
  [[nodiscard]] virtual Status insert(const query::Row& row) = 0;
  /// Replaces all fields of the row with that id. NotFound if it is not there.
  [[nodiscard]] virtual Status update(const query::Row& row) = 0;
  /// Returns whether there was a row.
  [[nodiscard]] virtual Result<bool> erase(const schema::Table& table, std::string_view id) = 0;

  /// Compiles a write of rows of a model. Errors: as compile().
  [[nodiscard]] virtual Result<CompiledStatementPtr> compile_write(
      const query::WritePlan& plan) = 0;
  /// What a write did: how many rows it touched, and those that it was asked to give back.
  struct Written {
    std::uint64_t count = 0;
    query::RowSet rows;
  };
  /// Runs it. Errors: AlreadyExists (reason "unique"), FailedPrecondition (reasons "not_null",
  /// "foreign_key", "check", "type"), all with SQLite's text; InvalidArgument (reason "sql").
  [[nodiscard]] virtual Result<Written> write(const CompiledStatement& statement,
                                              std::span<const Value> parameters) = 0;

  /// The next number of a sequence, from 1. With `at_least`: that number, and the counter never
  /// stays behind it. Part of the transaction.
  [[nodiscard]] virtual Result<std::int64_t> next_number(const SequenceScope& scope,
                                                         std::optional<std::int64_t> at_least) = 0;
  /// Merges the full-text index of a model's table into its most compact form. Errors: NotFound
  /// (the model has none).
  [[nodiscard]] virtual Status optimize_search(std::string_view table) = 0;

  /// Runs one statement of the application's own, which is trusted (`tx.sql`), and gives its rows.
  /// What it changes in tables of models is captured like any write. It must not end the
  /// transaction. Errors: those of write().
  [[nodiscard]] virtual Result<SqlRows> run_sql(std::string_view sql,
                                                std::span<const Value> values) = 0;

  /// What really changed since the mark, by SQLite's own account: one entry per row, with the image
  /// at the mark and the image now; rows that are as they were are left out.
  [[nodiscard]] virtual Result<std::vector<query::Change>> changes_since(const Mark& mark) = 0;

  /// Appends the changes to the change log.
  [[nodiscard]] virtual Status append_log(Version version,
                                          std::int64_t unix_ms,
                                          const Origin& origin,
                                          const std::vector<query::Change>& changes) = 0;
  /// Records the version that readers of this transaction's outcome will see.
  [[nodiscard]] virtual Status set_version(Version version) = 0;

  /// The idempotency ledger: texts of a client's own, written once per group.
  [[nodiscard]] virtual Result<std::optional<StoredLedger>> load_ledger(
      std::string_view client) = 0;
  [[nodiscard]] virtual Status save_ledger(std::string_view client,
                                           const LedgerChange& change,
                                           std::int64_t unix_ms) = 0;

  /// Deletes log entries beyond the retention, oldest first, at most about a thousand per call. The
  /// newest entry always stays, so that sequences never start again.
  [[nodiscard]] virtual Result<PruneOutcome> prune_log(const LogRetention& retention) = 0;
  /// Forgets clients whose ledger was not written since `unix_ms_min`, some thousand per call.
  [[nodiscard]] virtual Result<PruneOutcome> prune_ledger(std::int64_t unix_ms_min) = 0;

  /// Returns once the transaction is as durable as the options say. On error nothing is committed.
  [[nodiscard]] virtual Status commit() = 0;
  virtual void rollback() = 0;

  /// Moves the WAL into the file as far as readers allow, on the calling thread.
  [[nodiscard]] virtual Status checkpoint() = 0;
  /// Keeps the WAL short; to be called after each commit, and now and then when there is none. The
  /// copying is done by a thread of the store's own; here it is only told to, and the log begins
  /// anew once all of it is copied. Errors: what that thread met since the last call. Nothing is
  /// lost then: the WAL stays until it could be copied.
  enum class WalCare : unsigned char { WhenLong, Always };
  [[nodiscard]] virtual Status tend_wal(WalCare care) = 0;

  /// The greatest _id of the table, by which the id generator starts; empty if it has no rows.
  [[nodiscard]] virtual Result<std::string> greatest_id(const schema::Table& table) = 0;

  /// Deletes every document but those of the tables in `kept`, every log entry and every ledger
  /// entry; the schema stays. Outside a transaction.
  [[nodiscard]] virtual Status reset(const std::vector<std::string>& kept) = 0;

  /// Carries the diff out in one transaction of its own and gives `next` its stable ids.
  /// Errors: FailedPrecondition with table, field and the first offending ids (reason
  /// "schema_violation"), or with the losses when `allow_data_loss` is No (reason "data_loss").
  /// On error nothing has changed.
  enum class AllowDataLoss : unsigned char { No, Yes };
  struct SchemaOutcome {
    schema::SchemaPtr schema;
    std::uint64_t schema_version = 0;
    schema::SchemaDiff diff;
  };
  [[nodiscard]] virtual Result<SchemaOutcome> apply_schema(schema::Schema next,
                                                           AllowDataLoss allow) = 0;

  /// What apply_schema(next) would do and meet, without doing it. Cost: reads every row of the
  /// tables whose fields change their type.
  struct SchemaCheck {
    schema::SchemaDiff diff;
    std::vector<std::string> losses;      // `table "notes" (3 rows)`; refused unless allowed
    std::vector<std::string> violations;  // one sentence per table and field; always refused
  };
  [[nodiscard]] virtual Result<SchemaCheck> check_schema(schema::Schema next) = 0;
};

}  // namespace moonstone::store
