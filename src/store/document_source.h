// Moonstone. Licence: see LICENSE.
#pragma once
// DocumentSource and Reader: what can be read of a state of the store.
// Threads: confined; a CompiledStatement is immutable.

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
#include "query/query.h"
#include "query/row.h"
#include "query/row_set.h"
#include "query/select.h"
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

/// Whether a reader that is between two uses may hold on to its snapshot: the next begin() gives
/// the same one again if nothing was committed since, by whomever, and then costs next to nothing.
/// Worth it for many small reads. A commit through the same store ends it, and so does a second
/// without use.
enum class KeepSnapshot : unsigned char { No, Yes };

/// One read connection. Every read can also fail with Unavailable (reason "snapshot_too_old"): the
/// snapshot was older than the store allows while it kept a long WAL from being cut.
class Reader : public DocumentSource {
 public:
  /// Takes a snapshot of the newest durable state. Ends the former one if there is one.
  [[nodiscard]] virtual Result<SnapshotInfo> begin() = 0;
  virtual void end() = 0;
};

/// What a person asked in SQL. Values as the database has them: booleans are 0 and 1, nested values
/// are JSON text.
struct SqlRows {
  std::vector<std::string> columns;
  std::vector<std::vector<Value>> rows;
};

}  // namespace moonstone::store
