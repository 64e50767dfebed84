// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/search_index.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace moonstone::store::sqlite {

namespace {

using schema::StorageClass;

constexpr std::string_view kDoing = "build a search index";
/// How an index is built. With another number, files have theirs built anew when they are opened.
constexpr std::int64_t kIndexVersion = 1;  // on disk

/// The text of a field as query::searched_text says, else NULL.
std::string text_sql(const FieldLayout& field) {
  switch (field.storage) {
    case StorageClass::Text:
      return field.column;
    case StorageClass::Scalar:
      return fmt::format("CASE WHEN typeof({0})='text' THEN {0} END", field.column);
    case StorageClass::Json:
      return fmt::format("CASE WHEN json_type({0})='text' THEN {1} END", field.column,
                         value_sql(field));
    case StorageClass::Real:
    case StorageClass::Integer:
    case StorageClass::Boolean:
    case StorageClass::Blob:
      break;
  }
  return "NULL";
}

std::string literal(std::string_view name) {
  return fmt::format("'{}'", name);  // names of schemas hold no apostrophes
}

/// What every index of the schema is called, and where it belongs.
struct Wanted {
  TableLayout table;
  std::size_t search = 0;

  [[nodiscard]] const SearchLayout& layout() const { return table.searches[search]; }
};

std::vector<Wanted> wanted_indexes(const schema::Schema& schema) {
  std::vector<Wanted> wanted;
  for (const schema::Table& table : schema.tables) {
    for (std::size_t i = 0; i < table.search_indexes.size(); ++i)
      wanted.push_back({make_table_layout(table), i});
  }
  return wanted;
}

/// An index as the file knows it.
struct Present {
  std::string name;
  bool is_usable = false;
};

Result<std::vector<Present>> present_indexes(Connection& connection) {
  std::vector<Present> present;
  MS_TRY(const std::int64_t has_table,
         connection.integer_of("SELECT count(*) FROM sqlite_schema WHERE type='table' AND "
                               "name='_moonstone_search'",
                               kDoing));
  if (has_table == 0) return present;
  MS_TRY(Statement select, connection.prepare("SELECT name,version,stale FROM _moonstone_search"));
  while (true) {
    MS_TRY(const bool has_row, select.step(kDoing));
    if (!has_row) return present;
    present.push_back({.name = std::string(select.text(0)),
                       .is_usable = select.integer(1) == kIndexVersion && select.integer(2) == 0});
  }
}

const Present* find(const std::vector<Present>& present, const std::string& name) {
  const auto found = std::ranges::find(present, name, &Present::name);
  return found == present.end() ? nullptr : &*found;
}

Status create_triggers(Connection& connection, const Wanted& wanted) {
  const SearchLayout& search = wanted.layout();
  const std::string& column = wanted.table.fields[search.field].column;
  const auto trigger = [&](std::string_view event, const std::string& condition) {
    return connection.run_once(
        fmt::format("CREATE TRIGGER {} AFTER {} ON {} {}BEGIN UPDATE _moonstone_search SET "
                    "stale=1 WHERE name={} AND stale=0; END",
                    quoted(fmt::format("{}_{}", search.name, event)), event, wanted.table.name,
                    condition, literal(search.name)),
        kDoing);
  };
  MS_TRY_STATUS(trigger("INSERT", ""));
  MS_TRY_STATUS(trigger("DELETE", ""));
  return trigger("UPDATE",
                 fmt::format("WHEN new.{0} IS NOT old.{0} OR new._row<>old._row ", column));
}

Status fill(Connection& connection, const Wanted& wanted) {
  const SearchLayout& search = wanted.layout();
  return connection.run_once(
      fmt::format("INSERT INTO {}(rowid,{}) SELECT * FROM (SELECT _row,{} AS \"the.text\" FROM {}) "
                  "WHERE \"the.text\" IS NOT NULL",
                  quoted(search.name), search_column(*search.index),
                  text_sql(wanted.table.fields[search.field]), wanted.table.name),
      kDoing);
}

Status create(Connection& connection, const Wanted& wanted) {
  const SearchLayout& search = wanted.layout();
  MS_TRY_STATUS(connection.run_once(
      "CREATE TABLE IF NOT EXISTS _moonstone_search(name TEXT PRIMARY KEY,version INTEGER NOT "
      "NULL,stale INTEGER NOT NULL) STRICT",
      kDoing));
  MS_TRY_STATUS(connection.run_once(fmt::format("CREATE VIRTUAL TABLE {} USING fts5({},content='')",
                                                quoted(search.name), search_column(*search.index)),
                                    kDoing));
  MS_TRY_STATUS(fill(connection, wanted));
  MS_TRY_STATUS(create_triggers(connection, wanted));
  return connection.run_once(fmt::format("INSERT INTO _moonstone_search VALUES({},{},0)",
                                         literal(search.name), kIndexVersion),
                             kDoing);
}

}  // namespace

Status drop_search_index(Connection& connection, const std::string& name) {
  for (const std::string_view event : {"INSERT", "DELETE", "UPDATE"}) {
    MS_TRY_STATUS(connection.run_once(
        fmt::format("DROP TRIGGER IF EXISTS {}", quoted(fmt::format("{}_{}", name, event))),
        kDoing));
  }
  MS_TRY_STATUS(connection.run_once(fmt::format("DROP TABLE IF EXISTS {}", quoted(name)), kDoing));
  MS_TRY(const std::vector<Present> present, present_indexes(connection));
  if (find(present, name) == nullptr) return {};
  return connection.run_once(
      fmt::format("DELETE FROM _moonstone_search WHERE name={}", literal(name)), kDoing);
}

Result<bool> are_search_indexes_in_step(Connection& connection, const schema::Schema& schema) {
  MS_TRY(const std::vector<Present> present, present_indexes(connection));
  const std::vector<Wanted> wanted = wanted_indexes(schema);
  return present.size() == wanted.size() && std::ranges::all_of(wanted, [&](const Wanted& index) {
           const Present* const found = find(present, index.layout().name);
           return found != nullptr && found->is_usable;
         });
}

Status bring_search_indexes_in_step(Connection& connection, const schema::Schema& schema) {
  MS_TRY(const std::vector<Present> present, present_indexes(connection));
  const std::vector<Wanted> wanted = wanted_indexes(schema);
  for (const Present& index : present) {
    const bool is_wanted = std::ranges::any_of(
        wanted, [&](const Wanted& other) { return other.layout().name == index.name; });
    // Building anew is dropping and making: it also mends what somebody did to its tables.
    if (is_wanted && index.is_usable) continue;
    MS_TRY_STATUS(drop_search_index(connection, index.name));
  }
  for (const Wanted& index : wanted) {
    const Present* const found = find(present, index.layout().name);
    if (found != nullptr && found->is_usable) continue;
    MS_TRY_STATUS(create(connection, index));
  }
  return {};
}

Status clear_search_index(Connection& connection, const SearchLayout& search) {
  MS_TRY_STATUS(connection.run_once(
      fmt::format("INSERT INTO {0}({0}) VALUES('delete-all')", quoted(search.name)), kDoing));
  return connection.run_once(
      fmt::format("UPDATE _moonstone_search SET stale=0 WHERE name={}", literal(search.name)),
      kDoing);
}

void SearchQueue::use_layout(LayoutPtr layout) {
  clear();
  layout_ = std::move(layout);
}

Status SearchQueue::apply() {
  if (layout_ == nullptr || !layout_->has_searches()) return {};
  if (failure_) return Error(*failure_);
  const std::size_t position = capture_.position();
  if (position == applied_) return {};
  const Status applied =
      capture_.visit_since(applied_,
                           [this](const schema::Table& table, std::int64_t number,
                                  const query::Row* before, const query::Row* after) -> Status {
                             const TableLayout* const layout = layout_->find(table);
                             if (layout == nullptr || layout->searches.empty()) return {};
                             touched_ = true;
                             return apply_row(*layout, number, before, after);
                           });
  if (!applied) {
    failure_ = applied.error();
    return applied;
  }
  applied_ = position;
  return {};
}

Status SearchQueue::apply_row(const TableLayout& table,
                              std::int64_t number,
                              const query::Row* before,
                              const query::Row* after) {
  const auto text_of = [](const query::Row* row, std::size_t field) -> const std::string* {
    if (row == nullptr || !row->values[field].is_text()) return nullptr;
    return &row->values[field].as_text();
  };
  const auto run = [&](const std::string& sql, const std::string& text) -> Status {
    MS_TRY(Statement statement, connection_.prepare(sql));
    statement.bind_integer(1, number);
    statement.bind_text(2, text);
    return statement.run("write a search index");
  };
  for (const SearchLayout& search : table.searches) {
    const std::string* const old_text = text_of(before, search.field);
    const std::string* const new_text = text_of(after, search.field);
    if (old_text != nullptr && new_text != nullptr && *old_text == *new_text) continue;
    if (old_text != nullptr) MS_TRY_STATUS(run(search.erase_sql, *old_text));
    if (new_text != nullptr) MS_TRY_STATUS(run(search.insert_sql, *new_text));
  }
  return {};
}

Status SearchQueue::finish() {
  MS_TRY_STATUS(apply());
  if (!touched_) return {};
  return connection_.run("UPDATE _moonstone_search SET stale=0 WHERE stale=1",
                         "write a search index");
}

void SearchQueue::on_rollback_to(std::size_t depth) {
  applied_ = applied_at_mark_[depth - 1];
  applied_at_mark_.resize(depth);
}

void SearchQueue::on_release(std::size_t depth) {
  applied_at_mark_.resize(depth - 1);
}

void SearchQueue::clear() {
  applied_ = 0;
  applied_at_mark_.clear();
  touched_ = false;
  failure_.reset();
}

}  // namespace moonstone::store::sqlite
