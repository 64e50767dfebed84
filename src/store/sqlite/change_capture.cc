// Moonstone. Licence: see LICENSE.
// The header of SQLite shows the pre-update functions only to those who ask.
#define SQLITE_ENABLE_PREUPDATE_HOOK 1
#include "store/sqlite/internal/change_capture.h"

#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "store/sqlite/internal/row_codec.h"

namespace moonstone::store::sqlite {

namespace {

extern "C" void moonstone_preupdate(void* context,
                                    sqlite3* db,
                                    int operation,
                                    const char* database,
                                    const char* table,
                                    sqlite3_int64 old_number,
                                    sqlite3_int64 new_number) {
  if (std::string_view(database) != "main") return;
  static_cast<ChangeCapture*>(context)->on_change(db, operation, table, old_number, new_number);
}

/// A row of one table, by the table's address and the row's number.
struct RowKey {
  const schema::Table* table;
  std::int64_t number;
  friend bool operator==(const RowKey&, const RowKey&) = default;
};

struct RowKeyHash {
  std::size_t operator()(const RowKey& key) const {
    const auto table = std::hash<const void*>()(key.table);
    return std::hash<std::int64_t>()(key.number) ^ (table << 1U);
  }
};

void append_change(const schema::Table* table,
                   std::optional<query::Row> before,
                   std::optional<query::Row> after,
                   std::vector<query::Change>& changes) {
  if (before == after) return;
  if (before && after && before->id != after->id) {  // raw SQL gave the row another id
    append_change(table, std::move(before), std::nullopt, changes);
    append_change(table, std::nullopt, std::move(after), changes);
    return;
  }
  std::string key = before ? before->id : after->id;
  changes.push_back({table, std::move(key), std::move(before), std::move(after)});
}

}  // namespace

ChangeCapture::ChangeCapture(Connection& connection) : connection_(connection) {
  resume();
}

ChangeCapture::~ChangeCapture() {
  pause();
}

void ChangeCapture::pause() {
  sqlite3_preupdate_hook(connection_.handle(), nullptr, nullptr);
}

void ChangeCapture::resume() {
  sqlite3_preupdate_hook(connection_.handle(), moonstone_preupdate, this);
}

Status ChangeCapture::use_layout(LayoutPtr layout) {
  std::vector<CapturedTable> tables;
  for (const TableLayout& table : layout->tables) {
    MS_TRY_STATUS(table.model() == nullptr ? add_document_table(table, tables)
                                           : add_model_table(table, tables));
  }
  clear();
  tables_ = std::move(tables);
  layout_ = std::move(layout);
  last_table_ = 0;
  return {};
}

Status ChangeCapture::add_document_table(const TableLayout& table,
                                         std::vector<CapturedTable>& tables) {
  CapturedTable captured{&table, sql_table_name(table.table->name), {}};
  std::unordered_map<std::string, int> places;
  MS_TRY(Statement info,
         connection_.prepare("SELECT name,cid FROM pragma_table_info(?1) ORDER BY cid"));
  info.bind_text(1, captured.sql_name);
  while (true) {
    MS_TRY(const bool has_row, info.step("read the columns of a table"));
    if (!has_row) break;
    places.emplace(quoted(info.text(0)), static_cast<int>(info.integer(1)));
  }
  std::vector<std::string> names = {"\"_row\"", "\"_id\""};
  for (const FieldLayout& field : table.fields)
    names.push_back(field.column);
  names.emplace_back("\"_null\"");
  for (const std::string& name : names) {
    const auto place = places.find(name);
    if (place == places.end()) {
      return Error(
          ErrorCode::Corruption,
          fmt::format("table \"{}\" has no column {} in the file", table.table->name, name),
          "corrupt");
    }
    captured.columns.push_back(place->second);
  }
  tables.push_back(std::move(captured));
  return {};
}

Status ChangeCapture::add_model_table(const TableLayout& table,
                                      std::vector<CapturedTable>& tables) {
  const schema::Model& model = *table.model();
  if (model.is_view || model.is_external) return {};
  // Another program may have dropped it; who asks for its rows is told so.
  MS_TRY(std::optional<ModelImage> image, ModelImage::load(connection_, table));
  if (!image) return {};
  std::vector<int> places = image->places();
  tables.push_back({.layout = &table,
                    .sql_name = table.table->name,
                    .columns = std::move(places),
                    .model = std::move(image)});
  return {};
}

void ChangeCapture::truncate(std::size_t position) {
  if (failure_position_ >= position) failure_.reset();
  if (position < entries_.size()) {
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(position), entries_.end());
  }
}

void ChangeCapture::clear() {
  entries_.clear();
  failure_.reset();
}

const ChangeCapture::CapturedTable* ChangeCapture::find_table(std::string_view sql_name) {
  if (last_table_ < tables_.size() && tables_[last_table_].sql_name == sql_name) {
    return &tables_[last_table_];
  }
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    if (tables_[i].sql_name == sql_name) {
      last_table_ = i;
      return &tables_[i];
    }
  }
  return nullptr;
}

Result<query::Row> ChangeCapture::image(sqlite3* db,
                                        const CapturedTable& table,
                                        std::int64_t number,
                                        Image which) {
  values_.clear();
  for (const int column : table.columns) {
    sqlite3_value* value = nullptr;
    const int code = which == Image::Old ? sqlite3_preupdate_old(db, column, &value)
                                         : sqlite3_preupdate_new(db, column, &value);
    if (code != SQLITE_OK) {
      return Error(ErrorCode::Internal, fmt::format("capture a change: {}", sqlite3_errstr(code)));
    }
    values_.push_back(value);
  }
  if (table.model) return table.model->decode(*table.layout, values_, number);
  return decode_values(*table.layout, values_);
}

void ChangeCapture::append(sqlite3* db,
                           const CapturedTable& table,
                           std::int64_t number,
                           int operation) {
  Entry entry{table.layout->table, number, std::nullopt, std::nullopt};
  const auto take = [&](Image which, std::optional<query::Row>& into) {
    auto row = image(db, table, number, which);
    if (row) {
      into = *std::move(row);
    } else if (!failure_) {
      failure_ = row.error();
      failure_position_ = entries_.size();
    }
  };
  if (operation != SQLITE_INSERT) take(Image::Old, entry.before);
  if (operation != SQLITE_DELETE) take(Image::New, entry.after);
  entries_.push_back(std::move(entry));
}

void ChangeCapture::on_change(sqlite3* db,
                              int operation,
                              std::string_view table,
                              std::int64_t old_number,
                              std::int64_t new_number) {
  // Moonstone's own tables are written with every commit and are no documents; nor are those of
  // search indexes.
  if (table.starts_with("_moonstone_") || table.find('.') != std::string_view::npos) return;
  const CapturedTable* captured = find_table(table);
  if (captured == nullptr) return;
  if (operation != SQLITE_UPDATE || old_number == new_number) {
    append(db, *captured, operation == SQLITE_INSERT ? new_number : old_number, operation);
    return;
  }
  // Raw SQL gave the row another number: one row goes, another comes.
  append(db, *captured, old_number, SQLITE_DELETE);
  append(db, *captured, new_number, SQLITE_INSERT);
}

std::vector<ChangeCapture::Span> ChangeCapture::spans_since(std::size_t position) const {
  std::vector<Span> spans;
  const auto first = std::min(position, entries_.size());
  if (entries_.size() - first == 1 && entries_[first].table != nullptr) {  // the common mutation
    spans.push_back({&entries_[first], &entries_[first]});
    return spans;
  }
  std::unordered_map<RowKey, std::size_t, RowKeyHash> by_row;
  for (std::size_t i = first; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.table == nullptr) continue;
    const auto [found, is_new] = by_row.try_emplace({entry.table, entry.number}, spans.size());
    if (is_new) {
      spans.push_back({&entry, &entry});
    } else {
      spans[found->second].last = &entry;
    }
  }
  return spans;
}

Result<std::optional<query::Row>> ChangeCapture::completed(
    const schema::Table& table, const std::optional<query::Row>& row) const {
  std::optional<query::Row> whole = row;
  if (!whole || table.model == nullptr) return whole;
  for (const CapturedTable& captured : tables_) {
    if (captured.layout->table != &table) continue;
    MS_TRY_STATUS(captured.model->complete(connection_, *whole));
  }
  return whole;
}

Result<std::vector<query::Change>> ChangeCapture::changes_since(std::size_t position) const {
  if (failure_) return Error(*failure_);
  std::vector<query::Change> changes;
  for (const Span& span : spans_since(position)) {
    MS_TRY(auto before, completed(*span.first->table, span.first->before));
    MS_TRY(auto after, completed(*span.first->table, span.last->after));
    append_change(span.first->table, std::move(before), std::move(after), changes);
  }
  return changes;
}

Status ChangeCapture::visit_since(std::size_t position, const VisitRow& visit) const {
  if (failure_) return Error(*failure_);
  const auto row_of = [](const std::optional<query::Row>& row) { return row ? &*row : nullptr; };
  for (const Span& span : spans_since(position)) {
    MS_TRY_STATUS(visit(*span.first->table, span.first->number, row_of(span.first->before),
                        row_of(span.last->after)));
  }
  return {};
}

}  // namespace moonstone::store::sqlite
