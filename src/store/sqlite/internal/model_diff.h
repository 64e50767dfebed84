// Moonstone. Licence: see LICENSE.
#pragma once
// The differ: what a database lacks of what a catalog declares, and the SQL that brings it there.
//
// The DDL of the catalog makes an empty database in memory; both are read by read_sql_schema and
// compared, so that everything the DDL makes is covered: tables and join tables, indexes with their
// conditions, search tables, triggers, views. Nothing that nobody declared is dropped: tables and
// views that the schema does not know are named in a comment, and external ones not at all.
// Threads: confined to the handle's thread. Source: litestone.md 35.7-35.11.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/catalog.h"
#include "store/sqlite/internal/connection.h"
#include "store/store.h"

struct sqlite3;

namespace moonstone::store::sqlite {

struct DroppedColumn {
  std::string table;
  std::string column;
};

struct ModelDiff {
  std::vector<std::string> summary;  // the lines of litestone.md 35.11
  struct Line {
    std::string text;  // a statement without its semicolon, or a comment
    bool is_comment = false;
  };
  std::vector<Line> lines;
  std::vector<std::string> blocked;  // "user.nick": a person must decide
  std::vector<DroppedColumn> dropped;
  std::vector<std::string> unknown;  // tables and views that the schema does not declare
  bool rebuilds = false;             // then the statements need foreign keys off

  [[nodiscard]] std::size_t statement_count() const;
  /// Whether the database is as the schema wants it; unknown tables do not matter.
  [[nodiscard]] bool is_in_sync() const { return statement_count() == 0 && blocked.empty(); }
  /// The text of a migration that carries it out, in one transaction.
  [[nodiscard]] std::string script() const;
};

/// What the main database of the handle lacks of the models of `database`. Errors: those of the DDL
/// (InvalidArgument: foreign keys in a circle) and of raw_error.
[[nodiscard]] Result<ModelDiff> diff_models(sqlite3* db,
                                            const schema::Catalog& catalog,
                                            std::string_view database = "main");

/// Carries the difference out inside the caller's transaction, which must have been begun with
/// foreign keys off if a table has to be rebuilt.
/// Errors: FailedPrecondition (reason "schema_violation": rows that the schema refuses;
/// "data_loss": a column with values would go, and `allow` is No; "foreign_key": rows refer to
/// nothing).
[[nodiscard]] Status apply_model_diff(Connection& connection,
                                      const schema::Catalog& next,
                                      Writer::AllowDataLoss allow,
                                      std::string_view database = "main");

}  // namespace moonstone::store::sqlite
