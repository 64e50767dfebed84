// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/sql_schema.h"

#include <algorithm>
#include <cctype>
#include <span>
#include <utility>

#include "store/sqlite/internal/raw_sql.h"
#include "store/sqlite/internal/sql_text.h"

namespace moonstone::store::sqlite {

namespace {

constexpr std::string_view kTables =
    "SELECT l.name, l.type, l.wr, l.strict, s.sql FROM pragma_table_list AS l"
    " JOIN sqlite_schema AS s ON s.name = l.name AND s.type IN ('table', 'view')"
    " WHERE l.schema = 'main' AND l.type <> 'shadow' ORDER BY s.rowid";
constexpr std::string_view kColumns =
    "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?)"
    " ORDER BY cid";
constexpr std::string_view kForeignKeys =
    "SELECT id, \"table\", \"from\", \"to\", on_update, on_delete"
    " FROM pragma_foreign_key_list(?) ORDER BY id DESC, seq";
constexpr std::string_view kIndexes =
    "SELECT l.name, l.\"unique\", l.origin, s.sql FROM pragma_index_list(?) AS l"
    " LEFT JOIN sqlite_schema AS s ON s.name = l.name AND s.type = 'index' ORDER BY l.seq DESC";
constexpr std::string_view kIndexColumns = "SELECT name FROM pragma_index_info(?) ORDER BY seqno";
constexpr std::string_view kTriggers =
    "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE"
    " ORDER BY rowid";

/// What pragma_table_xinfo calls a column of a virtual table, a virtual and a stored one.
constexpr std::int64_t kHidden = 1;
constexpr std::int64_t kVirtual = 2;
constexpr std::int64_t kStored = 3;

std::string text_of(const Value& value) {
  return value.is_text() ? value.as_text() : std::string();
}

std::int64_t integer_of(const Value& value) {
  return value.is_integer() ? value.as_integer() : 0;
}

std::string capitals(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kSpace) - first + 1));
}

bool is_of_the_system(std::string_view name) {
  return name.starts_with("sqlite_") || name.starts_with("_moonstone_") ||
         name.starts_with("_litestone_");
}

Status read_columns(sqlite3* db, SqlTable& table) {
  const Value name = table.name;
  MS_TRY(const SqlRows rows, query_raw(db, kColumns, std::span(&name, 1)));
  for (const std::vector<Value>& row : rows.rows) {
    const std::int64_t hidden = integer_of(row[5]);
    if (hidden == kHidden) continue;
    SqlColumn column{.name = text_of(row[0]),
                     .type = capitals(text_of(row[1])),
                     .is_not_null = integer_of(row[2]) != 0,
                     .key_position = static_cast<std::uint32_t>(integer_of(row[4]))};
    if (row[3].is_text()) column.default_sql = trimmed(row[3].as_text());
    if (hidden == kVirtual) column.kind = ColumnKind::Virtual;
    if (hidden == kStored) column.kind = ColumnKind::Stored;
    // Its type has the words of the constraint behind it.
    if (const std::size_t words = column.type.find(" GENERATED ALWAYS");
        words != std::string::npos) {
      column.type.resize(words);
    }
    table.columns.push_back(std::move(column));
  }
  return {};
}

Status read_foreign_keys(sqlite3* db, SqlTable& table) {
  const Value name = table.name;
  MS_TRY(const SqlRows rows, query_raw(db, kForeignKeys, std::span(&name, 1)));
  std::int64_t last_id = -1;
  for (const std::vector<Value>& row : rows.rows) {
    if (integer_of(row[0]) != last_id) {
      table.foreign_keys.push_back({.from = {},
                                    .table = text_of(row[1]),
                                    .to = {},
                                    .on_delete = text_of(row[5]),
                                    .on_update = text_of(row[4])});
      last_id = integer_of(row[0]);
    }
    table.foreign_keys.back().from.push_back(text_of(row[2]));
    // Null: the primary key of the other table.
    table.foreign_keys.back().to.push_back(text_of(row[3]));
  }
  return {};
}

/// Reads terms and condition from `CREATE [UNIQUE] INDEX name ON table (terms) [WHERE ..]`.
void read_index_text(SqlIndex& index) {
  const std::vector<SqlToken> tokens = sql_tokens(index.sql);
  const auto open = std::ranges::find_if(tokens, [](const SqlToken& t) { return t.is("("); });
  if (open == tokens.end()) return;
  const auto terms = parenthesised(tokens, static_cast<std::size_t>(open - tokens.begin()));
  index.terms = canonical_sql(source_of(index.sql, terms));
  const auto where =
      std::ranges::find_if(tokens, [](const SqlToken& t) { return t.depth == 0 && t.is("where"); });
  if (where == tokens.end()) return;
  index.where = canonical_sql(std::string_view(index.sql).substr(where->end()));
}

Status read_indexes(sqlite3* db, SqlTable& table) {
  const Value name = table.name;
  MS_TRY(const SqlRows rows, query_raw(db, kIndexes, std::span(&name, 1)));
  for (const std::vector<Value>& row : rows.rows) {
    SqlIndex index{.name = text_of(row[0]),
                   .is_unique = integer_of(row[1]) != 0,
                   .is_constraint = text_of(row[2]) != "c",
                   .sql = text_of(row[3])};
    // The columns of the key say the same.
    if (text_of(row[2]) == "pk") continue;
    MS_TRY(const SqlRows columns, query_raw(db, kIndexColumns, std::span(row.data(), 1)));
    for (const std::vector<Value>& column : columns.rows)
      index.columns.push_back(text_of(column[0]));
    if (!index.is_constraint) read_index_text(index);
    table.indexes.push_back(std::move(index));
  }
  return {};
}

Status read_triggers(sqlite3* db, SqlTable& table) {
  const Value name = table.name;
  MS_TRY(const SqlRows rows, query_raw(db, kTriggers, std::span(&name, 1)));
  for (const std::vector<Value>& row : rows.rows)
    table.triggers.push_back({text_of(row[0]), text_of(row[1])});
  return {};
}

/// The text between two parentheses, without them.
std::string inside(std::string_view sql, std::span<const SqlToken> parentheses) {
  if (parentheses.size() < 3) return {};
  return std::string(source_of(sql, parentheses.subspan(1, parentheses.size() - 2)));
}

/// Notes the CHECK constraints and the generated expression of one piece of a CREATE TABLE: the
/// declaration of a column, or a constraint.
void read_piece(SqlTable& table, std::span<const SqlToken> piece) {
  const std::string first = unquoted(piece.front().text);
  const bool is_constraint = piece.front().is("constraint") || piece.front().is("check") ||
                             piece.front().is("primary") || piece.front().is("unique") ||
                             piece.front().is("foreign");
  for (std::size_t i = 0; i + 1 < piece.size(); ++i) {
    if (piece[i].depth != 1 || !piece[i + 1].is("(")) continue;
    const auto expression = parenthesised(piece, i + 1);
    if (piece[i].is("check")) {
      SqlCheck check{.sql = inside(table.sql, expression), .columns = {}};
      for (const SqlToken& token : expression) {
        if (!token.is_name()) continue;
        if (const SqlColumn* column = table.find_column(unquoted(token.text))) {
          check.columns.push_back(column->name);
        }
      }
      table.checks.push_back(std::move(check));
    } else if (piece[i].is("as") && !is_constraint) {
      const auto column = std::ranges::find_if(
          table.columns, [&](const SqlColumn& c) { return is_same_name(c.name, first); });
      if (column != table.columns.end()) column->generated_sql = inside(table.sql, expression);
    }
  }
}

void read_table_text(SqlTable& table) {
  const std::vector<SqlToken> tokens = sql_tokens(table.sql);
  const auto open = std::ranges::find_if(tokens, [](const SqlToken& t) { return t.is("("); });
  if (open == tokens.end()) return;
  const auto body = parenthesised(tokens, static_cast<std::size_t>(open - tokens.begin()));
  if (body.size() < 3) return;
  for (const auto piece : split_at_commas(body.subspan(1, body.size() - 2), 1))
    read_piece(table, piece);
}

Result<SqlTable> read_table(sqlite3* db, const std::vector<Value>& row) {
  SqlTable table{.name = text_of(row[0]),
                 .sql = text_of(row[4]),
                 .is_virtual = text_of(row[1]) == "virtual",
                 .is_strict = integer_of(row[3]) != 0,
                 .is_without_rowid = integer_of(row[2]) != 0};
  // The columns of a virtual table are what its module makes of the text.
  if (table.is_virtual) return table;
  MS_TRY_STATUS(read_columns(db, table));
  MS_TRY_STATUS(read_foreign_keys(db, table));
  MS_TRY_STATUS(read_indexes(db, table));
  MS_TRY_STATUS(read_triggers(db, table));
  read_table_text(table);
  return table;
}

}  // namespace

bool is_same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::ranges::equal(a, b, {}, lower, lower);
}

const SqlColumn* SqlTable::find_column(std::string_view column) const {
  const auto found = std::ranges::find_if(
      columns, [&](const SqlColumn& c) { return is_same_name(c.name, column); });
  return found == columns.end() ? nullptr : &*found;
}

const SqlColumn* SqlTable::find_rowid_alias() const {
  if (is_without_rowid) return nullptr;
  const SqlColumn* key = nullptr;
  for (const SqlColumn& column : columns) {
    if (column.key_position == 0) continue;
    if (key != nullptr) return nullptr;
    key = &column;
  }
  return key != nullptr && key->type == "INTEGER" ? key : nullptr;
}

const SqlTable* SqlSchema::find_table(std::string_view table) const {
  const auto found =
      std::ranges::find_if(tables, [&](const SqlTable& t) { return is_same_name(t.name, table); });
  return found == tables.end() ? nullptr : &*found;
}

const SqlView* SqlSchema::find_view(std::string_view view) const {
  const auto found =
      std::ranges::find_if(views, [&](const SqlView& v) { return is_same_name(v.name, view); });
  return found == views.end() ? nullptr : &*found;
}

Result<SqlSchema> read_sql_schema(sqlite3* db) {
  MS_TRY(const SqlRows rows, query_raw(db, kTables));
  SqlSchema schema;
  for (const std::vector<Value>& row : rows.rows) {
    if (is_of_the_system(text_of(row[0]))) continue;
    if (text_of(row[1]) == "view") {
      schema.views.push_back({text_of(row[0]), text_of(row[4])});
      continue;
    }
    MS_TRY(SqlTable table, read_table(db, row));
    schema.tables.push_back(std::move(table));
  }
  return schema;
}

}  // namespace moonstone::store::sqlite
