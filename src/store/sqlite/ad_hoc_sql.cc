// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/ad_hoc_sql.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include "store/sqlite/internal/raw_sql.h"
#include "store/sqlite/internal/sqlite_error.h"

namespace moonstone::store::sqlite {

namespace {

/// A value, or the statement itself. A person reads the answer.
constexpr int kValueBytesMax = 4 * 1024 * 1024;
/// Virtual machine instructions of one statement; the text of a person has some thousand.
constexpr int kInstructionsMax = 250'000;

bool equals_ignoring_case(std::string_view a, std::string_view lower) {
  return std::ranges::equal(a, lower, [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
  });
}

std::string_view without_space(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const std::size_t first = text.find_first_not_of(kSpace);
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

Status check_text(std::string_view text) {
  if (text.contains('\0')) {
    return Error(ErrorCode::InvalidArgument, "the query contains U+0000", "sql");
  }
  constexpr std::string_view kSelect = "select";
  const std::string_view start = without_space(text);
  const bool is_select = start.size() > kSelect.size() &&
                         equals_ignoring_case(start.substr(0, kSelect.size()), kSelect) &&
                         !without_space(start.substr(kSelect.size())).empty();
  if (!is_select) {
    return Error(ErrorCode::InvalidArgument, "Only SELECT queries are allowed", "sql");
  }
  return {};
}

bool has_view(const Layout& layout, std::string_view sql_name) {
  return std::ranges::any_of(layout.tables, [sql_name](const TableLayout& table) {
    return table.table->owner == schema::TableOwner::User &&
           sql_table_name(table.table->name) == sql_name;
  });
}

/// SELECT on the views, and on what the views themselves read. `view` names the innermost view.
int authorize(void* context,
              int action,
              const char* first,
              const char* second,
              const char* database,
              const char* view) {
  const auto text = [](const char* given) {
    return given == nullptr ? std::string_view() : std::string_view(given);
  };
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_FUNCTION:
      // Full-text functions would reach around the views.
      return text(second).starts_with("fts") ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_READ: {
      const std::string_view table = text(first);
      if (table.starts_with("sqlite_")) return SQLITE_DENY;
      if (view != nullptr || text(database) == "temp") return SQLITE_OK;
      // No column at all: rows are counted. Those of a view are counted in its table, and those of
      // a subquery under whatever name it has; names of ours begin with '_' or hold a '.'.
      if (!text(second).empty()) return SQLITE_DENY;
      if (has_view(*static_cast<const Layout*>(context), table)) return SQLITE_OK;
      return table.starts_with('_') || table.contains('.') ? SQLITE_DENY : SQLITE_OK;
    }
    default:
      return SQLITE_DENY;
  }
}

/// The id of a row of a model, but for keys with control characters.
std::string model_id_sql(const TableLayout& layout) {
  const schema::Model& model = *layout.model();
  std::vector<std::string> key;
  for (const std::size_t position : layout.key)
    key.push_back(layout.fields[position].column);
  const std::string prefix = fmt::format("'{}:'||", layout.table->name);
  if (key.size() > 1) return fmt::format("{}json_array({})", prefix, fmt::join(key, ", "));
  if (!key.empty()) return prefix + key.front();
  // Rows that somebody else makes need not have a number.
  return model.is_view || model.is_external ? "NULL" : prefix + "rowid";
}

/// The fields by their names, wherever they lie.
std::string model_view_sql(const TableLayout& layout) {
  std::string columns = model_id_sql(layout) + " AS _id";
  for (std::size_t i = 0; i < layout.fields.size(); ++i) {
    columns +=
        fmt::format(", {} AS {}", layout.fields[i].column, quoted(layout.table->fields[i].name));
  }
  return fmt::format("CREATE TEMP VIEW {} AS SELECT {} FROM main.{}", layout.name, columns,
                     layout.name);
}

/// The view takes the table's name: SQLite looks into temp first.
std::string view_sql(const TableLayout& layout) {
  if (layout.model() != nullptr) return model_view_sql(layout);
  std::string columns = "_id, moonstone_time(_id) AS _creationTime, moonstone_time(_id) AS _ts";
  for (const FieldLayout& field : layout.fields)
    columns.append(", ").append(field.column);
  return fmt::format("CREATE TEMP VIEW {} AS SELECT {} FROM main.{}", layout.name, columns,
                     layout.name);
}

Status make_views(Connection& connection, const Layout& layout) {
  // Temporary views lie in memory, but query_only forbids even them.
  MS_TRY_STATUS(connection.run_once("PRAGMA query_only = OFF", "prepare views"));
  for (const TableLayout& table : layout.tables) {
    if (table.table->owner != schema::TableOwner::User) continue;
    MS_TRY_STATUS(connection.run_once(view_sql(table), "make a view"));
  }
  return connection.run_once("PRAGMA query_only = ON", "prepare views");
}

/// What a person's text did wrong is told in SQLite's own words.
Error refusal(sqlite3* db, int code) {
  if (code == SQLITE_ERROR || code == SQLITE_AUTH || code == SQLITE_TOOBIG) {
    return {ErrorCode::InvalidArgument, sqlite3_errmsg(db), "sql"};
  }
  return sqlite_error(db, code, "run the query");
}

Result<OwnedStatement> compile(sqlite3* db, std::string_view text) {
  sqlite3_stmt* handle = nullptr;
  const char* tail = nullptr;
  const int code =
      sqlite3_prepare_v2(db, text.data(), static_cast<int>(text.size()), &handle, &tail);
  OwnedStatement statement(handle);
  if (code != SQLITE_OK) return refusal(db, code);
  const std::string_view rest(tail, static_cast<std::size_t>(text.data() + text.size() - tail));
  if (!without_space(rest).empty()) {
    return Error(ErrorCode::InvalidArgument, "Multiple statements are not allowed", "sql");
  }
  return statement;
}

}  // namespace

Result<SqlRows> run_ad_hoc_select(Connection& connection,
                                  const Layout& layout,
                                  std::string_view text,
                                  const SqlLimits& limits) {
  MS_TRY_STATUS(check_text(text));
  MS_TRY_STATUS(make_views(connection, layout));
  sqlite3* const db = connection.handle();
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, kValueBytesMax);
  sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, kInstructionsMax);
  sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
  // The layout outlives the connection's use; SQLite's interface knows no const.
  sqlite3_set_authorizer(db, authorize, const_cast<Layout*>(&layout));
  const ReadDeadline deadline(connection, std::chrono::steady_clock::now() + limits.time_max);
  MS_TRY(const OwnedStatement statement, compile(db, text));
  SqlRows out;
  const int columns = sqlite3_column_count(statement.get());
  for (int i = 0; i < columns; ++i)
    out.columns.emplace_back(sqlite3_column_name(statement.get(), i));
  std::size_t bytes = 0;
  while (true) {
    const int code = sqlite3_step(statement.get());
    if (code == SQLITE_DONE) return out;
    if (code != SQLITE_ROW) return refusal(db, code);
    if (out.rows.size() == limits.rows_max) {
      return Error(ErrorCode::LimitExceeded,
                   fmt::format("the query has more than {} rows; add LIMIT", limits.rows_max),
                   "read_rows");
    }
    std::vector<Value>& row = out.rows.emplace_back();
    for (int i = 0; i < columns; ++i) {
      bytes += static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), i));
      row.push_back(raw_column(statement.get(), i));
    }
    if (bytes > limits.bytes_max) {
      return Error(ErrorCode::LimitExceeded,
                   fmt::format("the rows hold more than {} bytes; select fewer columns or rows",
                               limits.bytes_max),
                   "read_bytes");
    }
  }
}

}  // namespace moonstone::store::sqlite
