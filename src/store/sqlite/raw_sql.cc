// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/raw_sql.h"

#include <limits>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "store/sqlite/internal/sql_functions.h"
#include "store/sqlite/internal/sqlite_error.h"

namespace moonstone::store::sqlite {

namespace {

Error syntax(std::string message) {
  return {ErrorCode::InvalidArgument, std::move(message), "sql"};
}

/// The names of the codes that programs look at; others go by their number.
std::string_view name_of(int code) {
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
      return "SQLITE_CONSTRAINT_UNIQUE";
    case SQLITE_CONSTRAINT_PRIMARYKEY:
      return "SQLITE_CONSTRAINT_PRIMARYKEY";
    case SQLITE_CONSTRAINT_ROWID:
      return "SQLITE_CONSTRAINT_ROWID";
    case SQLITE_CONSTRAINT_NOTNULL:
      return "SQLITE_CONSTRAINT_NOTNULL";
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return "SQLITE_CONSTRAINT_FOREIGNKEY";
    case SQLITE_CONSTRAINT_CHECK:
      return "SQLITE_CONSTRAINT_CHECK";
    case SQLITE_CONSTRAINT_DATATYPE:
      return "SQLITE_CONSTRAINT_DATATYPE";
    case SQLITE_CONSTRAINT_TRIGGER:
      return "SQLITE_CONSTRAINT_TRIGGER";
    case SQLITE_READONLY:
      return "SQLITE_READONLY";
    case SQLITE_BUSY:
      return "SQLITE_BUSY";
    default:
      return "SQLITE_ERROR";
  }
}

Error sorted_error(sqlite3* db, int code) {
  const std::string text = sqlite3_errmsg(db);
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return {ErrorCode::AlreadyExists, text, "unique"};
    case SQLITE_CONSTRAINT_NOTNULL:
      return {ErrorCode::FailedPrecondition, text, "not_null"};
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return {ErrorCode::FailedPrecondition, text, "foreign_key"};
    case SQLITE_CONSTRAINT_CHECK:
    case SQLITE_CONSTRAINT_TRIGGER:
      return {ErrorCode::FailedPrecondition, text, "check"};
    case SQLITE_CONSTRAINT_DATATYPE:
      return {ErrorCode::FailedPrecondition, text, "type"};
    default:
      break;
  }
  if ((code & 0xff) == SQLITE_ERROR || (code & 0xff) == SQLITE_RANGE) return syntax(text);
  return sqlite_error(db, code, "run a statement");
}

/// Statements cannot hold a reference: bindings are copied.
int bind(sqlite3_stmt* statement, int position, const Value& value) {
  switch (value.kind()) {
    case ValueKind::Boolean:
      return sqlite3_bind_int(statement, position, value.as_boolean() ? 1 : 0);
    case ValueKind::Integer:
      return sqlite3_bind_int64(statement, position, value.as_integer());
    case ValueKind::Number: {
      // A whole number of JavaScript is an integer in SQL, where STRICT columns ask for one.
      const double number = value.as_number();
      const bool is_small = number >= -9007199254740992.0 && number <= 9007199254740992.0;
      if (is_small && static_cast<double>(static_cast<std::int64_t>(number)) == number) {
        return sqlite3_bind_int64(statement, position, static_cast<std::int64_t>(number));
      }
      return sqlite3_bind_double(statement, position, number);
    }
    case ValueKind::Text:
      return sqlite3_bind_text64(statement, position, value.as_text().c_str(),
                                 value.as_text().size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    case ValueKind::Bytes:
      return sqlite3_bind_blob64(statement, position, value.as_bytes().data.c_str(),
                                 value.as_bytes().data.size(), SQLITE_TRANSIENT);
    case ValueKind::Undefined:
    case ValueKind::Null:
      return sqlite3_bind_null(statement, position);
    case ValueKind::Array:
    case ValueKind::Object:
      return SQLITE_MISMATCH;
  }
  return SQLITE_MISMATCH;
}

Status bind_all(sqlite3* db, sqlite3_stmt* statement, std::span<const Value> values) {
  const auto places = static_cast<std::size_t>(sqlite3_bind_parameter_count(statement));
  if (values.size() > places) {
    return syntax(fmt::format("{} values for {} places", values.size(), places));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int code = bind(statement, static_cast<int>(i) + 1, values[i]);
    if (code == SQLITE_MISMATCH) {
      return syntax(fmt::format("value {} is an array or an object; bind its JSON text", i + 1));
    }
    if (code != SQLITE_OK) return raw_error(db, code);
  }
  return {};
}

}  // namespace

void StatementFinalizer::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void DatabaseCloser::operator()(sqlite3* db) const {
  sqlite3_close_v2(db);
}

Error raw_error(sqlite3* db, int code) {
  Error error = sorted_error(db, code);
  Object details;
  details.set("name", "SQLiteError");
  details.set("code", name_of(code));
  details.set("errno", code);
  return std::move(error).with_details(std::move(details));
}

Result<CompiledText> compile_first(sqlite3* db, std::string_view text) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return Error(ErrorCode::LimitExceeded, "the SQL is too long", "too_big");
  }
  sqlite3_stmt* handle = nullptr;
  const char* tail = nullptr;
  // An empty view may have no pointer.
  const char* const data = text.data() != nullptr ? text.data() : "";
  const int code = sqlite3_prepare_v2(db, data, static_cast<int>(text.size()), &handle, &tail);
  CompiledText compiled{.statement = OwnedStatement(handle), .rest = {}};
  if (code != SQLITE_OK) return raw_error(db, code);
  compiled.rest = text.substr(static_cast<std::size_t>(tail - data));
  return compiled;
}

Value raw_column(sqlite3_stmt* statement, int column) {
  const auto size = [&] {
    return static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
  };
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return static_cast<std::int64_t>(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(text, size());
    }
    case SQLITE_BLOB: {
      const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, column));
      return Bytes{.data = data == nullptr ? std::string() : std::string(data, size())};
    }
    default:
      return nullptr;
  }
}

Status run_raw(sqlite3* db, std::string_view text) {
  while (!text.empty()) {
    MS_TRY(const CompiledText compiled, compile_first(db, text));
    text = compiled.rest;
    if (!compiled.statement) continue;
    int code = SQLITE_ROW;
    while (code == SQLITE_ROW)
      code = sqlite3_step(compiled.statement.get());
    if (code != SQLITE_DONE) return raw_error(db, code);
  }
  return {};
}

Result<SqlRows> query_raw(sqlite3* db,
                          std::string_view text,
                          std::span<const Value> values,
                          std::size_t bytes_max) {
  MS_TRY(const CompiledText compiled, compile_first(db, text));
  if (!compiled.statement) return syntax("there is no statement");
  MS_TRY(const CompiledText next, compile_first(db, compiled.rest));
  if (next.statement) return syntax("more than one statement; use exec()");
  sqlite3_stmt* const statement = compiled.statement.get();
  MS_TRY_STATUS(bind_all(db, statement, values));
  SqlRows out;
  const int columns = sqlite3_column_count(statement);
  for (int i = 0; i < columns; ++i)
    out.columns.emplace_back(sqlite3_column_name(statement, i));
  std::size_t bytes = 0;
  while (true) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) return out;
    if (code != SQLITE_ROW) return raw_error(db, code);
    std::vector<Value>& row = out.rows.emplace_back();
    for (int i = 0; i < columns; ++i) {
      bytes += sizeof(Value) + static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
      row.push_back(raw_column(statement, i));
    }
    if (bytes > bytes_max) {
      return Error(ErrorCode::LimitExceeded,
                   fmt::format("the rows hold more than {} bytes", bytes_max), "read_bytes");
    }
  }
}

Result<Value> value_of_raw(sqlite3* db, std::string_view text, std::span<const Value> values) {
  MS_TRY(const SqlRows rows, query_raw(db, text, values));
  if (rows.rows.empty() || rows.rows.front().empty()) return Value(nullptr);
  return rows.rows.front().front();
}

Result<OwnedDatabase> open_memory_database() {
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(":memory:", &db, flags, nullptr);
  OwnedDatabase database(db);
  if (code != SQLITE_OK) return sqlite_error(db, code, "open a database in memory");
  sqlite3_extended_result_codes(db, 1);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  MS_TRY_STATUS(register_functions(db));
  return database;
}

}  // namespace moonstone::store::sqlite
