// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/schema_apply.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/sqlite/internal/model_diff.h"
#include "store/sqlite/internal/row_codec.h"
#include "store/sqlite/internal/schema_check.h"
#include "store/sqlite/internal/schema_sql.h"
#include "store/sqlite/internal/search_index.h"

namespace moonstone::store::sqlite {

namespace {

constexpr std::string_view kDoing = "change the schema";

/// Rows held in memory while the values of a field move to their new column.
constexpr std::int64_t kRewriteBatch = 500;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

/// Carries one TableStep out.
class TableMigration {
 public:
  TableMigration(Connection& connection, const TableStep& step)
      : connection_(connection), step_(step), table_(quoted(sql_table_name(step.next->name))) {}

  Status run() {
    MS_TRY_STATUS(drop_indexes());
    // Before anything is added: SQLite does not tell "title" from "Title".
    for (const std::string& field : step_.removed_fields)
      MS_TRY_STATUS(drop_column(field));
    MS_TRY_STATUS(add_columns());
    if (!step_.rewritten_fields.empty()) MS_TRY_STATUS(rewrite());
    return create_indexes();
  }

 private:
  Status execute(const std::string& sql) { return connection_.run_once(sql, kDoing); }

  /// Whether the SQL index can stay as it is.
  [[nodiscard]] bool stays(const schema::Index& index) const {
    return std::ranges::find(step_.previous->indexes, index) != step_.previous->indexes.end() &&
           std::ranges::find(step_.next->indexes, index) != step_.next->indexes.end() &&
           std::ranges::none_of(index.fields, [this](const std::string& field) {
             return contains(step_.rewritten_fields, field) ||
                    contains(step_.removed_fields, field);
           });
  }

  Status drop_indexes() {
    for (const schema::Index& index : step_.previous->indexes) {
      if (!needs_sql_index(index) || stays(index)) continue;
      MS_TRY_STATUS(execute(drop_index_sql(*step_.previous, index)));
    }
    return {};
  }

  Status create_indexes() {
    for (const schema::Index& index : step_.next->indexes) {
      if (!needs_sql_index(index) || stays(index)) continue;
      MS_TRY_STATUS(execute(create_index_sql(*step_.next, index)));
    }
    return {};
  }

  Status drop_column(const std::string& field) {
    return execute(fmt::format("ALTER TABLE {} DROP COLUMN {}", table_, quoted(field)));
  }

  Status add_columns() {
    for (const std::string& name : step_.added_fields) {
      const FieldLayout field = field_layout_of(field_of(*step_.next, name));
      MS_TRY_STATUS(execute(fmt::format("ALTER TABLE {} ADD COLUMN {} {}", table_, field.column,
                                        column_type_sql(field))));
    }
    return {};
  }

  static const schema::Field& field_of(const schema::Table& table, const std::string& name) {
    return table.fields[*table.find_field(name)];
  }

  /// Where the values of a rewritten field gather until its old column goes. No field may have
  /// such a name, since a member name does not contain a full stop.
  static std::string moving_column(const schema::Field& field) {
    return quoted(fmt::format("moving.{}", field.id.value));
  }

  Status rewrite() {
    std::vector<std::string> columns(step_.next->fields.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const schema::Field& field = step_.next->fields[i];
      if (!contains(step_.rewritten_fields, field.name)) continue;
      columns[i] = moving_column(field);
      MS_TRY_STATUS(execute(fmt::format("ALTER TABLE {} ADD COLUMN {} {}", table_, columns[i],
                                        column_type_sql(field_layout_of(field)))));
    }
    MS_TRY_STATUS(
        move_rows(make_table_layout(step_.kept), make_table_layout(*step_.next, columns)));
    for (const std::string& name : step_.rewritten_fields) {
      MS_TRY_STATUS(drop_column(name));
      MS_TRY_STATUS(execute(fmt::format("ALTER TABLE {} RENAME COLUMN {} TO {}", table_,
                                        moving_column(field_of(*step_.next, name)), quoted(name))));
    }
    return {};
  }

  Status move_rows(const TableLayout& from, const TableLayout& to) {
    const std::string select_sql = fmt::format(
        "SELECT {} FROM {} WHERE _row>?1 ORDER BY _row LIMIT ?2", from.columns, from.name);
    std::int64_t last_number = std::numeric_limits<std::int64_t>::min();
    while (true) {
      MS_TRY(const std::vector<query::Row> rows, read_batch(from, select_sql, last_number));
      if (rows.empty()) return {};
      last_number = rows.back().number;
      MS_TRY(Statement update, connection_.prepare(to.update_sql));
      for (const query::Row& row : rows) {
        MS_TRY(const query::Row moved, moved_row(row, to));
        EncodedTexts texts;
        update.bind_text(2, moved.id);
        MS_TRY_STATUS(bind_fields(to, moved, update, texts));
        MS_TRY_STATUS(update.run(kDoing));
      }
    }
  }

  Result<std::vector<query::Row>> read_batch(const TableLayout& from,
                                             const std::string& select_sql,
                                             std::int64_t after) {
    MS_TRY(Statement select, connection_.prepare(select_sql));
    select.bind_integer(1, after);
    select.bind_integer(2, kRewriteBatch);
    std::vector<query::Row> rows;
    while (true) {
      MS_TRY(const bool has_row, select.step(kDoing));
      if (!has_row) return rows;
      std::uint64_t size_bytes = 0;
      MS_TRY(query::Row row, decode_row(from, select, size_bytes));
      rows.push_back(std::move(row));
    }
  }

  [[nodiscard]] Result<query::Row> moved_row(const query::Row& row, const TableLayout& to) const {
    query::Row moved;
    moved.table = to.table;
    moved.number = row.number;
    moved.id = row.id;
    for (const schema::Field& field : step_.next->fields) {
      Value value;
      if (const auto index = step_.kept.find_field(field.name)) {
        value = row.values[*index];
        if (contains(step_.rewritten_fields, field.name)) {
          MS_TRY_STATUS(convert_value(step_.kept.fields[*index], field, value));
        }
      }
      moved.values.push_back(std::move(value));
    }
    return moved;
  }

  Connection& connection_;
  const TableStep& step_;
  std::string table_;
};

Status create_table(Connection& connection, const schema::Table& table) {
  MS_TRY_STATUS(connection.run_once(create_table_sql(table), kDoing));
  for (const schema::Index& index : table.indexes) {
    if (!needs_sql_index(index)) continue;
    MS_TRY_STATUS(connection.run_once(create_index_sql(table, index), kDoing));
  }
  return {};
}

/// What a model has left behind under the name; that nothing is lost was made sure of.
Status make_room(Connection& connection,
                 const schema::Schema& previous,
                 const schema::Table& table) {
  MS_TRY(const auto rows, rows_left_behind(connection, previous, table));
  if (!rows) return {};
  return connection.run_once(fmt::format("DROP TABLE {}", quoted(sql_table_name(table.name))),
                             kDoing);
}

/// Those that go, and those whose texts lie otherwise afterwards: triggers and columns of an index
/// would be in the way of what happens to the columns of the table.
Status drop_search_indexes(Connection& connection,
                           const schema::Schema& previous,
                           const std::vector<TableStep>& steps) {
  const auto stays = [&](const schema::Table& table, const schema::SearchIndex& index) {
    const auto step = std::ranges::find_if(
        steps, [&](const TableStep& candidate) { return candidate.previous == &table; });
    return step != steps.end() &&
           std::ranges::find(step->next->search_indexes, index) !=
               step->next->search_indexes.end() &&
           !contains(step->rewritten_fields, index.field) &&
           !contains(step->removed_fields, index.field);
  };
  for (const schema::Table& table : previous.tables) {
    for (const schema::SearchIndex& index : table.search_indexes) {
      if (stays(table, index)) continue;
      MS_TRY_STATUS(drop_search_index(connection, search_table_name(table, index)));
    }
  }
  return {};
}

Result<std::vector<TableStep>> check_rows(Connection& connection,
                                          const schema::Schema& previous,
                                          const schema::Schema& next) {
  std::vector<TableStep> steps;
  std::vector<std::string> violations;
  for (const schema::Table& table : next.tables) {
    const schema::Table* old = previous.find_table(table.name);
    if (old == nullptr) continue;
    MS_TRY(TableStep step, check_table(connection, *old, table, violations));
    steps.push_back(std::move(step));
  }
  if (violations.empty()) return steps;
  return Error(ErrorCode::FailedPrecondition, fmt::format("{}", fmt::join(violations, "; ")),
               "schema_violation");
}

Status migrate_documents(Connection& connection,
                         const schema::Schema& previous,
                         const schema::Schema& next,
                         Writer::AllowDataLoss allow) {
  if (allow == Writer::AllowDataLoss::No) {
    MS_TRY_STATUS(check_losses(connection, previous, next));
  }
  MS_TRY(const std::vector<TableStep> steps, check_rows(connection, previous, next));
  MS_TRY_STATUS(drop_search_indexes(connection, previous, steps));
  for (const schema::Table& table : previous.tables) {
    if (next.find_table(table.name) != nullptr) continue;
    MS_TRY_STATUS(connection.run_once(
        fmt::format("DROP TABLE {}", quoted(sql_table_name(table.name))), kDoing));
  }
  for (const TableStep& step : steps)
    MS_TRY_STATUS(TableMigration(connection, step).run());
  for (const schema::Table& table : next.tables) {
    if (previous.find_table(table.name) != nullptr) continue;
    MS_TRY_STATUS(make_room(connection, previous, table));
    MS_TRY_STATUS(create_table(connection, table));
  }
  return bring_search_indexes_in_step(connection, next);
}

std::string database_of(const schema::Catalog& catalog) {
  return catalog.models.empty() ? "main" : catalog.models.front().database;
}

}  // namespace

Status find_model_obstacles(Connection& connection,
                            const schema::Catalog& next,
                            std::vector<std::string>& losses,
                            std::vector<std::string>& violations) {
  MS_TRY(const ModelDiff diff, diff_models(connection.handle(), next, database_of(next)));
  for (const DroppedColumn& column : diff.dropped) {
    MS_TRY(const std::int64_t values,
           connection.integer_of(
               fmt::format("SELECT count({}) FROM {}", quoted(column.column), quoted(column.table)),
               "count values"));
    if (values > 0) {
      losses.push_back(fmt::format("field \"{}.{}\" ({} value{})", column.table, column.column,
                                   values, values == 1 ? "" : "s"));
    }
  }
  for (const std::string& field : diff.blocked) {
    violations.push_back(
        fmt::format("\"{}\" is required and has no default, but the table has rows", field));
  }
  return {};
}

schema::Schema documents_of(const schema::Schema& schema) {
  schema::Schema documents;
  for (const schema::Table& table : schema.tables) {
    if (table.model == nullptr) documents.tables.push_back(table);
  }
  return documents;
}

Result<bool> has_foreign_tables(Connection& connection) {
  constexpr std::string_view kCount =
      "SELECT count(*) FROM sqlite_schema WHERE type='table' AND name NOT GLOB 'sqlite_*' AND name "
      "NOT GLOB '_moonstone_*' AND name NOT GLOB '_litestone_*' AND name<>'_locks'";
  MS_TRY(const std::int64_t count, connection.integer_of(kCount, "look for tables"));
  return count > 0;
}

Status migrate(Connection& connection,
               const schema::Schema& previous,
               const schema::Schema& next,
               Writer::AllowDataLoss allow) {
  // Documents first: a model may take the name of a table of theirs.
  MS_TRY_STATUS(migrate_documents(connection, documents_of(previous), documents_of(next), allow));
  if (next.catalog == nullptr) return {};
  return apply_model_diff(connection, *next.catalog, allow, database_of(*next.catalog));
}

}  // namespace moonstone::store::sqlite
