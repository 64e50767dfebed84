// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/migration_script.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sqlite3.h>

#include "store/sqlite/internal/foreign_key_check.h"
#include "store/sqlite/internal/raw_sql.h"
#include "store/sqlite/internal/sql_text.h"

namespace moonstone::store::sqlite {

namespace {

struct Numbered {
  std::size_t number = 0;  // in the file, from 1
  std::string text;
};

struct Script {
  std::vector<Numbered> statements;
  std::vector<Numbered> after;  // VACUUM
  bool wants_foreign_keys_off = false;
};

bool is_off(const SqlToken& value) {
  return value.is("off") || value.is("0") || value.is("no") || value.is("false");
}

/// `PRAGMA foreign_keys = ..`, which does nothing inside a transaction.
bool sets_foreign_keys(const std::vector<SqlToken>& tokens) {
  return tokens.size() >= 4 && tokens[0].is("pragma") && tokens[1].is("foreign_keys");
}

Result<Script> read_script(std::string_view text) {
  Script script;
  std::size_t number = 0;
  for (std::string& statement : split_sql(text)) {
    ++number;
    const std::vector<SqlToken> tokens = sql_tokens(statement);
    if (tokens[0].is("begin") || tokens[0].is("commit") || tokens[0].is("end")) continue;
    if (tokens[0].is("rollback") && (tokens.size() == 1 || !tokens[1].is("to"))) {
      return Error(ErrorCode::InvalidArgument,
                   fmt::format("statement {}: a migration is one transaction; ROLLBACK would undo "
                               "all of it",
                               number),
                   "sql");
    }
    if (sets_foreign_keys(tokens)) {
      // In numbers and words: `0` is a Number token.
      const SqlToken& value = tokens[3];
      script.wants_foreign_keys_off |= is_off(value) || value.text == "0";
      continue;
    }
    const bool is_vacuum = tokens[0].is("vacuum");
    (is_vacuum ? script.after : script.statements).push_back({number, std::move(statement)});
  }
  return script;
}

Status run_statements(sqlite3* db, const std::vector<Numbered>& statements) {
  for (const Numbered& statement : statements) {
    if (Status done = run_raw(db, statement.text); !done) {
      return std::move(done).error().with_context(fmt::format("statement {}", statement.number));
    }
  }
  return {};
}

Status run_in_transaction(sqlite3* db,
                          const Script& script,
                          const std::function<Status()>& before_commit) {
  ForeignKeyState before;
  if (script.wants_foreign_keys_off) {
    MS_TRY(before, read_foreign_key_state(db));
  }
  MS_TRY_STATUS(run_raw(db, "BEGIN IMMEDIATE"));
  Status done = run_statements(db, script.statements);
  if (done && script.wants_foreign_keys_off) done = check_foreign_keys(db, before);
  if (done) done = before_commit();
  if (done) done = run_raw(db, "COMMIT");
  if (done || sqlite3_get_autocommit(db) != 0) return done;
  run_raw(db, "ROLLBACK").ignore("the error that led here is told");
  return done;
}

}  // namespace

Status run_migration_script(sqlite3* db,
                            std::string_view text,
                            const std::function<Status()>& before_commit) {
  if (sqlite3_get_autocommit(db) == 0) {
    return Error(ErrorCode::FailedPrecondition,
                 "migrations cannot run inside a transaction of the connection");
  }
  MS_TRY(const Script script, read_script(text));
  MS_TRY(const Value enforced, value_of_raw(db, "PRAGMA foreign_keys"));
  const bool switches_off = script.wants_foreign_keys_off && enforced == Value(std::int64_t{1});
  if (switches_off) MS_TRY_STATUS(run_raw(db, "PRAGMA foreign_keys = OFF"));
  Status done = run_in_transaction(db, script, before_commit);
  // A text that failed half-way has not reached its own line that does this.
  Status settings = run_raw(db, "PRAGMA legacy_alter_table = OFF");
  if (settings && switches_off) settings = run_raw(db, "PRAGMA foreign_keys = ON");
  if (!done) return done;
  MS_TRY_STATUS(settings);
  return run_statements(db, script.after);
}

}  // namespace moonstone::store::sqlite
