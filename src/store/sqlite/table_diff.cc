// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/table_diff.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/sqlite/internal/sql_text.h"

namespace moonstone::store::sqlite {

namespace {

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::string list_of(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string sorted_list_of(std::vector<std::string> names) {
  for (std::string& name : names)
    name = lower_case(name);
  std::ranges::sort(names);
  return list_of(names);
}

std::string shown_default(const SqlColumn& column) {
  return column.default_sql.value_or("null");
}

std::string canonical_default(const SqlColumn& column) {
  return column.default_sql ? canonical_sql(*column.default_sql) : "null";
}

/// Whether ALTER TABLE can add a column with this default to a table with rows.
bool is_constant(std::string_view default_sql) {
  std::vector<SqlToken> tokens = sql_tokens(default_sql);
  if (!tokens.empty() && (tokens.front().is("-") || tokens.front().is("+"))) {
    tokens.erase(tokens.begin());
  }
  if (tokens.size() != 1) return false;
  const SqlToken& token = tokens.front();
  return token.kind == SqlTokenKind::Text || token.kind == SqlTokenKind::Number ||
         token.is("null") || token.is("true") || token.is("false");
}

bool must_be_given(const SqlColumn& column) {
  return column.is_not_null && !column.default_sql && column.kind == ColumnKind::Ordinary;
}

/// Whether ALTER TABLE .. ADD COLUMN can say it. UNIQUE is looked at with the constraints.
bool can_be_added(const SqlColumn& column) {
  if (column.key_position != 0 || column.kind == ColumnKind::Stored) return false;
  return !column.default_sql || is_constant(*column.default_sql);
}

/// The names that the DDL of models gives to its triggers.
bool is_generated_trigger(const SqlTable& table, std::string_view name) {
  constexpr std::array<std::string_view, 6> kEndings = {"_fts_insert",  "_fts_delete",
                                                        "_fts_update",  "_fts_soft_delete",
                                                        "_fts_restore", "_updatedAt"};
  return name.find("_refresh_on_") != std::string_view::npos ||
         std::ranges::any_of(kEndings, [&](std::string_view ending) {
           return name == table.name + std::string(ending);
         });
}

/// Compares the two tables part by part and gathers the findings.
class TableComparison {
 public:
  TableComparison(const SqlTable& live,
                  const SqlTable& wanted,
                  TableRows rows,
                  const SqlSchema& live_schema)
      : live_(live), wanted_(wanted), rows_(rows), live_schema_(live_schema) {
    diff_.live = &live;
    diff_.wanted = &wanted;
  }

  TableDiff run() {
    compare_columns();
    compare_uniques();
    compare_checks();
    compare_foreign_keys();
    if (live_.is_strict != wanted_.is_strict ||
        live_.is_without_rowid != wanted_.is_without_rowid) {
      diff_.needs_rebuild = true;
      note("~ strict mode changed");
    }
    compare_indexes();
    compare_triggers();
    return std::move(diff_);
  }

 private:
  void note(const std::string& line) { diff_.summary.push_back("      " + line); }

  void compare_columns() {
    for (const SqlColumn& column : wanted_.columns) {
      if (const SqlColumn* old = live_.find_column(column.name)) {
        compare_column(*old, column);
      } else {
        add_column(column);
      }
    }
    for (const SqlColumn& column : live_.columns) {
      if (wanted_.find_column(column.name) != nullptr) continue;
      diff_.removed.push_back(&column);
      diff_.needs_rebuild = true;
      note(fmt::format("- col  {}", column.name));
    }
  }

  void add_column(const SqlColumn& column) {
    const bool is_row_number = wanted_.find_rowid_alias() == &column;
    const bool is_missing_value = must_be_given(column) && !is_row_number;
    note(fmt::format("+ col  {} {}{}", column.name, column.type,
                     is_missing_value ? "  ⚠ NOT NULL no default" : ""));
    if (is_missing_value && rows_ == TableRows::Some) {
      diff_.blocked.push_back(&column);
    } else if (is_missing_value || is_row_number || !can_be_added(column)) {
      diff_.needs_rebuild = true;
    } else {
      diff_.added.push_back(&column);
    }
  }

  void compare_column(const SqlColumn& live, const SqlColumn& wanted) {
    const auto changed = [&](std::string_view what, std::string_view from, std::string_view to) {
      diff_.needs_rebuild = true;
      note(fmt::format("~ col  {}  {}: {} → {}", wanted.name, what, from, to));
    };
    const auto shown = [](bool is) { return is ? "true" : "false"; };
    if (live.type != wanted.type) changed("type", live.type, wanted.type);
    if (live.is_not_null != wanted.is_not_null) {
      changed("notnull", shown(live.is_not_null), shown(wanted.is_not_null));
    }
    if (live.key_position != wanted.key_position) {
      changed("pk", fmt::to_string(live.key_position), fmt::to_string(wanted.key_position));
    }
    if (canonical_default(live) != canonical_default(wanted)) {
      changed("default", shown_default(live), shown_default(wanted));
    }
    if (live.kind != wanted.kind ||
        canonical_sql(live.generated_sql) != canonical_sql(wanted.generated_sql)) {
      changed("generated", shown_generated(live), shown_generated(wanted));
    }
  }

  static std::string shown_generated(const SqlColumn& column) {
    if (column.kind == ColumnKind::Ordinary) return "no";
    return fmt::format("{}{}", column.generated_sql,
                       column.kind == ColumnKind::Stored ? " stored" : "");
  }

  static std::set<std::string> uniques_of(const SqlTable& table) {
    std::set<std::string> out;
    for (const SqlIndex& index : table.indexes) {
      if (index.is_constraint) out.insert(sorted_list_of(index.columns));
    }
    return out;
  }

  /// A unique index of all rows promises what the constraint promises.
  [[nodiscard]] bool stands_for_constraint(const SqlIndex& index) const {
    return !index.is_constraint && index.is_unique && index.where.empty() &&
           uniques_of(wanted_).contains(sorted_list_of(index.columns));
  }

  void compare_uniques() {
    std::set<std::string> live = uniques_of(live_);
    for (const SqlIndex& index : live_.indexes) {
      if (stands_for_constraint(index)) live.insert(sorted_list_of(index.columns));
    }
    if (live == uniques_of(wanted_)) return;
    diff_.needs_rebuild = true;
    note("~ unique constraints changed");
  }

  [[nodiscard]] bool is_added(std::string_view column) const {
    return std::ranges::any_of(diff_.added, [&](const SqlColumn* c) { return c->name == column; });
  }

  /// A constraint that names one added column and nothing else comes with the column.
  [[nodiscard]] bool comes_with_column(const std::vector<std::string>& columns) const {
    return !columns.empty() && is_added(columns.front()) &&
           std::ranges::all_of(columns, [&](const auto& name) { return name == columns.front(); });
  }

  void compare_checks() {
    std::multiset<std::string> live;
    std::multiset<std::string> wanted;
    for (const SqlCheck& check : live_.checks)
      live.insert(canonical_sql(check.sql));
    for (const SqlCheck& check : wanted_.checks) {
      if (!comes_with_column(check.columns)) wanted.insert(canonical_sql(check.sql));
    }
    if (live == wanted) return;
    diff_.needs_rebuild = true;
    note("~ check constraints changed");
  }

  [[nodiscard]] std::string shown_key(const SqlForeignKey& key) const {
    std::vector<std::string> to = key.to;
    if (const SqlTable* target = live_schema_.find_table(key.table);
        target != nullptr && !to.empty() && to.front().empty()) {
      to.clear();
      for (const SqlColumn& column : target->columns) {
        if (column.key_position != 0) to.push_back(column.name);
      }
    }
    return lower_case(fmt::format("{} > {} ({}) {} {}", list_of(key.from), key.table, list_of(to),
                                  key.on_delete, key.on_update));
  }

  void compare_foreign_keys() {
    std::multiset<std::string> live;
    std::multiset<std::string> wanted;
    for (const SqlForeignKey& key : live_.foreign_keys)
      live.insert(shown_key(key));
    for (const SqlForeignKey& key : wanted_.foreign_keys) {
      if (!comes_with_column(key.from)) wanted.insert(shown_key(key));
    }
    if (live == wanted) return;
    diff_.needs_rebuild = true;
    note("~ foreign keys changed");
  }

  static bool is_same_index(const SqlIndex& a, const SqlIndex& b) {
    return a.is_unique == b.is_unique && a.terms == b.terms && a.where == b.where;
  }

  void compare_indexes() {
    std::vector<const SqlIndex*> left;
    for (const SqlIndex& index : live_.indexes) {
      if (!index.is_constraint && !stands_for_constraint(index)) left.push_back(&index);
    }
    for (const SqlIndex& index : wanted_.indexes) {
      if (index.is_constraint) continue;
      const auto same = std::ranges::find_if(
          left, [&](const SqlIndex* candidate) { return is_same_index(*candidate, index); });
      if (same != left.end()) {
        left.erase(same);
        continue;
      }
      diff_.new_indexes.push_back(&index);
      note(fmt::format("+ idx  ({}){}", list_of(index.columns),
                       index.where.empty() ? "" : " where " + index.where));
    }
    for (const SqlIndex* index : left) {
      diff_.stale_indexes.push_back(index);
      note(fmt::format("- idx  {}", index->name));
    }
  }

  void compare_triggers() {
    for (const SqlTrigger& trigger : wanted_.triggers) {
      const auto old = std::ranges::find_if(
          live_.triggers, [&](const SqlTrigger& t) { return is_same_name(t.name, trigger.name); });
      if (old != live_.triggers.end()) {
        if (canonical_sql(old->sql) == canonical_sql(trigger.sql)) continue;
        diff_.stale_triggers.push_back(&*old);
      }
      diff_.new_triggers.push_back(&trigger);
      note(fmt::format("{} trigger  {}", old == live_.triggers.end() ? "+" : "~", trigger.name));
    }
    for (const SqlTrigger& trigger : live_.triggers) {
      const bool is_wanted = std::ranges::any_of(wanted_.triggers, [&](const SqlTrigger& t) {
        return is_same_name(t.name, trigger.name);
      });
      if (is_wanted || !is_generated_trigger(live_, trigger.name)) continue;
      diff_.stale_triggers.push_back(&trigger);
      note(fmt::format("- trigger  {}", trigger.name));
    }
  }

  const SqlTable& live_;
  const SqlTable& wanted_;
  TableRows rows_;
  const SqlSchema& live_schema_;
  TableDiff diff_;
};

std::string declaration_of(const SqlTable& table, const SqlColumn& column) {
  std::string out = fmt::format("{} {}", quoted_name(column.name), column.type);
  if (column.is_not_null) out += " NOT NULL";
  if (column.default_sql) out += " DEFAULT " + *column.default_sql;
  if (column.kind == ColumnKind::Virtual) {
    out += fmt::format(" GENERATED ALWAYS AS ({}) VIRTUAL", column.generated_sql);
  }
  for (const SqlCheck& check : table.checks) {
    const bool is_its_own =
        !check.columns.empty() &&
        std::ranges::all_of(check.columns, [&](const auto& name) { return name == column.name; });
    if (is_its_own) out += fmt::format(" CHECK ({})", check.sql);
  }
  for (const SqlForeignKey& key : table.foreign_keys) {
    if (key.from.size() != 1 || key.from.front() != column.name) continue;
    out += " REFERENCES " + quoted_name(key.table);
    if (!key.to.front().empty()) out += fmt::format(" ({})", quoted_name(key.to.front()));
    if (key.on_delete != "NO ACTION") out += " ON DELETE " + key.on_delete;
    if (key.on_update != "NO ACTION") out += " ON UPDATE " + key.on_update;
  }
  return out;
}

/// The columns that are copied, and where their values come from.
struct Copy {
  std::vector<std::string> columns;
  std::vector<std::string> values;
};

Copy copy_of(const SqlTable& live, const SqlTable& wanted) {
  Copy copy;
  const SqlColumn* const number = wanted.find_rowid_alias();
  const bool has_rowid = !live.is_without_rowid && live.find_column("rowid") == nullptr &&
                         wanted.find_column("rowid") == nullptr;
  if (has_rowid && !wanted.is_without_rowid && number == nullptr) {
    copy.columns.emplace_back("rowid");
    copy.values.emplace_back("rowid");
  }
  for (const SqlColumn& column : wanted.columns) {
    if (column.kind != ColumnKind::Ordinary) continue;
    const SqlColumn* const old = live.find_column(column.name);
    if (old == nullptr && !(has_rowid && &column == number)) continue;
    copy.columns.push_back(quoted_name(column.name));
    if (old == nullptr) {
      copy.values.emplace_back("rowid");
    } else if (column.is_not_null && !old->is_not_null && column.default_sql) {
      copy.values.push_back(
          fmt::format("coalesce({}, {})", quoted_name(old->name), *column.default_sql));
    } else {
      copy.values.push_back(quoted_name(old->name));
    }
  }
  return copy;
}

std::string create_under_other_name(const SqlTable& table, const std::string& name) {
  const std::vector<SqlToken> tokens = sql_tokens(table.sql);
  // CREATE TABLE name (..
  const std::size_t behind_name = tokens.size() > 2 ? tokens[2].end() : 0;
  return fmt::format("CREATE TABLE {}{}", quoted_name(name),
                     std::string_view(table.sql).substr(behind_name));
}

void rebuild(const TableDiff& diff, std::vector<std::string>& out) {
  const SqlTable& wanted = *diff.wanted;
  const std::string old_name = quoted_name(diff.live->name);
  const std::string new_name = wanted.name + "__new";
  out.push_back(create_under_other_name(wanted, new_name));
  const Copy copy = copy_of(*diff.live, wanted);
  if (!copy.columns.empty()) {
    out.push_back(fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}", quoted_name(new_name),
                              fmt::join(copy.columns, ", "), fmt::join(copy.values, ", "),
                              old_name));
  }
  out.push_back(fmt::format("DROP TABLE {}", old_name));
  out.push_back(
      fmt::format("ALTER TABLE {} RENAME TO {}", quoted_name(new_name), quoted_name(wanted.name)));
  for (const SqlIndex& index : wanted.indexes) {
    if (!index.is_constraint) out.push_back(create_if_missing(index.sql));
  }
  for (const SqlTrigger& trigger : wanted.triggers)
    out.push_back(create_if_missing(trigger.sql));
  // Those that somebody made by hand went with the table.
  for (const SqlTrigger& trigger : diff.live->triggers) {
    const bool is_wanted = std::ranges::any_of(
        wanted.triggers, [&](const SqlTrigger& t) { return is_same_name(t.name, trigger.name); });
    if (!is_wanted && !is_generated_trigger(*diff.live, trigger.name)) out.push_back(trigger.sql);
  }
}

void alter(const TableDiff& diff, std::vector<std::string>& out) {
  for (const SqlTrigger* trigger : diff.stale_triggers)
    out.push_back(fmt::format("DROP TRIGGER IF EXISTS {}", quoted_name(trigger->name)));
  for (const SqlIndex* index : diff.stale_indexes)
    out.push_back(fmt::format("DROP INDEX IF EXISTS {}", quoted_name(index->name)));
  for (const SqlColumn* column : diff.added) {
    out.push_back(fmt::format("ALTER TABLE {} ADD COLUMN {}", quoted_name(diff.live->name),
                              declaration_of(*diff.wanted, *column)));
  }
  for (const SqlIndex* index : diff.new_indexes)
    out.push_back(create_if_missing(index->sql));
  for (const SqlTrigger* trigger : diff.new_triggers)
    out.push_back(create_if_missing(trigger->sql));
}

}  // namespace

TableDiff diff_table(const SqlTable& live,
                     const SqlTable& wanted,
                     TableRows rows,
                     const SqlSchema& live_schema) {
  return TableComparison(live, wanted, rows, live_schema).run();
}

std::vector<std::string> table_diff_sql(const TableDiff& diff) {
  std::vector<std::string> out;
  if (!diff.blocked.empty()) return out;
  if (diff.needs_rebuild) {
    rebuild(diff, out);
  } else {
    alter(diff, out);
  }
  return out;
}

std::string create_if_missing(const std::string& sql) {
  // CREATE [UNIQUE | VIRTUAL] (TABLE | INDEX | TRIGGER | VIEW) name
  for (const SqlToken& token : sql_tokens(sql)) {
    if (token.is("table") || token.is("index") || token.is("trigger") || token.is("view")) {
      return fmt::format("{} IF NOT EXISTS{}", std::string_view(sql).substr(0, token.end()),
                         std::string_view(sql).substr(token.end()));
    }
  }
  return sql;
}

std::string blocked_comment(const SqlTable& table, const SqlColumn& column) {
  return fmt::format(
      "-- ALTER TABLE {} ADD COLUMN {}; -- NOT NULL without a default, and the table has rows: "
      "make "
      "it optional or give it a default -- BLOCKED",
      quoted_name(table.name), declaration_of(table, column));
}

}  // namespace moonstone::store::sqlite
