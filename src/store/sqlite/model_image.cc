// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/model_image.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/json.h"
#include "query/row_key.h"
#include "schema/names.h"
#include "store/sqlite/ddl.h"
#include "store/sqlite/internal/model_cell.h"
#include "store/sqlite/internal/model_expr.h"

namespace moonstone::store::sqlite {

namespace {

/// pragma_table_xinfo's mark of a column that SQLite computes when it is read.
constexpr std::int64_t kVirtualColumn = 2;

/// The value as its column has it.
void bind_cell(Statement& statement, int position, const Value& value, std::string& text) {
  if (value.is_array() || value.is_object()) {
    text = to_json(value);
    statement.bind_text(position, text);
  } else {
    statement.bind_value(position, value);
  }
}

}  // namespace

struct ModelImage::TableColumn {
  std::string name;  // folded
  std::string type;  // folded
  bool is_required = false;
  std::string default_sql;
  std::int64_t key_position = 0;  // 0: no part of the key
  std::int64_t kind = 0;
  int place = 0;  // in the stored row
};

Result<std::vector<ModelImage::TableColumn>> ModelImage::load_columns(Connection& connection,
                                                                      const std::string& table) {
  MS_TRY(Statement info,
         connection.prepare("SELECT name,type,\"notnull\",dflt_value,pk,hidden FROM "
                            "pragma_table_xinfo(?1) ORDER BY cid"));
  info.bind_text(1, table);
  std::vector<TableColumn> columns;
  int place = 0;
  while (true) {
    MS_TRY(const bool has_row, info.step("read the columns of a table"));
    if (!has_row) return columns;
    TableColumn column{.name = schema::fold_case(info.text(0)),
                       .type = schema::fold_case(info.text(1)),
                       .is_required = info.integer(2) != 0,
                       .default_sql = std::string(info.text(3)),
                       .key_position = info.integer(4),
                       .kind = info.integer(5),
                       .place = place};
    if (column.kind != kVirtualColumn) ++place;
    columns.push_back(std::move(column));
  }
}

/// A column that was added later is NULL in the rows that were there, as the hook sees them, and
/// has its default as everybody else does. Where NULL cannot be, that is what it means.
Result<Value> ModelImage::load_default(Connection& connection,
                                       const TableColumn& column,
                                       CellForm form) {
  const bool is_constant = !column.default_sql.empty() && !column.default_sql.starts_with('(');
  if (!column.is_required || !is_constant) return Value(nullptr);
  const std::string sql = "SELECT " + column.default_sql;
  MS_TRY(Statement select, connection.prepare(sql));
  MS_TRY(const bool has_row, select.step("read the default of a column"));
  return has_row ? cell_of(form, sqlite3_column_value(select.handle(), 0)) : Value(nullptr);
}

Result<std::optional<ModelImage>> ModelImage::load(Connection& connection,
                                                   const TableLayout& layout) {
  const schema::Model& model = *layout.model();
  MS_TRY(const std::vector<TableColumn> columns, load_columns(connection, layout.table->name));
  const bool has_one_key = std::ranges::count_if(columns, [](const TableColumn& column) {
                             return column.key_position > 0;
                           }) == 1;
  ModelImage image;
  std::string results;
  std::string inputs;
  for (const schema::Field& field : layout.table->fields) {
    const schema::ModelField& declared = *model.find_field(field.name);
    const auto found =
        std::ranges::find(columns, schema::fold_case(declared.column), &TableColumn::name);
    if (found == columns.end()) return std::optional<ModelImage>();
    Column& column = image.columns_.emplace_back();
    column.form = form_of(declared);
    if (!inputs.empty()) inputs += ',';
    inputs += fmt::format("?{} AS {}", image.columns_.size(), quoted(declared.column));
    if (found->kind == kVirtualColumn) {
      column.source = Source::Computed;
      if (!results.empty()) results += ',';
      const std::string_view cast = column_type_of(declared) == "TEXT" ? "CAST" : "";
      const std::string_view type = cast.empty() ? "" : " AS TEXT";
      results += fmt::format("{}(({}){})", cast, declared.generated_sql, type);
    } else if (has_one_key && found->key_position > 0 && found->type == "integer") {
      column.source = Source::RowNumber;
    } else {
      MS_TRY(column.missing, load_default(connection, *found, column.form));
      image.places_.push_back(found->place);
    }
  }
  if (!results.empty()) {
    image.compute_sql_ = fmt::format("SELECT {} FROM (SELECT {})", results, inputs);
  }
  return std::optional<ModelImage>(std::move(image));
}

query::Row ModelImage::decode(const TableLayout& layout,
                              const std::vector<sqlite3_value*>& values,
                              std::int64_t number) const {
  query::Row row;
  row.table = layout.table;
  row.number = number;
  row.values.reserve(columns_.size());
  auto next = values.begin();
  for (const Column& column : columns_) {
    switch (column.source) {
      case Source::RowNumber:
        row.values.push_back(integer_cell(column.form, number));
        break;
      case Source::Computed:
        row.values.emplace_back(nullptr);
        break;
      case Source::Stored:
        row.values.push_back(cell_of(column.form, *next++));
        if (row.values.back().is_null()) row.values.back() = column.missing;
        break;
    }
  }
  if (layout.key.empty()) {
    row.id = query::make_row_id(layout.table->name, number);
    return row;
  }
  std::vector<Value> key;
  key.reserve(layout.key.size());
  for (const std::size_t position : layout.key)
    key.push_back(row.values[position]);
  row.id = query::make_row_id(layout.table->name, key);
  return row;
}

Status ModelImage::complete(Connection& connection, query::Row& row) const {
  if (compute_sql_.empty()) return {};
  MS_TRY(Statement select, connection.prepare(compute_sql_));
  std::vector<std::string> texts(columns_.size());
  // A computed column may be made from others that are: each round knows one link more.
  const auto rounds = std::ranges::count(columns_, Source::Computed, &Column::source);
  for (auto round = rounds; round > 0; --round) {
    for (std::size_t i = 0; i < columns_.size(); ++i)
      bind_cell(select, static_cast<int>(i) + 1, row.values[i], texts[i]);
    MS_TRY(const bool has_row, select.step("compute the columns of a row"));
    if (!has_row) return {};
    std::vector<Value> computed;
    for (int i = 0; i < rounds; ++i)
      computed.push_back(cell_of(CellForm::Plain, sqlite3_column_value(select.handle(), i)));
    select.reset();
    bool has_changed = false;
    auto next = computed.begin();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].source != Source::Computed) continue;
      has_changed = has_changed || row.values[i] != *next;
      row.values[i] = std::move(*next++);
    }
    if (!has_changed) break;
  }
  return {};
}

}  // namespace moonstone::store::sqlite
