// Moonstone. Licence: see LICENSE.
#pragma once
// Database: one store with its writer thread, its readers, its schema, and those who watch commits.
//
// Mutations queue up; the writer thread runs all that are waiting in one SQLite transaction, each
// in its own savepoint (group commit), and answers them after one durable COMMIT. If the
// transaction is lost (full disk, failed COMMIT) its members run again one by one, and only then
// are they answered. If the disk refuses a write or a sync, nobody is answered before the store has
// been opened again from the disk, which decides what was committed; while that is impossible,
// mutations are refused and reads go on. Invariants:
//  (1) A mutation is applied exactly once if it is answered with success, not at all otherwise.
//  (2) Observers hear of a commit after it is durable, in version order, before its callers do.
//  (3) `done` of a call is called exactly once, on the writer's thread, or on the thread of
//  ~Database.
// Threads: synchronised. Source: design.md section 2 and decisions 8-12.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/thread_cache.h"
#include "engine/limits.h"
#include "engine/record_rules.h"
#include "engine/session.h"
#include "engine/transaction.h"
#include "engine/writer_turn.h"
#include "store/sqlite/sqlite_store.h"
#include "store/store.h"

namespace moonstone::engine {

using store::Version;

struct DatabaseOptions {
  store::SqliteOptions store;
  Limits limits;
  Clock* clock = nullptr;        // null: the system's
  Random* random = nullptr;      // null: the system's
  Logger* logger = nullptr;      // null: none
  RecordRules* rules = nullptr;  // for tables of models; outlives the database
  /// The writer's thread without work keeps its caches for so long, to the second.
  ThreadIdleMax thread_idle_max{};
};

struct MutationOutcome {
  std::optional<std::string> result_json;  // nothing: undefined
  Version version = 0;                     // the state that contains the mutation's effect
};

/// Runs inside the transaction, possibly several times; only its last run counts. Must not keep
/// state between runs. Returns the JSON text of the result.
using MutationBody = std::function<Result<std::optional<std::string>>(Transaction&)>;

struct MutationCall {
  Session session;
  std::string function;     // for the log
  std::string mutation_id;  // with session.client: makes the call idempotent
  MutationBody body;
  std::move_only_function<void(Result<MutationOutcome>)> done;
  /// One of the few calls of the system itself: waits where others are refused (queue_full).
  bool is_exempt = false;
};

/// What one group changed. Rows point into `schema`.
struct Commit {
  schema::SchemaPtr schema;
  Version version = 0;  // of the state after it
  std::uint64_t schema_version = 0;
  std::vector<query::Change> changes;  // one per row
  /// The changes are not listed: too many, a schema change, a reset, or another program wrote.
  bool everything = false;
};
using CommitPtr = std::shared_ptr<const Commit>;

class CommitObserver {
 public:
  virtual ~CommitObserver() = default;
  /// Called on the writer's thread, or on that of a turn; must only hand over.
  virtual void on_commit(const CommitPtr& commit) = 0;
};

/// One read connection of a database, for use by one thread at a time.
class ReadSession {
 public:
  virtual ~ReadSession() = default;
  /// Takes a snapshot of the newest state and returns its info.
  [[nodiscard]] virtual Result<store::SnapshotInfo> begin() = 0;
  virtual void end() = 0;
  [[nodiscard]] virtual const store::SnapshotInfo& snapshot() const = 0;
  [[nodiscard]] virtual store::DocumentSource& source() = 0;
};

class Database {
 public:
  /// Opens or creates the database and starts its writer. Errors: those of open_sqlite_store.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(DatabaseOptions options);
  virtual ~Database() = default;

  /// The current schema and the number of its version.
  [[nodiscard]] virtual schema::SchemaPtr schema() const = 0;
  [[nodiscard]] virtual std::uint64_t schema_version() const = 0;
  [[nodiscard]] virtual Version version() const = 0;

  /// Queues a mutation. `done` gets LimitExceeded (reason "queue_full") when too many wait,
  /// Unavailable (reason "shutting_down") after shut_down(), Unavailable ("disk_full": not
  /// applied),
  /// ("storage_failed": not applied, see failure()) or ("outcome_unknown": only the disk knows).
  virtual void submit(MutationCall call) = 0;
  /// submit() and wait. Never call it on the writer's thread.
  [[nodiscard]] virtual Result<MutationOutcome> run(MutationCall call) = 0;

  /// Takes the writer for a transaction in steps (engine/writer_turn.h); waits for its turn, so
  /// never call it on the writer's thread, nor while the caller has a turn already.
  /// Errors: DeadlineExceeded (reason "writer_busy"), those of submit().
  [[nodiscard]] virtual Result<std::unique_ptr<WriterTurn>> begin_turn(TurnOptions options) = 0;

  [[nodiscard]] virtual Result<std::unique_ptr<ReadSession>> new_reader(
      store::KeepSnapshot keep = store::KeepSnapshot::No) = 0;

  /// Changes the schema between two groups; waits. `on_applied` runs on the writer's thread before
  /// the next group starts, so that code and schema change together. Tables of the system that
  /// `next` does not name stay. See store::Writer.
  [[nodiscard]] virtual Result<store::Writer::SchemaOutcome> apply_schema(
      schema::Schema next,
      store::Writer::AllowDataLoss allow,
      std::move_only_function<void(const store::Writer::SchemaOutcome&)> on_applied = {}) = 0;

  /// What apply_schema() would do and meet; waits, between two groups. See store::Writer.
  [[nodiscard]] virtual Result<store::Writer::SchemaCheck> check_schema(schema::Schema next) = 0;

  /// Deletes every document between two groups, but those of the tables in `kept`; waits.
  [[nodiscard]] virtual Status reset(std::vector<std::string> kept = {}) = 0;

  /// The observer must outlive the database or be removed.
  virtual void add_observer(CommitObserver& observer) = 0;
  virtual void remove_observer(CommitObserver& observer) = 0;

  [[nodiscard]] virtual Result<std::vector<store::LogEntry>> read_log(std::uint64_t after,
                                                                      std::size_t limit) = 0;

  /// A person's own SELECT; see store::Store::query_sql. Waits; call it on a thread that may.
  [[nodiscard]] virtual Result<store::SqlRows> query_sql(std::string_view select,
                                                         const store::SqlLimits& limits = {}) = 0;

  /// Queries that an index would make cheaper; see store::Store::table_scans.
  [[nodiscard]] virtual std::vector<store::TableScan> table_scans() const = 0;

  /// Why nothing can be written: the disk failed, and the store could not be opened again so far,
  /// which goes on being tried. Nothing: all is well.
  [[nodiscard]] virtual std::optional<Error> failure() const = 0;
  /// How a query is read; see store::Store::explain_query. Waits; call it on a thread that may.
  [[nodiscard]] virtual Result<store::ReadPlan> explain_query(const query::Query& query,
                                                              store::ReadKind kind) = 0;

  /// Commits what runs, refuses what waits, stops the writer. Idempotent.
  virtual void shut_down() = 0;

  /// Counters for metrics and tests.
  struct Counters {
    std::uint64_t commits = 0;      // durable group commits
    std::uint64_t mutations = 0;    // answered with success
    std::uint64_t replays = 0;      // calls that ran again because their group was lost
    std::uint64_t moved_alone = 0;  // calls that exceeded grouped_call_max
    std::uint64_t ledger_hits = 0;  // answered from the ledger
    std::uint64_t restarts = 0;     // of the store, after its disk had failed
    std::uint64_t queued = 0;       // now: mutations that wait for the writer
  };
  [[nodiscard]] virtual Counters counters() const = 0;
};

}  // namespace moonstone::engine
