// Moonstone. Licence: see LICENSE.
#include "orm/internal/write_rows.h"

#include <chrono>
#include <utility>

#include "orm/internal/errors.h"
#include "orm/internal/parameters.h"
#include "orm/internal/shape.h"
#include "orm/internal/where.h"
#include "query/select.h"

namespace moonstone::orm {

using query::CompareOp;
using query::Expr;
using query::ExprPtr;
using query::WritePlan;

namespace {

class StatementPlan final : public CachedPlan {
 public:
  StatementPlan(store::CompiledStatementPtr statement, std::vector<ParameterSource> sources)
      : statement_(std::move(statement)), sources_(std::move(sources)) {}
  [[nodiscard]] const store::CompiledStatement& statement() const { return *statement_; }
  [[nodiscard]] const std::vector<ParameterSource>& sources() const { return sources_; }

 private:
  store::CompiledStatementPtr statement_;
  std::vector<ParameterSource> sources_;
};
using StatementPlanPtr = std::shared_ptr<const StatementPlan>;

/// One statement: what it is, its values in the order of their places, and its key.
class RowStatement {
 public:
  RowStatement(WriteCall& call,
               const schema::Model& model,
               WritePlan::Kind kind,
               Returning returning)
      : call_(call), model_(model), kind_(kind), returning_(returning) {
    shape_.add_text("write");
    shape_.add_text(model.table);
    add_number(static_cast<std::size_t>(kind));
    add_number(static_cast<std::size_t>(returning));
  }

  void assign(std::span<const FieldValue> values) {
    add_number(values.size());
    for (const FieldValue& value : values) {
      shape_.add_text(value.rule->field->name);
      assigned_.push_back(value.rule->field);
      slots_.push_back(value.value);
    }
  }

  void resolve(const Conflict& conflict) {
    add_names(conflict.target);
    add_names(conflict.update);
    conflict_ = &conflict;
  }

  void restrict_to(const Target& target) {
    add_number(static_cast<std::size_t>(target.deleted));
    add_number(static_cast<std::size_t>(target.templates));
    add_number(target.where_missing.empty() ? 0 : 1);
    add_number(target.matches.size());
    for (const FieldMatch& match : target.matches) {
      shape_.add_text(match.field);
      add_number(match.value.is_array() ? 1 : 0);
      slots_.push_back(match.value);
    }
    if (target.where != nullptr) shape_.add_condition(*target.where);
    target_ = &target;
  }

  Result<store::Writer::Written> run() {
    auto written = run_once();
    if (written || written.error().reason() != "stale_plan") return written;
    call_.core.write_plans.erase(shape_.key());
    return run_once();
  }

 private:
  void add_number(std::size_t number) { shape_.add_text(std::to_string(number)); }

  void add_names(const std::vector<std::string>& names) {
    add_number(names.size());
    for (const std::string& name : names)
      shape_.add_text(name);
  }

  Result<store::Writer::Written> run_once() {
    MS_TRY(const StatementPlanPtr plan, find_plan());
    std::vector<Value> parameters;
    MS_TRY_STATUS(fill_parameters(plan->sources(), shape_.leaves(), slots_, parameters));
    Host* const host = call_.host();
    if (host == nullptr || !host->observes()) {
      return call_.transaction.write(plan->statement(), parameters);
    }
    const auto begun = std::chrono::steady_clock::now();
    MS_TRY(store::Writer::Written written, call_.transaction.write(plan->statement(), parameters));
    host->observe({.model = model_.table,
                   .operation = call_.operation,
                   .arguments = call_.arguments,
                   .sql = plan->statement().sql(),
                   .values = plan->statement().sql_values(parameters),
                   .duration = std::chrono::steady_clock::now() - begun,
                   .row_count = written.count});
    return written;
  }

  Result<StatementPlanPtr> find_plan() {
    if (CachedPlanPtr known = call_.core.write_plans.find(shape_.key())) {
      return std::static_pointer_cast<const StatementPlan>(std::move(known));
    }
    if (shape_.is_too_deep()) {
      return Error(ErrorCode::LimitExceeded, "the arguments are nested too deep", "depth");
    }
    const LeafMap leaves(shape_.leaves());
    Parameters parameters(leaves);
    MS_TRY(const WritePlan plan, make_plan(parameters));
    MS_TRY(store::CompiledStatementPtr statement, call_.transaction.compile_write(plan));
    auto made =
        std::make_shared<const StatementPlan>(std::move(statement), std::move(parameters).take());
    call_.core.write_plans.put(std::string(shape_.key()), made);
    return made;
  }

  Result<WritePlan> make_plan(Parameters& parameters) const {
    WritePlan plan{.kind = kind_, .table = model_.table};
    std::size_t slot = 0;
    for (const schema::ModelField* const field : assigned_)
      plan.assignments.push_back({.field = field->name, .value = parameters.slot(slot++)});
    if (conflict_ != nullptr) {
      plan.conflict_target = conflict_->target;
      plan.conflict_update = conflict_->update;
    }
    if (target_ != nullptr) {
      MS_TRY(plan.where, make_condition(parameters, slot));
    }
    if (returning_ == Returning::Rows) plan.returning = all_fields();
    return plan;
  }

  Result<ExprPtr> make_condition(Parameters& parameters, std::size_t slot) const {
    std::vector<ExprPtr> conditions;
    for (const FieldMatch& match : target_->matches) {
      ExprPtr field = Expr::make_field(match.field);
      conditions.push_back(match.value.is_array() ? parameters.in_slot(std::move(field), slot++)
                                                  : Expr::compare(CompareOp::Eq, std::move(field),
                                                                  parameters.slot(slot++)));
    }
    if (model_.has_soft_delete && target_->deleted != DeletedRows::Shown) {
      const bool is_live = target_->deleted == DeletedRows::Hidden;
      conditions.push_back(Expr::compare(is_live ? CompareOp::Eq : CompareOp::Neq,
                                         Expr::make_field(schema::kDeletedAtField),
                                         Expr::make_literal(nullptr)));
    }
    if (!model_.template_field.empty() && target_->templates != TemplateRows::Shown) {
      const bool is_template = target_->templates == TemplateRows::Only;
      conditions.push_back(Expr::compare(CompareOp::Eq, Expr::make_field(model_.template_field),
                                         Expr::make_literal(Value(is_template ? 1 : 0))));
    }
    const ConditionScope scope{
        .catalog = *call_.core.catalog, .model = model_, .parameters = parameters};
    MS_TRY(ExprPtr own, decode_where(scope, target_->where));
    if (own == nullptr && !target_->where_missing.empty()) {
      return bad_argument(std::string(target_->where_missing));
    }
    conditions.push_back(std::move(own));
    return all_of_present(std::move(conditions));
  }

  /// Columns in their order, then derived fields (litestone.md 5.1).
  [[nodiscard]] std::vector<query::Output> all_fields() const {
    std::vector<query::Output> outputs;
    for (const bool wants_stored : {true, false}) {
      for (const schema::ModelField& field : model_.fields) {
        if (field.role == schema::FieldRole::Computed || field.is_stored() != wants_stored)
          continue;
        auto term = std::make_shared<const query::Term>(
            query::Term{.kind = query::Term::Kind::Field, .field = field.name});
        outputs.push_back({.name = field.name, .term = std::move(term)});
      }
    }
    return outputs;
  }

  WriteCall& call_;
  const schema::Model& model_;
  WritePlan::Kind kind_;
  Returning returning_;
  Shape shape_;
  std::vector<Value> slots_;  // values of the assignments, then of the matches
  std::vector<const schema::ModelField*> assigned_;
  const Conflict* conflict_ = nullptr;
  const Target* target_ = nullptr;
};

}  // namespace

Result<store::Writer::Written> insert_row(WriteCall& call,
                                          const ModelRules& rules,
                                          std::span<const FieldValue> values,
                                          const Conflict& conflict,
                                          Returning returning) {
  RowStatement statement(call, *rules.model, WritePlan::Kind::Insert, returning);
  statement.assign(values);
  statement.resolve(conflict);
  return statement.run();
}

Result<store::Writer::Written> update_rows(WriteCall& call,
                                           const Target& target,
                                           std::span<const FieldValue> values,
                                           Returning returning) {
  RowStatement statement(call, target.model, WritePlan::Kind::Update, returning);
  statement.assign(values);
  statement.restrict_to(target);
  return statement.run();
}

Result<store::Writer::Written> delete_rows(WriteCall& call,
                                           const Target& target,
                                           Returning returning) {
  RowStatement statement(call, target.model, WritePlan::Kind::Delete, returning);
  statement.restrict_to(target);
  return statement.run();
}

Result<bool> has_condition(WriteCall& call, const schema::Model& model, const Value* where) {
  if (where == nullptr || where->is_missing()) return false;
  Shape shape;
  shape.add_condition(*where);
  const LeafMap leaves(shape.leaves());
  Parameters parameters(leaves);
  MS_TRY(const ExprPtr condition,
         decode_where({.catalog = *call.core.catalog, .model = model, .parameters = parameters},
                      where));
  return condition != nullptr;
}

}  // namespace moonstone::orm
