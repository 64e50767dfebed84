// Moonstone. Licence: see LICENSE.
#pragma once
// What a database holds: its tables, indexes, triggers and views, as SQLite itself tells it.
//
// The pragmas say most; what they keep to themselves (CHECK constraints, generated expressions) is
// read from the CREATE statements. Tables of the system are left out: `sqlite_*`, `_moonstone_*`,
// `_litestone_*`, and the shadow tables of virtual ones.
// Threads: plain data; read_sql_schema uses the handle. Source: litestone.md 35.7, 36.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct sqlite3;

namespace moonstone::store::sqlite {

enum class ColumnKind : unsigned char { Ordinary, Virtual, Stored };

struct SqlColumn {
  std::string name;
  std::string type;  // in capitals, as declared
  bool is_not_null = false;
  std::uint32_t key_position = 0;            // in the primary key, from 1; 0: no part of it
  std::optional<std::string> default_sql{};  // as it stands, without space around it
  ColumnKind kind = ColumnKind::Ordinary;
  std::string generated_sql{};  // between the parentheses
};

struct SqlForeignKey {
  std::vector<std::string> from;
  std::string table;
  std::vector<std::string> to;
  std::string on_delete;  // "NO ACTION", "CASCADE", ..
  std::string on_update;
};

struct SqlIndex {
  std::string name;
  bool is_unique = false;
  /// UNIQUE or PRIMARY KEY of the table, not a CREATE INDEX.
  bool is_constraint = false;
  std::vector<std::string> columns{};  // an expression has an empty name
  std::string terms{};                 // what the text says between its parentheses, canonical
  std::string where{};                 // canonical; empty: all rows
  std::string sql{};                   // empty for constraints
};

/// CHECK (..), by itself or of a column.
struct SqlCheck {
  std::string sql{};                 // between the parentheses, as it stands
  std::vector<std::string> columns;  // of the table, that it names
};

struct SqlTrigger {
  std::string name;
  std::string sql;
};

struct SqlTable {
  std::string name;
  std::string sql;
  bool is_virtual = false;
  bool is_strict = false;
  bool is_without_rowid = false;
  std::vector<SqlColumn> columns{};
  std::vector<SqlForeignKey> foreign_keys{};
  std::vector<SqlIndex> indexes{};
  std::vector<SqlCheck> checks{};
  std::vector<SqlTrigger> triggers{};

  /// Names are compared as SQLite does, ignoring the case of ASCII letters.
  [[nodiscard]] const SqlColumn* find_column(std::string_view column) const;
  /// The INTEGER PRIMARY KEY, which is the rowid; null if there is none.
  [[nodiscard]] const SqlColumn* find_rowid_alias() const;
};

struct SqlView {
  std::string name;
  std::string sql;
};

struct SqlSchema {
  std::vector<SqlTable> tables;  // in the order in which they were made
  std::vector<SqlView> views;

  [[nodiscard]] const SqlTable* find_table(std::string_view table) const;
  [[nodiscard]] const SqlView* find_view(std::string_view view) const;
};

/// Errors: those of raw_error. Cost: some statements per table.
[[nodiscard]] Result<SqlSchema> read_sql_schema(sqlite3* db);

/// As SQLite compares names.
[[nodiscard]] bool is_same_name(std::string_view a, std::string_view b);

}  // namespace moonstone::store::sqlite
