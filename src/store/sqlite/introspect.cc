// Moonstone. Licence: see LICENSE.
#include "store/introspect.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "schema/lite/names.h"
#include "store/sqlite/internal/lite_names.h"
#include "store/sqlite/internal/raw_sql.h"
#include "store/sqlite/internal/search_table.h"
#include "store/sqlite/internal/sql_schema.h"
#include "store/sqlite/internal/sql_text.h"

namespace moonstone::store {

namespace {

using sqlite::SqlCheck;
using sqlite::SqlColumn;
using sqlite::SqlForeignKey;
using sqlite::SqlIndex;
using sqlite::SqlSchema;
using sqlite::SqlTable;
using sqlite::SqlToken;
using sqlite::SqlTokenKind;

constexpr std::string_view kHeader =
    "/// Made by `moonstone lite introspect` from a database that was there already.\n"
    "/// Types follow the columns: dates, JSON and booleans look like text and whole numbers "
    "there;\n"
    "/// change those fields to DateTime, Json and Boolean.\n"
    "/// Comments tell what the database has and the language cannot say.\n";

/// The type of a column by the first word of its declaration.
std::string_view type_of(std::string_view declared) {
  const std::string_view word = declared.substr(0, declared.find_first_of(" ("));
  constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kTypes = {{
      {"INTEGER", "Int"},
      {"INT", "Int"},
      {"BIGINT", "Int"},
      {"SMALLINT", "Int"},
      {"TINYINT", "Int"},
      {"REAL", "Float"},
      {"FLOAT", "Float"},
      {"DOUBLE", "Float"},
      {"NUMERIC", "Float"},
      {"DECIMAL", "Float"},
      {"TEXT", "String"},
      {"VARCHAR", "String"},
      {"CHAR", "String"},
      {"CLOB", "String"},
      {"BLOB", "Bytes"},
      {"BYTES", "Bytes"},
      {"BOOLEAN", "Boolean"},
      {"BOOL", "Boolean"},
  }};
  for (const auto& [name, type] : kTypes) {
    if (word == name) return type;
  }
  return "String";
}

/// The values of `"c" IN ('a', 'b')`; nothing for anything else.
std::optional<std::vector<std::string>> values_of(const SqlCheck& check) {
  const std::vector<SqlToken> tokens = sqlite::sql_tokens(check.sql);
  if (tokens.size() < 6 || !tokens[0].is_name() || !tokens[1].is("in") || !tokens[2].is("(")) {
    return std::nullopt;
  }
  std::vector<std::string> values;
  for (std::size_t i = 3; i + 1 < tokens.size(); ++i) {
    if (i % 2 == 0) {
      if (!tokens[i].is(",")) return std::nullopt;
    } else if (tokens[i].kind == SqlTokenKind::Text) {
      values.push_back(sqlite::unquoted(tokens[i].text));
    } else {
      return std::nullopt;
    }
  }
  if (values.size() < 2 || !tokens.back().is(")")) return std::nullopt;
  return values;
}

bool has_text(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_now(std::string_view default_sql) {
  const std::string text = sqlite::canonical_sql(default_sql);
  return has_text(text, "strftime") || has_text(text, "datetime") || has_text(text, "date (") ||
         text.starts_with("current_");
}

bool is_uuid(std::string_view default_sql) {
  return has_text(sqlite::canonical_sql(default_sql), "randomblob");
}

std::string action_of(std::string_view action) {
  if (action == "CASCADE") return "Cascade";
  if (action == "SET NULL") return "SetNull";
  if (action == "RESTRICT") return "Restrict";
  return {};
}

struct EnumText {
  std::string name;
  std::vector<std::string> values;
};

/// What the pieces of a schema are called.
class Names {
 public:
  Names(const SqlSchema& schema, FieldNames fields) : fields_(fields) {
    for (const SqlTable& table : schema.tables) {
      if (table.is_virtual) continue;
      models_[table.name] = unique(sqlite::pascal_case(sqlite::singular(table.name)));
    }
    for (const sqlite::SqlView& view : schema.views)
      models_[view.name] =
          unique(sqlite::is_lite_name(view.name) ? view.name : sqlite::pascal_case(view.name));
  }

  [[nodiscard]] std::string model(const std::string& table) const {
    for (const auto& [name, model] : models_) {
      if (sqlite::is_same_name(name, table)) return model;
    }
    return {};
  }

  [[nodiscard]] std::string field(const std::string& column) const {
    if (fields_ == FieldNames::AsInDatabase && sqlite::is_lite_name(column)) return column;
    const bool is_spelled = sqlite::is_lite_name(column) && !has_text(column, "_");
    std::string name = is_spelled ? column : sqlite::camel_case(column);
    return sqlite::is_lite_name(name) ? name : name + "Field";
  }

  /// Enumerations share the names of models.
  std::string unique(const std::string& wanted) {
    std::string name = wanted;
    for (int number = 2; !taken_.insert(name).second; ++number)
      name = fmt::format("{}{}", wanted, number);
    return name;
  }

 private:
  FieldNames fields_;
  std::map<std::string, std::string> models_;
  std::set<std::string> taken_;
};

/// Writes the model of one table.
class ModelWriter {
 public:
  ModelWriter(const SqlTable& table, const SqlSchema& schema, Names& names)
      : table_(table), schema_(schema), names_(names), model_(names.model(table.name)) {}

  void run(const std::vector<std::string>& lists) {
    for (const SqlColumn& column : table_.columns)
      write_column(column);
    for (const SqlForeignKey& key : table_.foreign_keys)
      write_relation(key);
    for (const std::string& list : lists)
      lines_.push_back(list);
    write_attributes();
  }

  [[nodiscard]] std::string text() const {
    std::string out = fmt::format("model {} {{\n", model_);
    for (const std::string& line : lines_)
      out += fmt::format("  {}\n", line);
    return out + "}\n";
  }
  [[nodiscard]] const std::vector<EnumText>& enums() const { return enums_; }

 private:
  /// The CHECK constraints that stand with a column: those that name it and no other, and those of
  /// several columns with the first of them.
  [[nodiscard]] std::vector<const SqlCheck*> checks_of(const SqlColumn& column) const {
    std::vector<const SqlCheck*> out;
    for (const SqlCheck& check : table_.checks) {
      const bool is_first = !check.columns.empty() && check.columns.front() == column.name;
      const bool is_without = check.columns.empty() && &column == &table_.columns.front();
      if (is_first || is_without) out.push_back(&check);
    }
    return out;
  }

  [[nodiscard]] bool is_key_of_several(const SqlColumn& column) const {
    return column.key_position != 0;
  }

  static bool is_list_check(const SqlCheck& check) {
    const std::string text = sqlite::canonical_sql(check.sql);
    return text.starts_with("json_valid (") && has_text(text, "= 'array'");
  }

  [[nodiscard]] bool is_unique(const SqlColumn& column) const {
    return std::ranges::any_of(table_.indexes, [&](const SqlIndex& index) {
      return index.is_unique && index.where.empty() && index.columns.size() == 1 &&
             sqlite::is_same_name(index.columns.front(), column.name);
    });
  }

  static bool is_date_name(std::string_view field) {
    return field == "deletedAt" || field == "createdAt" || field == "updatedAt";
  }

  void write_column(const SqlColumn& column) {
    const std::string field = names_.field(column.name);
    std::string type(type_of(column.type));
    bool is_list = false;
    std::vector<std::string> attributes;
    std::optional<std::vector<std::string>> values;
    for (const SqlCheck* check : checks_of(column)) {
      const auto found = values_of(*check);
      const bool is_enum =
          found && !values && type == "String" && std::ranges::all_of(*found, sqlite::is_lite_name);
      if (is_list_check(*check)) {
        is_list = true;
      } else if (is_enum) {
        values = found;
        type = names_.unique(model_ + sqlite::pascal_case(field));
        enums_.push_back({type, *found});
      } else {
        attributes.push_back(fmt::format("@check({})", sqlite::lite_string(check->sql)));
      }
    }
    const bool is_now_default = column.default_sql && is_now(*column.default_sql);
    if (type == "String" && !is_list && (is_now_default || is_date_name(field))) type = "DateTime";
    write_field(column, field, is_list ? type + "[]" : type, std::move(attributes),
                values.has_value());
  }

  void write_field(const SqlColumn& column,
                   const std::string& field,
                   const std::string& type,
                   std::vector<std::string> attributes,
                   bool is_enum) {
    const bool is_key = is_key_of_several(column);
    const bool is_generated = column.kind != sqlite::ColumnKind::Ordinary;
    const bool is_optional = !column.is_not_null && !is_key && !is_generated;
    std::string line = fmt::format("{} {}{}", field, type, is_optional ? "?" : "");
    if (is_key) line += " @id";
    if (is_unique(column)) line += " @unique";
    if (is_generated) {
      line += fmt::format(" @generated({}{})", sqlite::lite_string(column.generated_sql),
                          column.kind == sqlite::ColumnKind::Stored ? ", stored" : "");
    }
    const bool has_list_default = type.ends_with("[]") && column.default_sql == "'[]'";
    if (column.default_sql && !has_list_default) line += default_of(column, field, type, is_enum);
    if (field != column.name) line += fmt::format(" @map({})", sqlite::lite_string(column.name));
    for (const std::string& attribute : attributes)
      line += " " + attribute;
    lines_.push_back(std::move(line));
    fields_.insert(field);
  }

  /// The attribute with a space before it, or nothing and a comment.
  std::string default_of(const SqlColumn& column,
                         const std::string& field,
                         const std::string& type,
                         bool is_enum) {
    const std::string& sql = *column.default_sql;
    const std::vector<SqlToken> tokens = sqlite::sql_tokens(sql);
    if (is_now(sql)) return field == "updatedAt" ? " @updatedAt" : " @default(now())";
    if (is_uuid(sql)) return " @default(uuid())";
    if (tokens.size() == 1 && tokens[0].is("null")) return {};
    const bool is_literal = tokens.size() == 1 || (tokens.size() == 2 && tokens[0].is("-"));
    if (is_literal && tokens.back().kind == SqlTokenKind::Text &&
        !tokens[0].text.starts_with("x")) {
      const std::string text = sqlite::unquoted(tokens[0].text);
      return is_enum ? fmt::format(" @default({})", text)
                     : fmt::format(" @default({})", sqlite::lite_string(text));
    }
    if (is_literal && tokens.back().kind == SqlTokenKind::Number) {
      const bool is_flag = type == "Boolean" && (sql == "0" || sql == "1");
      return fmt::format(" @default({})", is_flag ? (sql == "1" ? "true" : "false") : sql);
    }
    if (tokens.size() == 1 && (tokens[0].is("true") || tokens[0].is("false"))) {
      return fmt::format(" @default({})", tokens[0].is("true") ? "true" : "false");
    }
    lines_.push_back(fmt::format("// {}: the default {} cannot be said", field, sql));
    return {};
  }

  /// Named after the table; after the column if that name is taken or several keys want it.
  [[nodiscard]] std::string relation_name(const SqlForeignKey& key,
                                          const std::string& target) const {
    const auto same_target = std::ranges::count_if(
        table_.foreign_keys,
        [&](const SqlForeignKey& k) { return sqlite::is_same_name(k.table, key.table); });
    std::string name = lite::accessor_of(target);
    if (same_target > 1 || fields_.contains(name)) {
      std::string column = names_.field(key.from.front());
      if (column.ends_with("Id") && column.size() > 2) column.resize(column.size() - 2);
      name = column;
    }
    while (fields_.contains(name))
      name += "Row";
    return name;
  }

  [[nodiscard]] std::vector<std::string> fields_of(const std::vector<std::string>& columns) const {
    std::vector<std::string> out;
    for (const std::string& column : columns)
      out.push_back(names_.field(column));
    return out;
  }

  void write_relation(const SqlForeignKey& key) {
    const std::string target = names_.model(key.table);
    const SqlTable* const referenced = schema_.find_table(key.table);
    if (target.empty() || referenced == nullptr) {
      lines_.push_back(fmt::format("// a foreign key refers to {}, which is not there", key.table));
      return;
    }
    std::vector<std::string> to = key.to;
    if (to.front().empty()) {
      to.clear();
      for (const SqlColumn& column : referenced->columns) {
        if (column.key_position != 0) to.push_back(column.name);
      }
    }
    const std::string name = relation_name(key, target);
    const SqlColumn* const own = table_.find_column(key.from.front());
    const bool is_optional = own != nullptr && !own->is_not_null && own->key_position == 0;
    std::string line = fmt::format("{} {}{} @relation(fields: [{}], references: [{}]", name, target,
                                   is_optional ? "?" : "", fmt::join(fields_of(key.from), ", "),
                                   fmt::join(fields_of(to), ", "));
    if (const std::string action = action_of(key.on_delete); !action.empty()) {
      line += ", onDelete: " + action;
    }
    if (const std::string action = action_of(key.on_update); !action.empty()) {
      line += ", onUpdate: " + action;
    }
    lines_.push_back(line + ")");
    fields_.insert(name);
  }

  [[nodiscard]] bool has_soft_delete() const { return fields_.contains("deletedAt"); }

  void write_attributes() {
    for (const SqlIndex& index : table_.indexes)
      write_index(index);
    for (const SqlTable& search : schema_.tables) {
      const auto found = search.is_virtual ? sqlite::read_search_table(search.sql) : std::nullopt;
      if (!found || !sqlite::is_same_name(found->content, table_.name)) continue;
      lines_.push_back(fmt::format("@@fts([{}])", fmt::join(fields_of(found->columns), ", ")));
    }
    if (has_soft_delete()) lines_.emplace_back("@@softDelete");
    if (!table_.is_strict) lines_.emplace_back("@@noStrict");
    if (lite::snake_case(model_) != table_.name) {
      lines_.push_back(fmt::format("@@map({})", sqlite::lite_string(table_.name)));
    }
  }

  void write_index(const SqlIndex& index) {
    const bool is_deleted_at =
        index.columns.size() == 1 && names_.field(index.columns.front()) == "deletedAt";
    const bool is_live_only =
        has_soft_delete() && !index.is_unique &&
        (index.where == "deletedat is null" || index.where == "deleted_at is null");
    if (is_live_only && is_deleted_at) return;  // comes with @@softDelete
    const bool has_expression =
        std::ranges::any_of(index.columns, [](const auto& name) { return name.empty(); });
    const bool is_descending = has_text(index.terms, " desc") || has_text(index.terms, " collate");
    const bool is_sayable = !has_expression && !is_descending &&
                            (is_live_only || index.where.empty()) &&
                            !(has_soft_delete() && !index.is_unique && index.where.empty());
    if (!is_sayable) {
      lines_.push_back(fmt::format("// the database has: {}", one_line(index.sql)));
    }
    if (has_expression || (index.is_unique && !index.where.empty())) return;
    if (index.is_unique && index.columns.size() == 1) return;  // stands with its field
    lines_.push_back(fmt::format("@@{}([{}])", index.is_unique ? "unique" : "index",
                                 fmt::join(fields_of(index.columns), ", ")));
  }

  static std::string one_line(std::string text) {
    std::ranges::replace(text, '\n', ' ');
    return text;
  }

  const SqlTable& table_;
  const SqlSchema& schema_;
  Names& names_;
  std::string model_;
  std::vector<std::string> lines_;
  std::vector<EnumText> enums_;
  std::set<std::string> fields_;
};

/// A join table that the language makes by itself for two models with lists of each other.
struct JoinTable {
  std::string first;  // tables
  std::string second;
};

std::optional<JoinTable> read_join_table(const SqlTable& table, const Names& names) {
  if (!table.name.starts_with('_') || table.columns.size() != 2 || table.foreign_keys.size() != 2) {
    return std::nullopt;
  }
  const JoinTable join{table.foreign_keys[0].table, table.foreign_keys[1].table};
  std::string first = names.model(join.first);
  std::string second = names.model(join.second);
  if (second < first) std::swap(first, second);
  std::string name = fmt::format("_{}_{}", first, second);
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (first.empty() || first == second || name != table.name) return std::nullopt;
  return join;
}

std::string view_text(const sqlite::SqlView& view,
                      const std::vector<std::pair<std::string, std::string>>& columns,
                      const Names& names) {
  std::string out = fmt::format("view {} {{\n", names.model(view.name));
  for (const auto& [column, type] : columns)
    out += fmt::format("  {} {}?\n", column, type_of(type));
  const std::vector<SqlToken> tokens = sqlite::sql_tokens(view.sql);
  const auto as = std::ranges::find_if(
      tokens, [](const SqlToken& token) { return token.depth == 0 && token.is("as"); });
  const std::string_view select =
      as == tokens.end() ? std::string_view() : std::string_view(view.sql).substr(as->end());
  const std::size_t first = std::min(select.find_first_not_of(" \n\t\r"), select.size());
  return out + fmt::format("  @@sql({})\n}}\n", sqlite::lite_string(select.substr(first)));
}

Result<std::string> views_text(RawConnection& connection,
                               const SqlSchema& schema,
                               const Names& names) {
  std::string out;
  for (const sqlite::SqlView& view : schema.views) {
    const Value name = view.name;
    // A view over something that is gone cannot be described.
    const auto rows =
        connection.query("SELECT name, upper(type) FROM pragma_table_info(?)", std::span(&name, 1));
    if (!rows || rows->rows.empty()) {
      out += fmt::format("\n// the view {} cannot be read\n", view.name);
      continue;
    }
    std::vector<std::pair<std::string, std::string>> columns;
    for (const std::vector<Value>& row : rows->rows)
      columns.emplace_back(row[0].as_text(), row[1].is_text() ? row[1].as_text() : "");
    out += "\n" + view_text(view, columns, names);
  }
  return out;
}

std::string enum_text(const EnumText& type) {
  std::string out = fmt::format("enum {} {{\n", type.name);
  for (const std::string& value : type.values)
    out += fmt::format("  {}\n", value);
  return out + "}\n";
}

/// The list fields that join tables stand for, by table.
std::map<std::string, std::vector<std::string>> lists_of(const std::vector<JoinTable>& joins,
                                                         const Names& names) {
  std::map<std::string, std::vector<std::string>> lists;
  for (const JoinTable& join : joins) {
    const auto add = [&](const std::string& table, const std::string& target) {
      const std::string model = names.model(target);
      lists[table].push_back(
          fmt::format("{} {}[]", lite::pluralize(lite::accessor_of(model)), model));
    };
    add(join.first, join.second);
    add(join.second, join.first);
  }
  return lists;
}

}  // namespace

Result<std::string> generate_lite_schema(RawConnection& connection, FieldNames field_names) {
  if (!connection.is_open()) {
    return Error(ErrorCode::FailedPrecondition, "the connection is closed", "closed");
  }
  MS_TRY(const SqlSchema schema, sqlite::read_sql_schema(connection.handle()));
  Names names(schema, field_names);
  std::vector<JoinTable> joins;
  std::set<std::string> join_names;
  for (const SqlTable& table : schema.tables) {
    const auto join = read_join_table(table, names);
    if (!join) continue;
    joins.push_back(*join);
    join_names.insert(table.name);
  }
  auto lists = lists_of(joins, names);
  std::string enums;
  std::string models;
  for (const SqlTable& table : schema.tables) {
    if (table.is_virtual || join_names.contains(table.name)) continue;
    ModelWriter writer(table, schema, names);
    writer.run(lists[table.name]);
    models += "\n" + writer.text();
    for (const EnumText& type : writer.enums())
      enums += "\n" + enum_text(type);
  }
  MS_TRY(const std::string views, views_text(connection, schema, names));
  const std::string body = enums + models + views;
  // Documentation must have something that it documents.
  if (body.find('{') == std::string::npos) return "// The database has no tables.\n" + body;
  return std::string(kHeader) + body;
}

}  // namespace moonstone::store
