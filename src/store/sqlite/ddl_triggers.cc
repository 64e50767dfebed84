// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/ddl_triggers.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/sqlite/internal/layout.h"

namespace moonstone::store::sqlite {

namespace {

using schema::Model;
using schema::ModelField;
using Kind = SqlObject::Kind;

/// FTS5 reads the names of its columns itself, and takes plain words as they are.
std::string search_column(const std::string& column) {
  const bool is_word = std::ranges::all_of(column, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  return is_word ? column : quoted(column);
}

struct SearchTriggers {
  const Model& model;
  std::string key;                   // quoted
  std::vector<std::string> columns;  // quoted
  std::string deleted_at;            // quoted; empty: rows are not marked

  [[nodiscard]] std::string fts() const { return quoted(search_table_of(model)); }

  [[nodiscard]] std::string values(std::string_view row) const {
    std::string list = fmt::format("{}.{}", row, key);
    for (const std::string& column : columns)
      list += fmt::format(", {}.{}", row, column);
    return list;
  }
  [[nodiscard]] std::string insertion() const {
    return fmt::format("  INSERT INTO {} (rowid, {}) VALUES ({});\n", fts(),
                       fmt::join(columns, ", "), values("NEW"));
  }
  /// FTS5 must be told the texts that it was given, or the index is damaged.
  [[nodiscard]] std::string removal() const {
    return fmt::format("  INSERT INTO {0} ({0}, rowid, {1}) VALUES ('delete', {2});\n", fts(),
                       fmt::join(columns, ", "), values("OLD"));
  }
  /// Rows that are marked as deleted are not in the index.
  [[nodiscard]] std::string is_live(std::string_view row) const {
    return deleted_at.empty() ? "" : fmt::format("{}.{} IS NULL", row, deleted_at);
  }
  /// Whether an update changes what the index holds. Others must not touch it: another trigger that
  /// updates the row runs before this one, and would make it remove texts that the index never had.
  [[nodiscard]] std::string is_touched() const {
    std::string condition = fmt::format("OLD.{0} IS NOT NEW.{0}", key);
    for (const std::string& column : columns)
      condition += fmt::format(" OR OLD.{0} IS NOT NEW.{0}", column);
    if (deleted_at.empty()) return condition;
    return fmt::format("{} AND {} AND ({})", is_live("OLD"), is_live("NEW"), condition);
  }

  void append(std::string_view name,
              std::string_view event,
              const std::string& condition,
              const std::string& body,
              std::vector<SqlObject>& objects) const {
    const std::string full_name = fmt::format("{}_{}", search_table_of(model), name);
    const std::string when = condition.empty() ? "" : fmt::format(" WHEN {}", condition);
    objects.push_back(
        {.kind = Kind::Trigger,
         .name = full_name,
         .table = model.table,
         .text = fmt::format("CREATE TRIGGER IF NOT EXISTS {} {} ON {}{} BEGIN\n{}END;",
                             quoted(full_name), event, quoted(model.table), when, body),
         .comment = {},
         .fill = {}});
  }
};

/// The only field of the key if it is another name of SQLite's rowid.
const ModelField* rowid_field(const Model& model) {
  if (model.key.size() != 1) return nullptr;
  const ModelField* const key = model.find_field(model.key.front());
  const bool is_rowid =
      key != nullptr && key->scalar == schema::ScalarKind::Integer && !key->is_list;
  return is_rowid ? key : nullptr;
}

std::string_view without_semicolon(std::string_view sql) {
  const std::size_t last = sql.find_last_not_of("; \t\r\n");
  return last == std::string_view::npos ? std::string_view() : sql.substr(0, last + 1);
}

void append_materialized(const schema::Catalog& catalog,
                         const Model& view,
                         std::vector<SqlObject>& objects) {
  const std::string name = quoted(view.table);
  const std::string fill =
      fmt::format("INSERT INTO {} {};", name, without_semicolon(view.view_sql));
  std::string columns;
  for (const ModelField& field : view.fields) {
    if (!field.is_stored()) continue;
    if (!columns.empty()) columns += ",\n";
    columns += fmt::format("  {} {}", quoted(field.column), column_type_of(field));
  }
  objects.push_back(
      {.kind = Kind::MaterializedView,
       .name = view.table,
       .table = view.table,
       .text = fmt::format("CREATE TABLE IF NOT EXISTS {} (\n{}\n) STRICT;", name, columns),
       .comment = {},
       .fill = fill});
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kEvents = {
      {{"insert", "INSERT"}, {"update", "UPDATE"}, {"delete", "DELETE"}}};
  for (const std::string& source_name : view.refresh_on) {
    const Model* const source = catalog.find_model(source_name);
    if (source == nullptr) continue;
    for (const auto& [word, event] : kEvents) {
      const std::string trigger = fmt::format("{}_refresh_on_{}_{}", view.table, source_name, word);
      objects.push_back(
          {.kind = Kind::Trigger,
           .name = trigger,
           .table = source->table,
           .text = fmt::format("CREATE TRIGGER IF NOT EXISTS {} AFTER {} ON {} BEGIN\n"
                               "  DELETE FROM {};\n  {}\nEND;",
                               quoted(trigger), event, quoted(source->table), name, fill),
           .comment = {},
           .fill = {}});
    }
  }
}

}  // namespace

std::string search_table_of(const Model& model) {
  return model.table + "_fts";
}

std::string deleted_at_column(const Model& model) {
  if (!model.has_soft_delete) return {};
  const ModelField* const field = model.find_field(schema::kDeletedAtField);
  return field == nullptr || field->column.empty() ? std::string() : quoted(field->column);
}

Status append_search(const Model& model, std::vector<SqlObject>& objects) {
  if (model.search_fields.empty()) return {};
  const ModelField* const key = rowid_field(model);
  if (key == nullptr) {
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("Model '{}': @@fts needs one @id field of type Integer", model.name),
                 "schema");
  }
  SearchTriggers triggers{.model = model,
                          .key = quoted(key->column),
                          .columns = {},
                          .deleted_at = deleted_at_column(model)};
  std::string names;
  for (const std::string& name : model.search_fields) {
    const ModelField* const field = model.find_field(name);
    if (field == nullptr || !field->is_stored()) {
      return Error(ErrorCode::InvalidArgument,
                   fmt::format("Model '{}': @@fts field '{}' has no column", model.name, name),
                   "schema");
    }
    triggers.columns.push_back(quoted(field->column));
    names += search_column(field->column) + ", ";
  }
  const std::string fts = triggers.fts();
  const std::string live =
      triggers.deleted_at.empty() ? "" : fmt::format(" WHERE {} IS NULL", triggers.deleted_at);
  objects.push_back(
      {.kind = Kind::Search,
       .name = search_table_of(model),
       .table = model.table,
       .text = fmt::format("CREATE VIRTUAL TABLE IF NOT EXISTS {} USING fts5( {}content={}, "
                           "content_rowid={} );",
                           fts, names, quoted(model.table), triggers.key),
       .comment = {},
       .fill = fmt::format("INSERT INTO {} (rowid, {}) SELECT {}, {} FROM {}{};", fts,
                           fmt::join(triggers.columns, ", "), triggers.key,
                           fmt::join(triggers.columns, ", "), quoted(model.table), live)});
  triggers.append("insert", "AFTER INSERT", triggers.is_live("NEW"), triggers.insertion(), objects);
  triggers.append("delete", "AFTER DELETE", triggers.is_live("OLD"), triggers.removal(), objects);
  triggers.append("update", "AFTER UPDATE", triggers.is_touched(),
                  triggers.removal() + triggers.insertion(), objects);
  if (triggers.deleted_at.empty()) return {};
  const std::string event = fmt::format("AFTER UPDATE OF {}", triggers.deleted_at);
  triggers.append("soft_delete", event,
                  fmt::format("OLD.{0} IS NULL AND NEW.{0} IS NOT NULL", triggers.deleted_at),
                  triggers.removal(), objects);
  triggers.append("restore", event,
                  fmt::format("OLD.{0} IS NOT NULL AND NEW.{0} IS NULL", triggers.deleted_at),
                  triggers.insertion(), objects);
  return {};
}

void append_update_stamps(const Model& model, std::vector<SqlObject>& objects) {
  for (const ModelField& field : model.fields) {
    if (field.role != schema::FieldRole::Stored) continue;
    const bool is_stamped = field.is_updated_at || (field.name == "updatedAt" &&
                                                    field.scalar == schema::ScalarKind::DateTime);
    if (!is_stamped) continue;
    const std::string name = fmt::format("{}_{}", model.table, field.name);
    objects.push_back(
        {.kind = Kind::Trigger,
         .name = name,
         .table = model.table,
         .text = fmt::format("CREATE TRIGGER IF NOT EXISTS {0} AFTER UPDATE ON {1} WHEN NEW.{2} = "
                             "OLD.{2} BEGIN\n  UPDATE {1} SET {2} = "
                             "strftime('%Y-%m-%dT%H:%M:%fZ','now') WHERE rowid = NEW.rowid;\nEND;",
                             quoted(name), quoted(model.table), quoted(field.column)),
         .comment = {},
         .fill = {}});
  }
}

void append_view(const schema::Catalog& catalog,
                 const Model& view,
                 std::vector<SqlObject>& objects) {
  if (view.is_materialized) return append_materialized(catalog, view, objects);
  objects.push_back({.kind = Kind::View,
                     .name = view.table,
                     .table = view.table,
                     .text = fmt::format("CREATE VIEW IF NOT EXISTS {} AS\n{};", quoted(view.table),
                                         without_semicolon(view.view_sql)),
                     .comment = {},
                     .fill = {}});
}

}  // namespace moonstone::store::sqlite
