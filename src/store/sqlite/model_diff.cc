// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/model_diff.h"

#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/sqlite/ddl.h"
#include "store/sqlite/internal/foreign_key_check.h"
#include "store/sqlite/internal/raw_sql.h"
#include "store/sqlite/internal/search_table.h"
#include "store/sqlite/internal/sql_schema.h"
#include "store/sqlite/internal/sql_text.h"
#include "store/sqlite/internal/table_diff.h"

namespace moonstone::store::sqlite {

namespace {

Result<SqlSchema> schema_of(const std::vector<SqlObject>& objects) {
  MS_TRY(const OwnedDatabase pristine, open_memory_database());
  for (const SqlObject& object : objects)
    MS_TRY_STATUS(run_raw(pristine.get(), object.text));
  return read_sql_schema(pristine.get());
}

Result<TableRows> rows_of(sqlite3* db, const SqlTable& table) {
  MS_TRY(const Value found,
         value_of_raw(db, fmt::format("SELECT 1 FROM {} LIMIT 1", quoted_name(table.name))));
  return found.is_null() ? TableRows::None : TableRows::Some;
}

class Differ {
 public:
  Differ(sqlite3* db,
         const schema::Catalog& catalog,
         const std::vector<SqlObject>& objects,
         SqlSchema live,
         SqlSchema wanted)
      : db_(db),
        catalog_(catalog),
        objects_(objects),
        live_(std::move(live)),
        wanted_(std::move(wanted)) {}

  Result<ModelDiff> run() {
    drop_changed_views();
    drop_stale_search_tables();
    MS_TRY_STATUS(compare_tables());
    make_search_tables();
    refresh_materialized_views();
    make_views();
    note_unknown();
    return std::move(diff_);
  }

 private:
  void statement(std::string text) { diff_.lines.push_back({std::move(text), false}); }
  void comment(std::string text) { diff_.lines.push_back({std::move(text), true}); }
  void note(std::string line) { diff_.summary.push_back(std::move(line)); }

  void drop_changed_views() {
    for (const SqlView& view : live_.views) {
      const SqlView* const wanted = wanted_.find_view(view.name);
      if (wanted == nullptr || canonical_sql(wanted->sql) == canonical_sql(view.sql)) continue;
      statement(fmt::format("DROP VIEW IF EXISTS {}", quoted_name(view.name)));
      note(fmt::format("  ~ {}  (view)", view.name));
      changed_views_.insert(view.name);
    }
  }

  void make_views() {
    for (const SqlView& view : wanted_.views) {
      const SqlView* const live = live_.find_view(view.name);
      if (live == nullptr) note(fmt::format("  + {}  (new view)", view.name));
      if (live == nullptr || changed_views_.contains(live->name)) {
        statement(create_if_missing(view.sql));
      }
    }
  }

  /// The search table of a table that the schema wants, under a name that it no longer wants.
  [[nodiscard]] bool is_stale_search_table(const SqlTable& table) const {
    if (!table.is_virtual || wanted_.find_table(table.name) != nullptr) return false;
    const auto search = read_search_table(table.sql);
    return search && wanted_.find_table(search->content) != nullptr &&
           is_same_name(table.name, search->content + "_fts");
  }

  void drop_stale_search_tables() {
    for (const SqlTable& table : live_.tables) {
      if (!is_stale_search_table(table)) continue;
      // Its triggers would write to it while the table is rebuilt or altered.
      for (const SqlTrigger& trigger : triggers_of_search(live_, table))
        statement(fmt::format("DROP TRIGGER IF EXISTS {}", quoted_name(trigger.name)));
      statement(fmt::format("DROP TABLE IF EXISTS {}", quoted_name(table.name)));
      note(fmt::format("  - {}  (search index)", table.name));
    }
  }

  static std::vector<SqlTrigger> triggers_of_search(const SqlSchema& schema,
                                                    const SqlTable& search) {
    std::vector<SqlTrigger> out;
    const auto content = read_search_table(search.sql);
    const SqlTable* const table = content ? schema.find_table(content->content) : nullptr;
    if (table == nullptr) return out;
    std::ranges::copy_if(table->triggers, std::back_inserter(out), [&](const SqlTrigger& t) {
      return t.name.starts_with(search.name + "_");
    });
    return out;
  }

  Status compare_tables() {
    for (const SqlTable& table : wanted_.tables) {
      if (table.is_virtual) continue;
      const SqlTable* const live = live_.find_table(table.name);
      if (live == nullptr) {
        make_table(table);
        continue;
      }
      MS_TRY(const TableRows rows, rows_of(db_, *live));
      take_over(diff_table(*live, table, rows, live_));
    }
    return {};
  }

  /// New tables are told by the names of their models; join tables have only their own.
  [[nodiscard]] std::string_view told_name(const SqlTable& table) const {
    const schema::Model* const model = catalog_.find_table(table.name);
    return model == nullptr || model->is_join_table ? table.name : model->name;
  }

  /// The statement with the documentation of its model before it.
  [[nodiscard]] std::string documented(const SqlTable& table) const {
    const auto object =
        std::ranges::find_if(objects_, [&](const SqlObject& o) { return o.name == table.name; });
    const std::string text = create_if_missing(table.sql);
    if (object == objects_.end() || object->comment.empty()) return text;
    return fmt::format("{}\n{}", object->comment, text);
  }

  void make_table(const SqlTable& table) {
    note(fmt::format("  + {}  (new table)", told_name(table)));
    statement(documented(table));
    for (const SqlIndex& index : table.indexes) {
      if (!index.is_constraint) statement(create_if_missing(index.sql));
    }
    for (const SqlTrigger& trigger : table.triggers)
      statement(create_if_missing(trigger.sql));
    remade_.insert(table.name);
  }

  void take_over(const TableDiff& diff) {
    if (diff.is_empty()) return;
    note(fmt::format("  ~ {}  [{}]", diff.wanted->name, diff.needs_rebuild ? "rebuild" : "alter"));
    diff_.summary.insert(diff_.summary.end(), diff.summary.begin(), diff.summary.end());
    for (const SqlColumn* column : diff.blocked) {
      comment(blocked_comment(*diff.wanted, *column));
      diff_.blocked.push_back(fmt::format("{}.{}", diff.wanted->name, column->name));
    }
    if (!diff.blocked.empty()) {
      blocked_.insert(diff.wanted->name);
      return;
    }
    for (std::string& text : table_diff_sql(diff))
      statement(std::move(text));
    for (const SqlColumn* column : diff.removed) {
      // What SQLite computes is no data.
      if (column->kind != ColumnKind::Ordinary) continue;
      diff_.dropped.push_back({diff.live->name, column->name});
    }
    if (diff.needs_rebuild) diff_.rebuilds = true;
    if (diff.needs_rebuild || !diff.new_triggers.empty()) changed_.insert(diff.wanted->name);
  }

  /// A search table that is there, says the same, and whose rows nothing has touched behind the
  /// back of its triggers.
  [[nodiscard]] bool is_up_to_date(const SqlTable& search, const std::string& content) const {
    const SqlTable* const live = live_.find_table(search.name);
    return live != nullptr && canonical_sql(live->sql) == canonical_sql(search.sql) &&
           !changed_.contains(content);
  }

  void make_search_tables() {
    for (const SqlTable& table : wanted_.tables) {
      const auto search = table.is_virtual ? read_search_table(table.sql) : std::nullopt;
      if (!search || blocked_.contains(search->content)) continue;
      if (is_up_to_date(table, search->content)) continue;
      const bool is_new = live_.find_table(table.name) == nullptr;
      note(fmt::format("  {} {}  (search index)", is_new ? "+" : "~", table.name));
      if (!is_new) statement(fmt::format("DROP TABLE IF EXISTS {}", quoted_name(table.name)));
      statement(create_if_missing(table.sql));
      if (!remade_.contains(search->content)) fill(table.name);
    }
  }

  void fill(std::string_view name) {
    const auto object =
        std::ranges::find_if(objects_, [&](const SqlObject& o) { return o.name == name; });
    if (object == objects_.end() || object->fill.empty()) return;
    for (std::string& text : split_sql(object->fill))
      statement(std::move(text));
  }

  void refresh_materialized_views() {
    for (const schema::Model& model : catalog_.models) {
      if (!model.is_materialized || wanted_.find_table(model.table) == nullptr) continue;
      const bool is_touched = remade_.contains(model.table) || changed_.contains(model.table) ||
                              std::ranges::any_of(model.refresh_on, [&](const std::string& source) {
                                const schema::Model* const found = catalog_.find_model(source);
                                return found != nullptr && changed_.contains(found->table);
                              });
      if (!is_touched) continue;
      statement(fmt::format("DELETE FROM {}", quoted_name(model.table)));
      fill(model.table);
    }
  }

  [[nodiscard]] bool is_ignored(std::string_view name) const {
    const schema::Model* const model = catalog_.find_table(name);
    // External tables are somebody else's; names like `_a_b` are internal.
    return (model != nullptr && model->is_external) || name.starts_with('_');
  }

  void note_unknown() {
    const auto unknown = [&](const std::string& name, std::string_view kind) {
      if (is_ignored(name)) return;
      diff_.unknown.push_back(name);
      note(fmt::format("  ? {}  (in db, not in schema)", name));
      comment(fmt::format("-- DROP {} IF EXISTS {};", kind, quoted_name(name)));
    };
    for (const SqlTable& table : live_.tables) {
      if (wanted_.find_table(table.name) != nullptr || is_stale_search_table(table)) continue;
      unknown(table.name, "TABLE");
    }
    for (const SqlView& view : live_.views) {
      if (wanted_.find_view(view.name) == nullptr) unknown(view.name, "VIEW");
    }
  }

  sqlite3* db_;
  const schema::Catalog& catalog_;
  const std::vector<SqlObject>& objects_;
  SqlSchema live_;
  SqlSchema wanted_;
  ModelDiff diff_;
  std::set<std::string> changed_views_;
  std::set<std::string> remade_;   // new tables
  std::set<std::string> changed_;  // rebuilt, or with other triggers
  std::set<std::string> blocked_;
};

Status refuse_losses(sqlite3* db, const std::vector<DroppedColumn>& dropped) {
  std::vector<std::string> losses;
  for (const DroppedColumn& column : dropped) {
    MS_TRY(const Value rows,
           value_of_raw(db, fmt::format("SELECT count({}) FROM {}", quoted_name(column.column),
                                        quoted_name(column.table))));
    if (!rows.is_integer() || rows.as_integer() == 0) continue;
    losses.push_back(fmt::format("field \"{}\" of table \"{}\" ({} {})", column.column,
                                 column.table, rows.as_integer(),
                                 rows.as_integer() == 1 ? "row" : "rows"));
  }
  if (losses.empty()) return {};
  return Error(
      ErrorCode::FailedPrecondition,
      fmt::format("the new schema would delete data: {}. Pass --accept-data-loss to accept that",
                  fmt::join(losses, ", ")),
      "data_loss");
}

Status run_lines(Connection& connection, const ModelDiff& diff) {
  sqlite3* const db = connection.handle();
  MS_TRY(const Value enforced, value_of_raw(db, "PRAGMA foreign_keys"));
  if (diff.rebuilds && enforced != Value(std::int64_t{0})) {
    return Error(ErrorCode::Internal, "a table is to be rebuilt while foreign keys are on");
  }
  // Dropping the old table must not look at views and triggers that name it.
  MS_TRY_STATUS(run_raw(db, "PRAGMA legacy_alter_table = ON"));
  Status done;
  for (const ModelDiff::Line& line : diff.lines) {
    if (line.is_comment) continue;
    done = run_raw(db, line.text);
    if (!done) break;
  }
  run_raw(db, "PRAGMA legacy_alter_table = OFF").ignore("the connection's default; cannot fail");
  if (done) return done;
  // Rows that the new table refuses; a disk that fails stays what it is.
  if (done.error().reason() == "sql" || done.error().code() == ErrorCode::AlreadyExists ||
      done.error().code() == ErrorCode::FailedPrecondition) {
    return Error(ErrorCode::FailedPrecondition,
                 fmt::format("the data does not fit the new schema: {}", done.error().message()),
                 "schema_violation");
  }
  return done;
}

}  // namespace

std::size_t ModelDiff::statement_count() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(lines, [](const Line& line) { return !line.is_comment; }));
}

std::string ModelDiff::script() const {
  std::string out = "PRAGMA foreign_keys = OFF;\n";
  if (rebuilds) out += "PRAGMA legacy_alter_table = ON;\n";
  out += "BEGIN;\n\n";
  for (const Line& line : lines)
    out += fmt::format("{}{}\n\n", line.text, line.is_comment ? "" : ";");
  out += "COMMIT;\n";
  if (rebuilds) out += "PRAGMA legacy_alter_table = OFF;\n";
  return out + "PRAGMA foreign_keys = ON;\n";
}

Result<ModelDiff> diff_models(sqlite3* db,
                              const schema::Catalog& catalog,
                              std::string_view database) {
  MS_TRY(const std::vector<SqlObject> objects, ddl_of(catalog, database));
  MS_TRY(SqlSchema wanted, schema_of(objects));
  MS_TRY(SqlSchema live, read_sql_schema(db));
  return Differ(db, catalog, objects, std::move(live), std::move(wanted)).run();
}

Status apply_model_diff(Connection& connection,
                        const schema::Catalog& next,
                        Writer::AllowDataLoss allow,
                        std::string_view database) {
  sqlite3* const db = connection.handle();
  MS_TRY(const ModelDiff diff, diff_models(db, next, database));
  if (!diff.blocked.empty()) {
    return Error(ErrorCode::FailedPrecondition,
                 fmt::format("new fields without a default cannot be required while the table has "
                             "rows: {}; make them optional or give them a default",
                             fmt::join(diff.blocked, ", ")),
                 "schema_violation");
  }
  if (allow == Writer::AllowDataLoss::No) MS_TRY_STATUS(refuse_losses(db, diff.dropped));
  if (diff.is_in_sync()) return {};
  MS_TRY(const ForeignKeyState before, read_foreign_key_state(db));
  // Prepared statements of the old tables would keep SQLite from dropping them.
  connection.forget_statements();
  MS_TRY_STATUS(run_lines(connection, diff));
  return check_foreign_keys(db, before);
}

}  // namespace moonstone::store::sqlite
