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
#include <string>
#include <string_view>
#include <vector>

#include "store/document_source.h"
#include "store/writer.h"

namespace moonstone::store {

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
  /// Ends before the store.
  [[nodiscard]] virtual Result<std::unique_ptr<Reader>> new_reader(
      KeepSnapshot keep = KeepSnapshot::No) = 0;
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
