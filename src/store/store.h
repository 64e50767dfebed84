// Moonstone. Licence: see LICENSE.
#pragma once
// Store: the seam below the engine. Only code under store/ knows SQL.
//
// A Store keeps the documents of one database, its change log, its ledger and its schema. It has
// one Writer and any number of Readers; what a Reader sees between begin() and end() is one
// snapshot. The engine decides what is written; the store says what really changed.
// Threads: Store's own functions are synchronised; a Reader and the Writer are confined.
// Source: design.md decisions 7-12, 17, 18.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "query/footprint.h"
#include "query/query.h"
#include "query/row.h"
#include "query/row_set.h"
#include "query/select.h"
#include "schema/diff.h"
#include "schema/schema.h"

namespace moonstone::store {

/// A position in the history of one database: +1 for each mutation that changed something.
using Version = std::uint64_t;

/// What a read may cost; counts down over the calls that share it.
struct ReadBudget {
  std::uint64_t rows_left = 100'000;
  std::uint64_t bytes_left = std::uint64_t{64} * 1024 * 1024;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

/// A Select or a WritePlan, compiled once and then run with many lists of values. Belongs to one
/// version of the schema: run under another one it fails with FailedPrecondition (reason
/// "stale_plan"), and is to be compiled again. Threads: immutable; any connection may run it.
class CompiledStatement {
 public:
  virtual ~CompiledStatement() = default;
  /// Of the rows that it gives; empty if it gives none.
  [[nodiscard]] virtual const query::RowShapePtr& shape() const = 0;
  /// The text, and the values in the order of its places: for people who watch.
  [[nodiscard]] virtual std::string_view sql() const = 0;
  [[nodiscard]] virtual std::vector<Value> sql_values(std::span<const Value> parameters) const = 0;
};
using CompiledStatementPtr = std::shared_ptr<const CompiledStatement>;

/// Reads of documents at one state. Errors of every read: LimitExceeded (reason "read_rows",
/// "read_bytes"), DeadlineExceeded (reason "read_time"), NotFound (unknown table, with the text of
/// functions.md 5.2), Corruption, Unavailable. A search also InvalidArgument (reason
/// "search_syntax"): its text cannot be read.
class DocumentSource {
 public:
  virtual ~DocumentSource() = default;
  /// The schema of the state being read; rows point into it.
  [[nodiscard]] virtual schema::SchemaPtr schema() const = 0;
  /// Random bytes that belong to the database and never change: they seal what clients hold for it,
  /// such as cursors (query/seal.h). Never shown.
  [[nodiscard]] virtual std::string_view secret() const = 0;
  /// The document, or nothing. Cost: one index look-up.
  [[nodiscard]] virtual Result<std::optional<query::Row>> get(const schema::Table& table,
                                                              std::string_view id,
                                                              ReadBudget& budget) = 0;
  [[nodiscard]] virtual Result<std::vector<query::Row>> select(const query::Query& query,
                                                               ReadBudget& budget) = 0;
  /// Counts without order and limit. Charged one row per 1,000 counted.
  [[nodiscard]] virtual Result<std::uint64_t> count(const query::Query& query,
                                                    ReadBudget& budget) = 0;
  /// Compiles a read of a model for the schema of the state. Errors: InvalidArgument (a name that
  /// the model has not, a term in the wrong place), LimitExceeded.
  [[nodiscard]] virtual Result<CompiledStatementPtr> compile(const query::Select& select) = 0;
  /// Runs it. Errors: also InvalidArgument (reason "sql": raw SQL that the database refuses;
  /// "search_syntax"), FailedPrecondition (reason "stale_plan").
  [[nodiscard]] virtual Result<query::RowSet> read(const CompiledStatement& statement,
                                                   std::span<const Value> parameters,
                                                   ReadBudget& budget) = 0;
};

struct SnapshotInfo {
  Version version = 0;
  std::uint64_t schema_version = 0;
  std::uint64_t epoch = 0;
};

/// One read connection. Every read can also fail with Unavailable (reason "snapshot_too_old"): the
/// snapshot was older than the store allows while it kept a long WAL from being cut.
class Reader : public DocumentSource {
 public:
  /// Takes a snapshot of the newest durable state. Ends the former one if there is one.
  [[nodiscard]] virtual Result<SnapshotInfo> begin() = 0;
  virtual void end() = 0;
};

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

struct SqlRows;

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

/// One entry of the change log.
struct LogEntry {
  std::uint64_t sequence = 0;
  Version version = 0;
  std::string table;
  std::string key;
  /// On disk: never renumber.
  enum class Operation : unsigned char { Insert = 1, Update = 2, Delete = 3 } operation;
  Value old_fields;  // object of the changed fields, as stored; undefined for inserts
  Value new_fields;  // undefined for deletes
  Value origin;
  std::int64_t unix_ms = 0;
};

/// What a person asked in SQL. Values as the database has them: booleans are 0 and 1, nested values
/// are JSON text.
struct SqlRows {
  std::vector<std::string> columns;
  std::vector<std::vector<Value>> rows;
};

struct SqlLimits {
  std::size_t rows_max = 10'000;
  std::size_t bytes_max = std::size_t{16} * 1024 * 1024;
  std::chrono::milliseconds time_max{5'000};
};

/// Queries of one shape that read whole tables.
struct TableScan {
  std::string table;
  std::vector<std::string> fields;  // of the filter, sorted
  std::uint64_t runs = 0;
  std::uint64_t rows_read = 0;
  std::uint64_t rows_found = 0;
};

enum class ReadKind : unsigned char { Rows, Count };

/// How a query is read.
struct ReadPlan {
  std::string sql;                 // with places for the values
  std::vector<std::string> steps;  // in the words of the database
  /// The schema's index that serves it, also if it gives but the order; "_id" for ids; empty: none.
  std::string index;
  bool is_scan = false;            // nothing narrows it: it looks at row after row
  bool sorts = false;              // what it found, as no index has the order
  std::uint64_t rows_stepped = 0;  // by a scan
};

class Store {
 public:
  virtual ~Store() = default;  // ends after its readers, which still use it when they end
  [[nodiscard]] virtual Writer& writer() = 0;
  /// For when a write or a sync has failed: forgets everything in memory and opens the database
  /// again from the disk, whose recovery decides what was committed; what it then shows is durable.
  /// Readers wait meanwhile; snapshots that are open go on, up to two seconds of them are waited
  /// for. After success writer() is another object; after an error there is none, readers work as
  /// far as they can, and restart() may be called again. Outside a transaction; on the writer's
  /// thread. Errors: those of open_sqlite_store.
  [[nodiscard]] virtual Status restart() = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<Reader>> new_reader() = 0;  // ends before the store
  /// Entries with sequence > after, oldest first, at most `limit`. Opens its own snapshot.
  [[nodiscard]] virtual Result<std::vector<LogEntry>> read_log(std::uint64_t after,
                                                               std::size_t limit) = 0;
  /// Runs one SELECT on the tables of the project, which look as documents do (`_id`, `_ts`, the
  /// fields). Nothing else can be read, and nothing written. Opens a connection of its own; waits.
  /// Errors: InvalidArgument (reason "sql"), LimitExceeded, DeadlineExceeded.
  [[nodiscard]] virtual Result<SqlRows> query_sql(std::string_view select,
                                                  const SqlLimits& limits) = 0;
  /// The queries since opening that looked at far more rows than they found because no index serves
  /// them, the costliest first; also those that were stopped for it, and only of large tables.
  [[nodiscard]] virtual std::vector<TableScan> table_scans() const = 0;
  /// How a query would be read now. A scan is carried out, a second at most, to count its steps;
  /// waits. Errors: those of DocumentSource::select.
  [[nodiscard]] virtual Result<ReadPlan> explain_query(const query::Query& query,
                                                       ReadKind kind) = 0;
};

}  // namespace moonstone::store
