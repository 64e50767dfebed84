// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/model_documents.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "query/row_key.h"
#include "query/search.h"
#include "store/sqlite/internal/model_select.h"
#include "store/sqlite/internal/model_write.h"

namespace moonstone::store::sqlite {

namespace {

using query::CompareOp;
using query::Expr;
using query::ExprKind;
using query::ExprPtr;
using query::Term;
using schema::Model;
using schema::ModelField;

/// Counting touches an index entry where reading makes a row.
constexpr std::uint64_t kCountedPerRow = 1'000;

bool is_system_field(std::string_view field) {
  return field == schema::kIdField || field == schema::kCreationTimeField;
}

bool is_field(const Expr& expr, std::string_view name) {
  return expr.kind == ExprKind::Field && expr.path.size() == 1 && expr.path[0] == name;
}

bool reads_system_field(const Expr& expr) {
  if (expr.kind == ExprKind::Field) return expr.path.size() == 1 && is_system_field(expr.path[0]);
  return std::ranges::any_of(expr.operands,
                             [](const ExprPtr& operand) { return reads_system_field(*operand); });
}

/// Rows that somebody else makes need not have a number.
bool has_row_number(const Model& model) {
  return !model.is_view && !model.is_external;
}

/// The rows whose key has those values: at most one.
ExprPtr has_key(const Model& model, std::vector<ExprPtr> values) {
  std::vector<ExprPtr> equalities;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string_view field =
        model.key.empty() ? query::kRowNumberField : std::string_view(model.key[i]);
    equalities.push_back(
        Expr::compare(CompareOp::Eq, Expr::make_field(field), std::move(values[i])));
  }
  return Expr::all_of(std::move(equalities));
}

ExprPtr has_key(const Model& model, std::vector<Value> key) {
  std::vector<ExprPtr> values;
  for (Value& value : key)
    values.push_back(Expr::make_literal(std::move(value)));
  return has_key(model, std::move(values));
}

/// Puts comparisons of the key in place of those of `_id`.
class KeyRewriter {
 public:
  explicit KeyRewriter(const schema::Table& table) : table_(table) {}

  Result<ExprPtr> rewrite(const ExprPtr& expr) {
    if (!reads_system_field(*expr)) return expr;
    switch (expr->kind) {
      case ExprKind::And:
      case ExprKind::Or:
      case ExprKind::Not:
        return rewrite_operands(*expr);
      case ExprKind::Compare:
        return rewrite_comparison(*expr);
      case ExprKind::In:
        if (!is_field(*expr->operands.front(), schema::kIdField)) break;
        return rewrite_in(*expr);
      default:
        break;
    }
    return refusal();
  }

 private:
  [[nodiscard]] Error refusal() const {
    return {ErrorCode::InvalidArgument,
            fmt::format("table \"{}\" belongs to a model: its _id can only be compared by eq, neq "
                        "and in, and it has no _creationTime",
                        table_.name)};
  }

  Result<ExprPtr> rewrite_operands(const Expr& expr) {
    auto rewritten = std::make_shared<Expr>(expr);
    for (ExprPtr& operand : rewritten->operands) {
      MS_TRY(operand, rewrite(operand));
    }
    return ExprPtr(std::move(rewritten));
  }

  /// Nothing is an id of several rows, and no row has a missing id.
  [[nodiscard]] ExprPtr has_id(const Value& id) const {
    auto key = id.is_text() ? query::parse_row_id(table_, id.as_text()) : std::nullopt;
    if (!key) return Expr::any_of({});
    return has_key(*table_.model, *std::move(key));
  }

  Result<ExprPtr> rewrite_comparison(const Expr& expr) {
    const bool is_first = is_field(*expr.operands[0], schema::kIdField);
    const Expr& id = *expr.operands[is_first ? 0 : 1];
    const Expr& literal = *expr.operands[is_first ? 1 : 0];
    const bool is_equality = expr.op == CompareOp::Eq || expr.op == CompareOp::Neq;
    if (!is_equality || !is_field(id, schema::kIdField) || literal.kind != ExprKind::Literal) {
      return refusal();
    }
    ExprPtr same = has_id(literal.literal);
    return expr.op == CompareOp::Eq ? same : Expr::negate(std::move(same));
  }

  Result<ExprPtr> rewrite_in(const Expr& expr) {
    if (expr.operands.size() != 1) return refusal();
    const Model& model = *table_.model;
    Array single;
    std::vector<ExprPtr> alternatives;
    for (const Value& member : expr.literal.as_array()) {
      auto key = member.is_text() ? query::parse_row_id(table_, member.as_text()) : std::nullopt;
      if (!key) continue;
      if (model.key.size() == 1) {
        single.push_back(std::move(key->front()));
      } else {
        alternatives.push_back(has_key(model, *std::move(key)));
      }
    }
    if (model.key.size() == 1) {
      alternatives.push_back(Expr::in(Expr::make_field(model.key.front()), std::move(single)));
    }
    // What is not among the members is unknown to a list with null.
    const bool has_null = std::ranges::any_of(expr.literal.as_array(), &Value::is_missing);
    if (has_null) alternatives.push_back(Expr::make_literal(nullptr));
    return Expr::any_of(std::move(alternatives));
  }

  const schema::Table& table_;
};

query::TermPtr field_term(std::string_view name) {
  auto term = std::make_shared<Term>();
  const bool is_path = name != query::kRowNumberField && name.contains('.');
  term->kind = is_path ? Term::Kind::Expression : Term::Kind::Field;
  if (is_path) {
    term->expression = Expr::make_field(name);
  } else {
    term->field = name;
  }
  return term;
}

/// What makes the row of a document: its number, if it has one, and its fields.
std::vector<query::Output> outputs_of(const schema::Table& table) {
  std::vector<query::Output> outputs;
  if (has_row_number(*table.model)) {
    outputs.push_back(
        {.name = std::string(query::kRowNumberField), .term = field_term(query::kRowNumberField)});
  }
  for (const schema::Field& field : table.fields)
    outputs.push_back({.name = field.name, .term = field_term(field.name)});
  return outputs;
}

Result<ExprPtr> condition_of(const schema::Table& table, const query::Query& query) {
  if (query.search) {
    MS_TRY_STATUS(query::search_index_of(table, query.search->field));
  }
  if (query.where == nullptr) return ExprPtr();
  MS_TRY_STATUS(query::check_expr(*query.where));
  return KeyRewriter(table).rewrite(query.where);
}

void append_order(const schema::Table& table, const query::Query& query, query::Select& select) {
  const bool is_numbered = has_row_number(*table.model);
  const auto add = [&](std::string_view field, query::Direction direction) {
    select.order.push_back({.term = field_term(field), .direction = direction});
  };
  const auto add_last = [&](query::Direction direction) {
    if (is_numbered) return add(query::kRowNumberField, direction);
    for (const std::string& field : table.model->key)
      add(field, direction);
  };
  for (const query::SortKey& key : query.order) {
    // Row numbers are unique: nothing behind them can matter.
    if (is_system_field(key.field)) return add_last(key.direction);
    const std::string_view name = std::string_view(key.field).substr(0, key.field.find('.'));
    if (table.find_field(name)) add(key.field, key.direction);
  }
  add_last(query.tie_break);
}

/// The value as the column of the field takes it: documents hold what JSON text means.
Value column_value(const ModelField& field, const Value& value) {
  if (value.is_missing()) return nullptr;
  const bool holds_json = field.is_list || field.scalar == schema::ScalarKind::Json;
  return holds_json ? Value(to_json(value)) : value;
}

}  // namespace

Result<query::Select> rows_select_of(const schema::Table& table, const query::Query& query) {
  query::Select select;
  select.table = table.name;
  MS_TRY(select.where, condition_of(table, query));
  select.outputs = outputs_of(table);
  append_order(table, query, select);
  if (query.limit) {
    constexpr std::uint64_t kMax = std::uint64_t{1} << 62;
    select.limit = Expr::make_literal(static_cast<std::int64_t>(std::min(*query.limit, kMax)));
  }
  return select;
}

Result<query::Select> count_select_of(const schema::Table& table, const query::Query& query) {
  query::Select select;
  select.table = table.name;
  MS_TRY(select.where, condition_of(table, query));
  auto count = std::make_shared<Term>();
  count->kind = Term::Kind::Aggregate;
  select.outputs.push_back({.name = "count", .term = std::move(count)});
  return select;
}

Result<query::RowSet> ModelDocuments::read(const query::Select& select, ReadBudget& budget) {
  MS_TRY(const CompiledStatementPtr compiled, compile_select(layout_, select));
  return run_select(connection_, *compiled, layout_.schema_version, {}, budget);
}

query::Row ModelDocuments::row_of(std::span<const Value> cells) const {
  query::Row row;
  row.table = table_.table;
  if (has_row_number(*table_.model())) {
    const Value& number = cells.front();
    row.number =
        number.is_integer() ? number.as_integer() : static_cast<std::int64_t>(number.as_number());
    cells = cells.subspan(1);
  }
  row.values.assign(cells.begin(), cells.end());
  std::vector<Value> key;
  for (const std::size_t position : table_.key)
    key.push_back(row.values[position]);
  if (!key.empty()) {
    row.id = query::make_row_id(table_.table->name, key);
  } else if (has_row_number(*table_.model())) {
    row.id = query::make_row_id(table_.table->name, row.number);
  } else {
    row.id = query::make_row_id(table_.table->name, row.values);
  }
  return row;
}

Result<CompiledStatementPtr> compile_get(const Layout& layout, const TableLayout& table) {
  const Model& model = *table.model();
  query::Select select;
  select.table = table.table->name;
  std::vector<ExprPtr> values;
  for (std::size_t i = 0; i < std::max<std::size_t>(model.key.size(), 1); ++i)
    values.push_back(Expr::make_parameter(i));
  const bool has_ids = !model.key.empty() || has_row_number(model);
  select.where = has_ids ? has_key(model, std::move(values)) : Expr::any_of({});
  select.outputs = outputs_of(*table.table);
  return compile_select(layout, select);
}

Result<std::optional<query::Row>> ModelDocuments::get(const CompiledStatement& by_key,
                                                      std::string_view id,
                                                      ReadBudget& budget) {
  const auto key = query::parse_row_id(*table_.table, id);
  if (!key) return std::optional<query::Row>();
  MS_TRY(const query::RowSet set,
         run_select(connection_, by_key, layout_.schema_version, *key, budget));
  if (set.count == 0) return std::optional<query::Row>();
  return std::optional<query::Row>(row_of(set.row(0)));
}

Result<std::vector<query::Row>> ModelDocuments::select(const query::Query& query,
                                                       ReadBudget& budget) {
  MS_TRY(const query::Select select, rows_select_of(*table_.table, query));
  MS_TRY(const query::RowSet set, read(select, budget));
  std::vector<query::Row> rows;
  rows.reserve(set.count);
  for (std::size_t i = 0; i < set.count; ++i)
    rows.push_back(row_of(set.row(i)));
  return rows;
}

Result<std::uint64_t> ModelDocuments::count(const query::Query& query, ReadBudget& budget) {
  MS_TRY(const query::Select select, count_select_of(*table_.table, query));
  MS_TRY(const query::RowSet set, read(select, budget));
  const auto counted = static_cast<std::uint64_t>(set.cells.front().to_double());
  const std::uint64_t charged = counted / kCountedPerRow;
  if (charged > budget.rows_left) {
    return Error(ErrorCode::LimitExceeded, "too many documents were counted in one call",
                 "read_rows");
  }
  budget.rows_left -= charged;
  return counted;
}

Result<std::uint64_t> ModelDocuments::write(const query::WritePlan& plan) {
  MS_TRY(const CompiledStatementPtr compiled, compile_model_write(layout_, plan));
  MS_TRY(const Writer::Written written,
         run_model_write(connection_, *compiled, layout_.schema_version, {}));
  return written.count;
}

Status ModelDocuments::insert(const query::Row& row) {
  query::WritePlan plan{.table = table_.table->name};
  // Nothing else tells such a row from others.
  if (table_.model()->key.empty() && row.number > 0) {
    plan.assignments.push_back(
        {std::string(query::kRowNumberField), Expr::make_literal(row.number)});
  }
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    const ModelField& field = *table_.model()->find_field(table_.table->fields[i].name);
    if (row.values[i].is_undefined() || field.role != schema::FieldRole::Stored) continue;
    plan.assignments.push_back(
        {field.name, Expr::make_literal(column_value(field, row.values[i]))});
  }
  MS_TRY_STATUS(write(plan));
  return {};
}

Status ModelDocuments::update(const query::Row& row) {
  auto key = query::parse_row_id(*table_.table, row.id);
  const auto no_document = [&] {
    return Error(ErrorCode::NotFound,
                 fmt::format("table \"{}\" has no document {}", table_.table->name, row.id),
                 "no_document");
  };
  if (!key) return no_document();
  query::WritePlan plan{.kind = query::WritePlan::Kind::Update, .table = table_.table->name};
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    const ModelField& field = *table_.model()->find_field(table_.table->fields[i].name);
    const auto place = std::ranges::find(table_.key, i);
    if (place != table_.key.end()) {
      const Value& given = (*key)[static_cast<std::size_t>(place - table_.key.begin())];
      if (query::compare_values(given, row.values[i]) == std::strong_ordering::equal) continue;
      return Error(
          ErrorCode::InvalidArgument,
          fmt::format("the field \"{}\" is the key of {} and cannot change", field.name, row.id),
          "key");
    }
    if (field.role != schema::FieldRole::Stored) continue;
    plan.assignments.push_back(
        {field.name, Expr::make_literal(column_value(field, row.values[i]))});
  }
  plan.where = has_key(*table_.model(), *std::move(key));
  if (plan.assignments.empty()) {
    query::Query rows;
    rows.table = table_.table->name;
    rows.where = plan.where;
    ReadBudget budget;
    MS_TRY(const std::uint64_t found, count(rows, budget));
    return found > 0 ? Status() : no_document();
  }
  MS_TRY(const std::uint64_t updated, write(plan));
  return updated > 0 ? Status() : no_document();
}

Result<bool> ModelDocuments::erase(std::string_view id) {
  auto key = query::parse_row_id(*table_.table, id);
  if (!key) return false;
  query::WritePlan plan{.kind = query::WritePlan::Kind::Delete, .table = table_.table->name};
  plan.where = has_key(*table_.model(), *std::move(key));
  MS_TRY(const std::uint64_t erased, write(plan));
  return erased > 0;
}

}  // namespace moonstone::store::sqlite
