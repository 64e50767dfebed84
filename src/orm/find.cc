// Moonstone. Licence: see LICENSE.
// Plans of findMany, findFirst, findUnique, findManyAndCount, count and exists.

#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "orm/internal/errors.h"
#include "orm/internal/options.h"
#include "orm/internal/order.h"
#include "orm/internal/projection.h"
#include "orm/internal/read_plan.h"
#include "orm/internal/windows.h"

namespace moonstone::orm {
namespace {

using query::Expr;
using query::ExprPtr;
using schema::Model;

constexpr std::array<std::string_view, 13> kFindOptions = {
    "where",       "orderBy",       "limit",        "offset",    "include",
    "select",      "distinct",      "window",       "recursive", "withDeleted",
    "onlyDeleted", "withTemplates", "onlyTemplates"};
constexpr std::array<std::string_view, 5> kCountOptions = {"where", "withDeleted", "onlyDeleted",
                                                           "withTemplates", "onlyTemplates"};

Error not_found(const Model& model) {
  std::string message =
      fmt::format("No \"{}\" record found matching the given where clause", model.table);
  return Error(ErrorCode::NotFound, std::move(message), "NOT_FOUND")
      .with_details(Object{{"name", "Error"}, {"code", "NOT_FOUND"}, {"model", model.table}});
}

bool is_single(Method method) {
  return method != Method::FindMany && method != Method::FindManyAndCount;
}

bool is_unique(Method method) {
  return method == Method::FindUnique || method == Method::FindUniqueOrThrow;
}

/// What the event of such a call is called.
std::string_view operation_of(Method method) {
  if (method == Method::FindFirstOrThrow) return name_of(Method::FindFirst);
  if (method == Method::FindUniqueOrThrow) return name_of(Method::FindUnique);
  return name_of(method);
}

class FindPlan final : public ReadPlan {
 public:
  FindPlan(Method method, Statement rows, RelatedPtr related, std::optional<Statement> total)
      : method_(method),
        rows_(std::move(rows)),
        related_(std::move(related)),
        total_(std::move(total)) {}

  Result<Outcome> run(const Run& run) const override {
    MS_TRY(query::RowSet rows, run_main_statement(run, rows_, operation_of(method_)));
    if (is_unique(method_) && rows.count > 1) {
      return bad_argument(
          fmt::format("findUnique on \"{}\" returned more than one row", rows_.model->table));
    }
    if (is_single(method_) && rows.count == 0 &&
        (method_ == Method::FindFirstOrThrow || method_ == Method::FindUniqueOrThrow)) {
      return not_found(*rows_.model);
    }
    if (related_ != nullptr) MS_TRY_STATUS(attach_related(run, *related_, rows));
    if (!total_) {
      return rows_outcome(is_single(method_) ? Outcome::Form::Row : Outcome::Form::Rows,
                          std::move(rows));
    }
    Outcome outcome = rows_outcome(Outcome::Form::RowsAndTotal, std::move(rows));
    MS_TRY(outcome.total, run_count(run, *total_));
    return outcome;
  }

 private:
  Method method_;
  Statement rows_;
  RelatedPtr related_;
  std::optional<Statement> total_;  // findManyAndCount
};

/// The limit that the method itself sets: one row, or two, so that a second one is seen.
ExprPtr own_limit(Method method) {
  return Expr::make_literal(is_unique(method) ? 2 : 1);
}

class CountPlan final : public ReadPlan {
 public:
  explicit CountPlan(Statement statement) : statement_(std::move(statement)) {}

  Result<Outcome> run(const Run& run) const override {
    MS_TRY(const query::RowSet rows, run_main_statement(run, statement_, name_of(Method::Count),
                                                        query::DependencyKind::Count));
    return value_outcome(rows.cells.at(0));
  }

 private:
  Statement statement_;
};

class ExistsPlan final : public ReadPlan {
 public:
  explicit ExistsPlan(Statement statement) : statement_(std::move(statement)) {}

  Result<Outcome> run(const Run& run) const override {
    MS_TRY(const query::RowSet rows, run_main_statement(run, statement_, name_of(Method::Exists),
                                                        query::DependencyKind::Count));
    return value_outcome(rows.count > 0);
  }

 private:
  Statement statement_;
};

}  // namespace

Result<ReadPlanPtr> make_find_plan(const Planner& planner, const ModelCall& call) {
  const Value& options = call.arguments;
  const Model& model = call.model;
  MS_TRY_STATUS(check_options(options, name_of(call.method), model, kFindOptions));
  if (is_truthy(option_of(options, "recursive"))) return make_recursive_plan(planner, call);
  const ReadMode mode = is_unique(call.method) ? ReadMode::Single : ReadMode::List;
  const schema::Catalog& catalog = *planner.core.catalog;
  Parameters parameters(planner.leaves);
  const ConditionScope scope{catalog, model, parameters};
  // Windows stand before the fields, but behind them where they are computed over more than the
  // rows that are shown (litestone.md 17).
  const bool is_cut =
      option_of(options, "limit") != nullptr || option_of(options, "offset") != nullptr;
  Outputs windows;
  MS_TRY_STATUS(add_windows(scope, option_of(options, "window"), windows));
  MS_TRY(Projection projection,
         make_projection(planner, model, options, mode, is_cut ? Outputs() : windows));
  if (is_cut) projection.outputs.show_all(windows);
  query::Select select;
  MS_TRY(select.where, decode_filter(scope, options));
  MS_TRY(select.order, decode_order(catalog, model, option_of(options, "orderBy")));
  const Value* const distinct = option_of(options, "distinct");
  select.is_distinct = distinct != nullptr && *distinct == Value(true);
  if (is_single(call.method)) {
    select.limit = own_limit(call.method);
  } else {
    MS_TRY(select.limit, decode_bound(parameters, option_of(options, "limit")));
  }
  MS_TRY(select.offset, decode_bound(parameters, option_of(options, "offset")));
  select.outputs = projection.outputs.list();
  MS_TRY(Statement rows, make_statement(planner, model, std::move(select), std::move(parameters)));
  std::optional<Statement> total;
  if (call.method == Method::FindManyAndCount) {
    MS_TRY(total, make_count_statement(planner, model, options));
  }
  return std::make_shared<const FindPlan>(call.method, std::move(rows),
                                          std::move(projection.related), std::move(total));
}

Result<ReadPlanPtr> make_count_plan(const Planner& planner, const ModelCall& call) {
  MS_TRY_STATUS(check_options(call.arguments, name_of(call.method), call.model, kCountOptions));
  MS_TRY(Statement statement, make_count_statement(planner, call.model, call.arguments));
  return std::make_shared<const CountPlan>(std::move(statement));
}

Result<ReadPlanPtr> make_exists_plan(const Planner& planner, const ModelCall& call) {
  MS_TRY_STATUS(check_options(call.arguments, name_of(call.method), call.model, kCountOptions));
  Parameters parameters(planner.leaves);
  query::Select select;
  MS_TRY(select.where,
         decode_filter({*planner.core.catalog, call.model, parameters}, call.arguments));
  select.outputs.push_back(
      {.name = "exists",
       .term = std::make_shared<query::Term>(query::Term{.kind = query::Term::Kind::Expression,
                                                         .expression = Expr::make_literal(1)})});
  select.limit = Expr::make_literal(1);
  MS_TRY(Statement statement,
         make_statement(planner, call.model, std::move(select), std::move(parameters)));
  return std::make_shared<const ExistsPlan>(std::move(statement));
}

Result<Statement> make_count_statement(const Planner& planner,
                                       const Model& model,
                                       const Value& options) {
  Parameters parameters(planner.leaves);
  query::Select select;
  MS_TRY(select.where, decode_filter({*planner.core.catalog, model, parameters}, options));
  select.outputs.push_back(
      {.name = "_count",
       .term = std::make_shared<query::Term>(
           query::Term{.kind = query::Term::Kind::Aggregate, .aggregate = query::Aggregate{}})});
  return make_statement(planner, model, std::move(select), std::move(parameters));
}

Result<std::uint64_t> run_count(const Run& run, const Statement& statement) {
  MS_TRY(const query::RowSet rows, run_statement(run, statement, {}, query::DependencyKind::Count));
  return static_cast<std::uint64_t>(rows.cells.at(0).to_double());
}

Outcome rows_outcome(Outcome::Form form, query::RowSet rows) {
  Outcome outcome;
  outcome.form = form;
  outcome.rows = std::make_shared<const query::RowSet>(std::move(rows));
  return outcome;
}

Outcome value_outcome(Value value) {
  Outcome outcome;
  outcome.value = std::move(value);
  return outcome;
}

}  // namespace moonstone::orm
