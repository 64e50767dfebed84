// Moonstone. Licence: see LICENSE.
// findManyCursor: pages that go on where the last row of the one before stands (litestone.md 13.5).
//
// The order is total: the key is its last part unless an earlier column is unique. The rows after a
// token are those that differ from it first in a column where they sort behind it; NULL has its
// place in the order like any value.

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "orm/internal/cursor_token.h"
#include "orm/internal/errors.h"
#include "orm/internal/options.h"
#include "orm/internal/order.h"
#include "orm/internal/projection.h"
#include "orm/internal/read_plan.h"

namespace moonstone::orm {
namespace {

using query::CompareOp;
using query::Direction;
using query::Expr;
using query::ExprPtr;
using query::NullsOrder;
using query::OrderKey;
using query::Term;
using schema::Model;
using schema::ModelField;

constexpr std::array<std::string_view, 10> kPageOptions = {
    "where",   "limit",       "cursor",      "orderBy",       "select",
    "include", "withDeleted", "onlyDeleted", "withTemplates", "onlyTemplates"};

/// Rows of a page for which no limit is given.
constexpr std::int64_t kPageRows = 20;

class PagePlan final : public ReadPlan {
 public:
  struct Parts {
    Statement rows;
    RelatedPtr related;
    std::vector<ParameterSource> limit;  // none or one
    std::vector<std::size_t> columns;    // of the token, in the rows
  };
  explicit PagePlan(Parts parts) : parts_(std::move(parts)) {}

  Result<Outcome> run(const Run& run) const override {
    MS_TRY(const std::int64_t limit, limit_of(run));
    MS_TRY(query::RowSet rows,
           run_main_statement(run, parts_.rows, name_of(Method::FindManyCursor)));
    const bool is_cut = limit >= 0 && rows.count > static_cast<std::uint64_t>(limit);
    if (is_cut) {
      rows.count = static_cast<std::size_t>(limit);
      rows.cells.resize(rows.count * rows.width());
    }
    // An empty page leads nowhere: whoever asks for more would ask for ever.
    const bool has_more = is_cut && rows.count > 0;
    std::optional<std::string> next;
    if (has_more) next = token_of(rows);
    if (parts_.related != nullptr) MS_TRY_STATUS(attach_related(run, *parts_.related, rows));
    Outcome outcome = rows_outcome(Outcome::Form::Page, std::move(rows));
    outcome.next_cursor = std::move(next);
    outcome.has_more = has_more;
    return outcome;
  }

 private:
  Result<std::int64_t> limit_of(const Run& run) const {
    if (parts_.limit.empty()) return kPageRows;
    std::vector<Value> values;
    MS_TRY_STATUS(fill_parameters(parts_.limit, run.leaves, {}, values));
    return values.front().as_integer();
  }

  [[nodiscard]] std::string token_of(const query::RowSet& rows) const {
    const auto last = rows.row(rows.count - 1);
    Object values;
    for (const std::size_t column : parts_.columns)
      values.set(rows.shape->names[column], last[column]);
    return make_cursor_token(values);
  }

  Parts parts_;
};

bool is_unique(const Model& model, const ModelField& field) {
  const bool is_key = model.key.size() == 1 && model.key.front() == field.name;
  return is_key || (field.is_unique && !field.is_optional);
}

/// The columns by which the pages are ordered; those of related rows are left out.
Result<std::vector<OrderKey>> page_order(const schema::Catalog& catalog,
                                         const Model& model,
                                         const Value* order_by) {
  MS_TRY(std::vector<OrderKey> order, decode_order(catalog, model, order_by));
  std::erase_if(order, [](const OrderKey& key) {
    return key.term->kind != Term::Kind::Field || !key.term->via.empty();
  });
  if (order.empty() && model.find_field("id") != nullptr) {
    order.push_back({.term = make_field_term("id")});
  }
  const bool is_total = std::ranges::any_of(order, [&](const OrderKey& key) {
    return is_unique(model, *model.find_field(key.term->field));
  });
  if (!is_total) append_key(model, order);
  if (order.empty()) {
    return bad_argument(
        fmt::format("findManyCursor on \"{}\" needs orderBy: the table has no key", model.table));
  }
  return order;
}

bool may_be_null(const ModelField& field) {
  return field.is_optional || field.role != schema::FieldRole::Stored;
}

bool has_nulls_first(const OrderKey& key) {
  if (key.nulls != NullsOrder::Default) return key.nulls == NullsOrder::First;
  return key.direction == Direction::Ascending;
}

/// Conditions on one column of the order and the token's value for it.
class CursorColumn {
 public:
  CursorColumn(const OrderKey& key, const ModelField& field, const Value& value)
      : key_(key), field_(field), value_(value) {}

  Result<ExprPtr> equal(Parameters& parameters) const { return compare(CompareOp::Eq, parameters); }

  /// Whether a row stands behind the token by this column.
  Result<ExprPtr> behind(Parameters& parameters) const {
    if (value_.is_missing()) {
      return has_nulls_first(key_) ? is_null(CompareOp::Neq) : Expr::any_of({});
    }
    const bool is_ascending = key_.direction == Direction::Ascending;
    MS_TRY(ExprPtr condition, compare(is_ascending ? CompareOp::Gt : CompareOp::Lt, parameters));
    if (has_nulls_first(key_) || !may_be_null(field_)) return condition;
    return Expr::any_of({std::move(condition), is_null(CompareOp::Eq)});
  }

  /// What holds for all rows from the token's on, and lets an index find them; null: nothing.
  Result<ExprPtr> bound(Parameters& parameters) const {
    const bool nulls_follow = !has_nulls_first(key_) && may_be_null(field_);
    if (value_.is_missing()) return has_nulls_first(key_) ? ExprPtr() : is_null(CompareOp::Eq);
    if (nulls_follow) return ExprPtr();
    const bool is_ascending = key_.direction == Direction::Ascending;
    return compare(is_ascending ? CompareOp::Gte : CompareOp::Lte, parameters);
  }

 private:
  Result<ExprPtr> compare(CompareOp op, Parameters& parameters) const {
    MS_TRY(ExprPtr value, parameters.operand(value_, conversion_of(field_)));
    return Expr::compare(op, Expr::make_field(field_.name), std::move(value));
  }

  [[nodiscard]] ExprPtr is_null(CompareOp op) const {
    return Expr::compare(op, Expr::make_field(field_.name), Expr::make_literal(nullptr));
  }

  const OrderKey& key_;
  const ModelField& field_;
  const Value& value_;
};

/// The columns that the token has: an older one may lack the key.
Result<std::vector<CursorColumn>> cursor_columns(const Model& model,
                                                 const std::vector<OrderKey>& order,
                                                 const Object& cursor) {
  std::vector<CursorColumn> columns;
  for (const OrderKey& key : order) {
    const Value* const value = cursor.find(key.term->field);
    if (value == nullptr) break;
    columns.emplace_back(key, *model.find_field(key.term->field), *value);
  }
  if (columns.empty()) return bad_argument("Invalid cursor token");
  return columns;
}

Result<ExprPtr> rows_behind(const std::vector<CursorColumn>& columns, Parameters& parameters) {
  if (columns.size() == 1) return columns.front().behind(parameters);
  std::vector<ExprPtr> alternatives;
  for (std::size_t last = 0; last < columns.size(); ++last) {
    std::vector<ExprPtr> conditions;
    for (std::size_t i = 0; i < last; ++i) {
      MS_TRY(conditions.emplace_back(), columns[i].equal(parameters));
    }
    MS_TRY(conditions.emplace_back(), columns[last].behind(parameters));
    alternatives.push_back(all_of_present(std::move(conditions)));
  }
  MS_TRY(ExprPtr bound, columns.front().bound(parameters));
  return all_of_present({std::move(bound), Expr::any_of(std::move(alternatives))});
}

}  // namespace

Result<ReadPlanPtr> make_page_plan(const Planner& planner,
                                   const ModelCall& call,
                                   const Object* cursor) {
  const Value& options = call.arguments;
  const Model& model = call.model;
  const schema::Catalog& catalog = *planner.core.catalog;
  MS_TRY_STATUS(check_options(options, name_of(call.method), model, kPageOptions));
  MS_TRY(Projection projection, make_projection(planner, model, options, ReadMode::List));
  Parameters parameters(planner.leaves);
  query::Select select;
  MS_TRY(select.order, page_order(catalog, model, option_of(options, "orderBy")));
  MS_TRY(select.where, decode_filter({catalog, model, parameters}, options));
  if (cursor != nullptr) {
    MS_TRY(const std::vector<CursorColumn> columns, cursor_columns(model, select.order, *cursor));
    MS_TRY(ExprPtr behind, rows_behind(columns, parameters));
    select.where = all_of_present({std::move(select.where), std::move(behind)});
  }
  PagePlan::Parts parts;
  const Value* const limit = option_of(options, "limit");
  if (limit == nullptr) {
    select.limit = Expr::make_literal(kPageRows + 1);
  } else {
    MS_TRY(select.limit, decode_bound(parameters, limit, Conversion::LimitAndOne));
    parts.limit.push_back({.index = planner.leaves.find(*limit), .conversion = Conversion::Limit});
  }
  for (const OrderKey& key : select.order)
    parts.columns.push_back(projection.outputs.require(key.term->field));
  select.outputs = projection.outputs.list();
  MS_TRY(parts.rows, make_statement(planner, model, std::move(select), std::move(parameters)));
  parts.related = std::move(projection.related);
  return std::make_shared<const PagePlan>(std::move(parts));
}

}  // namespace moonstone::orm
