// Moonstone. Licence: see LICENSE.
#pragma once
// SQL on a bare handle, for the tools: statements that run once and are not worth a cache.
// Threads: as the handle.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "store/store.h"

struct sqlite3;
struct sqlite3_stmt;

namespace moonstone::store::sqlite {

struct StatementFinalizer {
  void operator()(sqlite3_stmt* statement) const;
};
using OwnedStatement = std::unique_ptr<sqlite3_stmt, StatementFinalizer>;

/// Compiles the first statement of the text and tells what lies behind it. Null if there is none
/// (white space, comments). Errors: InvalidArgument (reason "sql"); those of raw_error.
struct CompiledText {
  OwnedStatement statement;
  std::string_view rest;
};
[[nodiscard]] Result<CompiledText> compile_first(sqlite3* db, std::string_view text);

/// What SQLite said of a statement, in its own words, as Writer::write sorts it.
[[nodiscard]] Error raw_error(sqlite3* db, int code);

/// The value of a column, as RawConnection::query gives it.
[[nodiscard]] Value raw_column(sqlite3_stmt* statement, int column);

/// Runs all statements of the text; their rows are dropped.
[[nodiscard]] Status run_raw(sqlite3* db, std::string_view text);
/// Runs one statement and gives its rows. Errors: also LimitExceeded (reason "read_bytes").
[[nodiscard]] Result<SqlRows> query_raw(sqlite3* db,
                                        std::string_view text,
                                        std::span<const Value> values = {},
                                        std::size_t bytes_max = std::size_t{1} << 30);

/// The first column of the first row; null if there is no row.
[[nodiscard]] Result<Value> value_of_raw(sqlite3* db,
                                         std::string_view text,
                                         std::span<const Value> values = {});

/// A database in memory with the settings of the tools, for as long as the handle lives.
struct DatabaseCloser {
  void operator()(sqlite3* db) const;
};
using OwnedDatabase = std::unique_ptr<sqlite3, DatabaseCloser>;
[[nodiscard]] Result<OwnedDatabase> open_memory_database();

}  // namespace moonstone::store::sqlite
