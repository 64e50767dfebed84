// Moonstone. Licence: see LICENSE.
#include "store/sqlite/ddl.h"

#include <algorithm>
#include <deque>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"
#include "store/sqlite/internal/ddl_triggers.h"
#include "store/sqlite/internal/layout.h"

namespace moonstone::store::sqlite {

namespace {

using schema::Catalog;
using schema::FieldDefault;
using schema::FieldRole;
using schema::Model;
using schema::ModelField;
using schema::Relation;
using schema::RelationKind;
using schema::ScalarKind;
using Kind = SqlObject::Kind;

/// Spaces differ between the two: files made by others say so, and comparing texts is exact.
constexpr std::string_view kNow = "(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))";
constexpr std::string_view kNowOfUpdates = "(strftime('%Y-%m-%dT%H:%M:%fZ','now'))";
/// A UUID of version 4.
constexpr std::string_view kUuid =
    "(lower(hex(randomblob(4))) || '-' || lower(hex(randomblob(2))) || '-4' || "
    "substr(lower(hex(randomblob(2))), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) || "
    "substr(lower(hex(randomblob(2))), 2) || '-' || lower(hex(randomblob(6))))";

std::string text_literal(std::string_view text) {
  std::string sql = "'";
  for (const char c : text) {
    if (c == '\'') sql += '\'';
    sql += c;
  }
  return sql + '\'';
}

std::string literal_sql(const Value& value) {
  switch (value.kind()) {
    case ValueKind::Undefined:
    case ValueKind::Null:
      return "NULL";
    case ValueKind::Boolean:
      return value.as_boolean() ? "1" : "0";
    case ValueKind::Integer:
    case ValueKind::Number:
      return to_json(value);
    case ValueKind::Text:
      return text_literal(value.as_text());
    case ValueKind::Bytes:
    case ValueKind::Array:
    case ValueKind::Object:
      break;
  }
  return text_literal(to_json(value));
}

/// The default that SQL can give; those of calls and callers are made when a row is written.
std::string default_sql(const ModelField& field) {
  switch (field.default_value.kind) {
    case FieldDefault::Kind::Literal:
      return literal_sql(field.default_value.literal);
    case FieldDefault::Kind::Now:
      return std::string(kNow);
    case FieldDefault::Kind::Uuid:
      return std::string(kUuid);
    case FieldDefault::Kind::None:
      if (field.is_list) return "'[]'";
      return field.is_updated_at ? std::string(kNowOfUpdates) : std::string();
    case FieldDefault::Kind::Ulid:
    case FieldDefault::Kind::Cuid:
    case FieldDefault::Kind::Nanoid:
    case FieldDefault::Kind::Auth:
    case FieldDefault::Kind::Field:
      break;
  }
  return field.is_list ? "'[]'" : std::string();
}

std::string column_sql(const Model& model, const ModelField& field) {
  const std::string column = quoted(field.column);
  std::string sql = fmt::format("  {} {}", column, column_type_of(field));
  const bool is_generated = field.role == FieldRole::Generated;
  if (!is_generated && (field.is_list || !field.is_optional)) sql += " NOT NULL";
  if (field.is_id && model.key.size() == 1) sql += " PRIMARY KEY";
  if (field.is_unique) sql += " UNIQUE";
  if (is_generated) {
    sql += fmt::format(" GENERATED ALWAYS AS ({}) {}", field.generated_sql,
                       field.is_generated_stored ? "STORED" : "VIRTUAL");
  } else {
    if (const std::string value = default_sql(field); !value.empty()) sql += " DEFAULT " + value;
    if (field.is_list) {
      sql += fmt::format(" CHECK (json_valid({0}) AND json_type({0}) = 'array')", column);
    }
  }
  if (!field.check_sql.empty()) sql += fmt::format(" CHECK ({})", field.check_sql);
  return sql;
}

std::string column_of(const Model& model, std::string_view name) {
  const ModelField* const field = model.find_field(name);
  return quoted(field == nullptr || field->column.empty() ? name : field->column);
}

std::string columns_of(const Model& model, const std::vector<std::string>& names) {
  std::vector<std::string> columns;
  columns.reserve(names.size());
  for (const std::string& name : names)
    columns.push_back(column_of(model, name));
  return fmt::format("{}", fmt::join(columns, ", "));
}

std::string_view action_sql(std::string_view action) {
  if (action == "Cascade") return "CASCADE";
  if (action == "SetNull") return "SET NULL";
  if (action == "Restrict") return "RESTRICT";
  return "NO ACTION";
}

/// Whether SQLite can watch over the relation: it knows the table, and it is in the same file.
bool has_foreign_key(const Catalog& catalog, const Model& model, const Relation& relation) {
  if (relation.kind != RelationKind::BelongsTo || relation.own_fields.empty()) return false;
  const Model& target = catalog.models[relation.target];
  return !target.is_external && !target.is_view && target.database == model.database;
}

std::string foreign_key_sql(const Catalog& catalog, const Model& model, const Relation& relation) {
  const Model& target = catalog.models[relation.target];
  std::string sql =
      fmt::format("  FOREIGN KEY ({}) REFERENCES {} ({})", columns_of(model, relation.own_fields),
                  quoted(target.table), columns_of(target, relation.target_fields));
  if (!relation.on_delete.empty())
    sql += fmt::format(" ON DELETE {}", action_sql(relation.on_delete));
  if (!relation.on_update.empty())
    sql += fmt::format(" ON UPDATE {}", action_sql(relation.on_update));
  return sql;
}

void append_enum_checks(const Catalog& catalog,
                        const Model& model,
                        std::vector<std::string>& lines) {
  for (const ModelField& field : model.fields) {
    if (field.enum_name.empty() || field.is_list || field.role != FieldRole::Stored) continue;
    const schema::EnumType* const type = catalog.find_enum(field.enum_name);
    if (type == nullptr) continue;
    std::vector<std::string> values;
    values.reserve(type->values.size());
    for (const std::string& value : type->values)
      values.push_back(text_literal(value));
    lines.push_back(
        fmt::format("  CHECK ({} IN ({}))", quoted(field.column), fmt::join(values, ", ")));
  }
}

std::string table_sql(const Catalog& catalog, const Model& model) {
  std::vector<std::string> lines;
  for (const ModelField& field : model.fields) {
    if (field.is_stored()) lines.push_back(column_sql(model, field));
  }
  append_enum_checks(catalog, model, lines);
  if (model.key.size() > 1) {
    lines.push_back(fmt::format("  PRIMARY KEY ({})", columns_of(model, model.key)));
  }
  for (const schema::ModelIndex& unique : model.uniques)
    lines.push_back(fmt::format("  UNIQUE ({})", columns_of(model, unique.fields)));
  for (const Relation& relation : model.relations) {
    if (has_foreign_key(catalog, model, relation)) {
      lines.push_back(foreign_key_sql(catalog, model, relation));
    }
  }
  return fmt::format("CREATE TABLE IF NOT EXISTS {} (\n{}\n){};", quoted(model.table),
                     fmt::join(lines, ",\n"), model.is_strict ? " STRICT" : "");
}

std::string comment_of(const Model& model) {
  std::string comment;
  for (const std::string& line : model.comments) {
    if (!comment.empty()) comment += '\n';
    comment += "-- " + line;
  }
  return comment;
}

/// A model may name the same index twice; the file has it once.
void append_index(const Model& model,
                  const std::string& name,
                  const std::string& columns,
                  std::vector<SqlObject>& objects) {
  const bool is_there = std::ranges::any_of(objects, [&](const SqlObject& object) {
    return object.kind == Kind::Index && object.name == name;
  });
  if (is_there) return;
  const std::string deleted_at = deleted_at_column(model);
  const std::string where = deleted_at.empty() ? "" : fmt::format(" WHERE {} IS NULL", deleted_at);
  objects.push_back({.kind = Kind::Index,
                     .name = name,
                     .table = model.table,
                     .text = fmt::format("CREATE INDEX IF NOT EXISTS {} ON {} ({}){};",
                                         quoted(name), quoted(model.table), columns, where),
                     .comment = {},
                     .fill = {}});
}

void append_indexes(const Model& model, std::vector<SqlObject>& objects) {
  for (const schema::ModelIndex& index : model.indexes) {
    std::string name = "idx_" + model.table;
    for (const std::string& field_name : index.fields) {
      const ModelField* const field = model.find_field(field_name);
      name += "_" + (field == nullptr ? field_name : field->column);
    }
    append_index(model, name, columns_of(model, index.fields), objects);
  }
  if (const std::string deleted_at = deleted_at_column(model); !deleted_at.empty()) {
    const std::string& column = model.find_field(schema::kDeletedAtField)->column;
    append_index(model, fmt::format("idx_{}_{}", model.table, column), deleted_at, objects);
  }
}

// Join tables.

/// To which field a column of a join table refers.
struct Reference {
  const Model* model = nullptr;
  std::string field;
};

Reference reference_of(const Catalog& catalog, const Model& join, const ModelField& column) {
  for (const Relation& relation : join.relations) {
    if (relation.kind == RelationKind::BelongsTo && relation.own_fields.size() == 1 &&
        relation.own_fields.front() == column.name) {
      return {&catalog.models[relation.target], relation.target_fields.front()};
    }
  }
  for (const Model& model : catalog.models) {
    for (const Relation& relation : model.relations) {
      if (relation.kind != RelationKind::ManyToMany || relation.join_table != join.table) continue;
      if (relation.join_own == column.column) return {&model, relation.own_fields.front()};
      if (relation.join_target == column.column) {
        return {&catalog.models[relation.target], relation.target_fields.front()};
      }
    }
  }
  return {};
}

void append_join_table(const Catalog& catalog, const Model& join, std::vector<SqlObject>& objects) {
  std::vector<std::string> lines;
  std::vector<const ModelField*> columns;
  for (const ModelField& field : join.fields) {
    if (!field.is_stored()) continue;
    columns.push_back(&field);
    std::string line = fmt::format("  {} {} NOT NULL", quoted(field.column), column_type_of(field));
    const Reference reference = reference_of(catalog, join, field);
    if (reference.model != nullptr && !reference.model->is_external) {
      line += fmt::format(" REFERENCES {} ({}) ON DELETE CASCADE", quoted(reference.model->table),
                          column_of(*reference.model, reference.field));
    }
    lines.push_back(std::move(line));
  }
  std::vector<std::string> key;
  for (const ModelField* const column : columns)
    key.push_back(quoted(column->column));
  lines.push_back(fmt::format("  PRIMARY KEY ({})", fmt::join(key, ", ")));
  objects.push_back({.kind = Kind::JoinTable,
                     .name = join.table,
                     .table = join.table,
                     .text = fmt::format("CREATE TABLE IF NOT EXISTS {} (\n{}\n) STRICT;",
                                         quoted(join.table), fmt::join(lines, ",\n")),
                     .comment = {},
                     .fill = {}});
  // The key serves the other direction.
  const std::string& last = columns.back()->column;
  append_index(join, fmt::format("{}_{}_idx", join.table, last), quoted(last), objects);
}

// Order.

bool is_made_here(const Model& model, std::string_view database) {
  return !model.is_external && model.database == database;
}

/// Models behind those to which their foreign keys refer; among equals as they were declared.
Result<std::vector<const Model*>> in_order(const Catalog& catalog, std::string_view database) {
  std::vector<const Model*> models;
  for (const Model& model : catalog.models) {
    if (is_made_here(model, database) && !model.is_view && !model.is_join_table) {
      models.push_back(&model);
    }
  }
  const auto targets_of = [&](const Model& model) {
    std::vector<const Model*> targets;
    for (const Relation& relation : model.relations) {
      const Model* const target = &catalog.models[relation.target];
      if (!has_foreign_key(catalog, model, relation) || target == &model) continue;
      if (std::ranges::find(targets, target) == targets.end()) targets.push_back(target);
    }
    return targets;
  };
  std::vector<std::vector<const Model*>> waits_for;
  std::deque<std::size_t> ready;
  for (std::size_t i = 0; i < models.size(); ++i) {
    waits_for.push_back(targets_of(*models[i]));
    if (waits_for.back().empty()) ready.push_back(i);
  }
  std::vector<const Model*> ordered;
  while (!ready.empty()) {
    const Model* const next = models[ready.front()];
    ready.pop_front();
    ordered.push_back(next);
    for (std::size_t i = 0; i < models.size(); ++i) {
      if (std::erase(waits_for[i], next) > 0 && waits_for[i].empty()) ready.push_back(i);
    }
  }
  if (ordered.size() == models.size()) return ordered;
  std::vector<std::string> circle;
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (!waits_for[i].empty()) circle.push_back(models[i]->name);
  }
  return Error(
      ErrorCode::InvalidArgument,
      fmt::format("Circular foreign key reference detected between: {}", fmt::join(circle, ", ")),
      "schema");
}

bool begins_section(Kind kind) {
  return kind == Kind::Table || kind == Kind::JoinTable || kind == Kind::View ||
         kind == Kind::MaterializedView;
}

}  // namespace

std::string_view column_type_of(const ModelField& field) {
  if (field.is_list) return "TEXT";
  switch (field.scalar) {
    case ScalarKind::Integer:
    case ScalarKind::Boolean:
      return "INTEGER";
    case ScalarKind::Real:
      return "REAL";
    case ScalarKind::Bytes:
      return "BLOB";
    case ScalarKind::Text:
    case ScalarKind::DateTime:
    case ScalarKind::Json:
    case ScalarKind::File:
      break;
  }
  return "TEXT";
}

Result<std::vector<SqlObject>> ddl_of(const Catalog& catalog, std::string_view database) {
  MS_TRY(const std::vector<const Model*> models, in_order(catalog, database));
  std::vector<SqlObject> objects;
  for (const Model* const model : models) {
    objects.push_back({.kind = Kind::Table,
                       .name = model->table,
                       .table = model->table,
                       .text = table_sql(catalog, *model),
                       .comment = comment_of(*model),
                       .fill = {}});
    append_indexes(*model, objects);
    MS_TRY_STATUS(append_search(*model, objects));
    append_update_stamps(*model, objects);
  }
  for (const Model& model : catalog.models) {
    if (is_made_here(model, database) && model.is_join_table) {
      append_join_table(catalog, model, objects);
    }
  }
  for (const Model& model : catalog.models) {
    if (!is_made_here(model, database) || !model.is_view) continue;
    const std::size_t position = objects.size();
    append_view(catalog, model, objects);
    objects[position].comment = comment_of(model);
  }
  return objects;
}

std::string ddl_text(const std::vector<SqlObject>& objects) {
  std::string text = "PRAGMA foreign_keys = ON;\n";
  for (const SqlObject& object : objects) {
    if (begins_section(object.kind)) text += '\n';
    if (!object.comment.empty()) text += object.comment + '\n';
    text += object.text + '\n';
  }
  return text;
}

}  // namespace moonstone::store::sqlite
