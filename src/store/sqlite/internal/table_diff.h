// Moonstone. Licence: see LICENSE.
#pragma once
// How one table of a database differs from what a schema wants, and the SQL that closes the gap.
//
// Columns that ALTER TABLE can add are added; everything else rebuilds the table: a new one beside
// it, the rows copied with their row numbers, the names exchanged, indexes and triggers made anew.
// Only columns that both have are copied. A column that may not be NULL, has no default and meets
// rows blocks its whole table, because nobody but its author knows what the rows should have.
// Threads: pure; a TableDiff points into the two tables. Source: litestone.md 35.7, 35.8, 35.11.

#include <string>
#include <vector>

#include "store/sqlite/internal/sql_schema.h"

namespace moonstone::store::sqlite {

struct TableDiff {
  const SqlTable* live = nullptr;
  const SqlTable* wanted = nullptr;

  std::vector<const SqlColumn*> added;    // of `wanted`; by ALTER TABLE unless it is rebuilt
  std::vector<const SqlColumn*> blocked;  // of `wanted`: NOT NULL, no default, and there are rows
  std::vector<const SqlColumn*> removed;  // of `live`
  bool needs_rebuild = false;
  std::vector<const SqlIndex*> new_indexes;
  std::vector<const SqlIndex*> stale_indexes;
  std::vector<const SqlTrigger*> new_triggers;    // also those whose text has changed
  std::vector<const SqlTrigger*> stale_triggers;  // of `live`: gone, or with another text
  std::vector<std::string> summary;               // without the line of the table itself

  [[nodiscard]] bool is_empty() const { return summary.empty(); }
};

enum class TableRows : unsigned char { None, Some };

/// `live_schema` tells what a foreign key without columns refers to.
[[nodiscard]] TableDiff diff_table(const SqlTable& live,
                                   const SqlTable& wanted,
                                   TableRows rows,
                                   const SqlSchema& live_schema);

/// The statements, without semicolons, that carry it out; none for a blocked table.
[[nodiscard]] std::vector<std::string> table_diff_sql(const TableDiff& diff);

/// A CREATE statement of sqlite_schema with IF NOT EXISTS.
[[nodiscard]] std::string create_if_missing(const std::string& sql);
/// The comment that stands for a column that cannot be added.
[[nodiscard]] std::string blocked_comment(const SqlTable& table, const SqlColumn& column);

}  // namespace moonstone::store::sqlite
