// Moonstone. Licence: see LICENSE.
// groupBy (litestone.md 14.2).

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "orm/internal/aggregates.h"
#include "orm/internal/errors.h"
#include "orm/internal/gap_fill.h"
#include "orm/internal/options.h"
#include "orm/internal/order.h"
#include "orm/internal/read_plan.h"

namespace moonstone::orm {
namespace {

using query::AggregateFunction;
using query::CompareOp;
using query::Direction;
using query::Term;
using query::TermPtr;
using query::TimeUnit;
using schema::Model;
using schema::ModelField;
using schema::ScalarKind;

constexpr std::array<std::string_view, 12> kGroupOptions = {
    "by",       "where",    "having",      "orderBy",     "limit",         "offset",
    "interval", "fillGaps", "withDeleted", "onlyDeleted", "withTemplates", "onlyTemplates"};

class GroupPlan final : public ReadPlan {
 public:
  GroupPlan(Statement rows, std::vector<ResultEntry> entries, std::optional<GapFill> fill)
      : rows_(std::move(rows)), entries_(std::move(entries)), fill_(std::move(fill)) {}

  Result<Outcome> run(const Run& run) const override {
    MS_TRY(const query::RowSet groups, run_main_statement(run, rows_, name_of(Method::GroupBy)));
    Array results;
    if (!fill_) {
      results.reserve(groups.count);
      for (std::size_t i = 0; i < groups.count; ++i)
        results.emplace_back(result_object(entries_, groups.row(i)));
      return value_outcome(std::move(results));
    }
    std::vector<Value> parameters;
    MS_TRY_STATUS(fill_parameters(rows_.parameters, run.leaves, {}, parameters));
    MS_TRY(const auto rows, fill_gaps(*fill_, run.call.arguments, groups, parameters));
    results.reserve(rows.size());
    for (const std::vector<Value>& row : rows)
      results.emplace_back(result_object(entries_, row));
    return value_outcome(std::move(results));
  }

 private:
  Statement rows_;
  std::vector<ResultEntry> entries_;
  std::optional<GapFill> fill_;
};

std::optional<TimeUnit> find_unit(const Value& value) {
  constexpr std::array<std::pair<std::string_view, TimeUnit>, 6> kUnits = {{
      {"year", TimeUnit::Year},
      {"quarter", TimeUnit::Quarter},
      {"month", TimeUnit::Month},
      {"week", TimeUnit::Week},
      {"day", TimeUnit::Day},
      {"hour", TimeUnit::Hour},
  }};
  if (!value.is_text()) return std::nullopt;
  for (const auto& [name, unit] : kUnits) {
    if (name == value.as_text()) return unit;
  }
  return std::nullopt;
}

/// A condition or an order by a term that may not be among the outputs.
struct OrderedTerm {
  TermPtr term;
  Direction direction = Direction::Ascending;
};

class Builder {
 public:
  Builder(const Planner& planner, const ModelCall& call)
      : planner_(planner),
        model_(call.model),
        options_(call.arguments),
        parameters_(planner.leaves),
        scope_{*planner.core.catalog, call.model, parameters_} {}

  Result<ReadPlanPtr> build() {
    MS_TRY_STATUS(decode_interval());
    MS_TRY_STATUS(decode_by());
    MS_TRY_STATUS(decode_aggregates(scope_, options_.as_object(), draft_));
    MS_TRY_STATUS(decode_having());
    MS_TRY_STATUS(decode_group_order());
    MS_TRY(select_.where, decode_filter(scope_, options_));
    MS_TRY(query::ExprPtr limit, decode_bound(parameters_, option_of(options_, "limit")));
    MS_TRY(query::ExprPtr offset, decode_bound(parameters_, option_of(options_, "offset")));
    if (fills_gaps()) {
      make_fill(std::move(limit), std::move(offset));
    } else {
      select_.limit = std::move(limit);
      select_.offset = std::move(offset);
      for (OrderedTerm& key : order_)
        select_.order.push_back({.term = std::move(key.term), .direction = key.direction});
      select_.having = std::move(having_);
    }
    select_.outputs = std::move(draft_.outputs);
    MS_TRY(Statement rows,
           make_statement(planner_, model_, std::move(select_), std::move(parameters_)));
    return std::make_shared<const GroupPlan>(std::move(rows), std::move(draft_.entries),
                                             std::move(fill_));
  }

 private:
  Status decode_interval() {
    const Value* const given = option_of(options_, "interval");
    if (given == nullptr) return {};
    if (!given->is_object() || given->as_object().size() != 1) {
      return bad_argument("groupBy: interval only supports one field at a time");
    }
    const auto& [name, unit_name] = *given->as_object().begin();
    MS_TRY(const ModelField* const field, find_readable(model_, name, "groupBy.interval"));
    unit_ = find_unit(unit_name);
    if (!unit_) {
      return bad_argument(fmt::format(
          "groupBy: invalid interval {}; valid are year, quarter, month, week, day, hour",
          printed(unit_name)));
    }
    const bool is_text = field->scalar == ScalarKind::DateTime || field->scalar == ScalarKind::Text;
    if (!is_text || field->is_list) {
      return bad_argument(
          fmt::format("groupBy: interval field '{}' must be DateTime or String", field->name));
    }
    interval_field_ = field->name;
    return {};
  }

  Status decode_by() {
    const Value* const given = option_of(options_, "by");
    const Array single = given == nullptr ? Array() : Array{*given};
    const Array& names = given != nullptr && given->is_array() ? given->as_array() : single;
    if (names.empty()) {
      return bad_argument(fmt::format("groupBy on \"{}\" requires by: [fields]", model_.table));
    }
    for (const Value& name : names) {
      if (!name.is_text()) return bad_argument("groupBy: by takes names of fields");
      MS_TRY(const ModelField* const field, find_readable(model_, name.as_text(), "groupBy.by"));
      if (find_entry(field->name, "") != nullptr) continue;
      TermPtr term = make_field_term(field->name);
      if (field->name == interval_field_) {
        term = std::make_shared<Term>(
            Term{.kind = Term::Kind::Bucket, .field = field->name, .unit = *unit_});
      }
      select_.group_by.push_back(term);
      draft_.entries.push_back(
          {.outer = field->name, .inner = {}, .column = draft_.add(std::move(term))});
    }
    if (unit_ && find_entry(interval_field_, "") == nullptr) {
      return bad_argument(
          fmt::format("groupBy: interval field '{}' must be in by", interval_field_));
    }
    return {};
  }

  [[nodiscard]] const ResultEntry* find_entry(std::string_view outer,
                                              std::string_view inner) const {
    const auto found = std::ranges::find_if(draft_.entries, [&](const ResultEntry& entry) {
      return entry.outer == outer && entry.inner == inner;
    });
    return found == draft_.entries.end() ? nullptr : &*found;
  }

  /// The term of an aggregate: that of the result if it has one.
  Result<TermPtr> aggregate_term(std::string_view name, std::string_view field_name) {
    if (const ResultEntry* const entry = find_entry(name, field_name)) {
      return draft_.outputs[entry->column].term;
    }
    if (name == "_count") return make_aggregate_term(AggregateFunction::Count, "");
    MS_TRY(const ModelField* const field, find_readable(model_, field_name, name));
    return make_aggregate_term(*find_aggregate(name.substr(1)), field->name);
  }

  static bool is_function(std::string_view name) {
    return name.starts_with('_') && find_aggregate(name.substr(1)).has_value();
  }

  Status decode_having() {
    const Value* const given = option_of(options_, "having");
    if (given == nullptr) return {};
    if (!given->is_object()) return bad_argument("groupBy: having must be an object");
    for (const auto& [name, value] : given->as_object()) {
      if (name == "_count") {
        MS_TRY(TermPtr term, aggregate_term(name, ""));
        MS_TRY_STATUS(add_conditions(term, value));
      } else if (is_function(name) && value.is_object()) {
        for (const auto& [field, condition] : value.as_object()) {
          MS_TRY(TermPtr term, aggregate_term(name, field));
          MS_TRY_STATUS(add_conditions(term, condition));
        }
      } else {
        return bad_argument(fmt::format(
            "groupBy: having takes _count and fields of _sum, _avg, _min, _max, not '{}'", name));
      }
    }
    return {};
  }

  Status add_conditions(const TermPtr& term, const Value& condition) {
    if (!condition.is_object()) return add_condition(term, CompareOp::Eq, condition);
    for (const auto& [op, operand] : condition.as_object()) {
      if (op == "gt") MS_TRY_STATUS(add_condition(term, CompareOp::Gt, operand));
      if (op == "gte") MS_TRY_STATUS(add_condition(term, CompareOp::Gte, operand));
      if (op == "lt") MS_TRY_STATUS(add_condition(term, CompareOp::Lt, operand));
      if (op == "lte") MS_TRY_STATUS(add_condition(term, CompareOp::Lte, operand));
      if (op == "not") MS_TRY_STATUS(add_condition(term, CompareOp::Neq, operand));
    }
    return {};
  }

  Status add_condition(const TermPtr& term, CompareOp op, const Value& operand) {
    if (operand.is_array() || operand.is_object()) {
      return bad_argument("groupBy: having compares with single values");
    }
    query::GroupCondition condition{.term = term, .op = op, .operand = {}};
    MS_TRY(condition.operand, parameters_.operand(operand, Conversion::Raw));
    having_.push_back(std::move(condition));
    return {};
  }

  Status decode_group_order() {
    const Value* const given = option_of(options_, "orderBy");
    if (given == nullptr) return {};
    if (given->is_object()) return decode_order_entry(given->as_object());
    if (!given->is_array()) return bad_argument("groupBy: orderBy must be an object");
    for (const Value& entry : given->as_array()) {
      if (!entry.is_object()) return bad_argument("groupBy: orderBy must be an object");
      MS_TRY_STATUS(decode_order_entry(entry.as_object()));
    }
    return {};
  }

  static Direction direction_of(const Value& value) {
    const Value* const inner = option_of(value, "dir");
    const Value& text = inner == nullptr ? value : *inner;
    const bool is_descending =
        text.is_text() && (text.as_text() == "desc" || text.as_text() == "DESC");
    return is_descending ? Direction::Descending : Direction::Ascending;
  }

  Status decode_order_entry(const Object& entry) {
    for (const auto& [name, value] : entry) {
      if (is_function(name) && value.is_object()) {
        for (const auto& [field, direction] : value.as_object()) {
          MS_TRY(TermPtr term, aggregate_term(name, field));
          order_.push_back({.term = std::move(term), .direction = direction_of(direction)});
        }
        continue;
      }
      MS_TRY(TermPtr term, ordered_term(name));
      order_.push_back({.term = std::move(term), .direction = direction_of(value)});
    }
    return {};
  }

  /// A field of `by`, _count, _stringAgg or a named aggregate.
  Result<TermPtr> ordered_term(std::string_view name) {
    if (name == "_count") return aggregate_term(name, "");
    const auto found = std::ranges::find_if(draft_.entries, [&](const ResultEntry& entry) {
      return entry.outer == name && (entry.inner.empty() || name == "_stringAgg");
    });
    if (found != draft_.entries.end()) return draft_.outputs[found->column].term;
    return bad_argument(fmt::format(
        "groupBy on \"{}\": orderBy '{}' is neither in by nor an aggregate of this call",
        model_.table, name));
  }

  [[nodiscard]] bool fills_gaps() const {
    if (!unit_) return false;
    const Value* const given = options_.as_object().find("fillGaps");
    const bool is_off = given != nullptr && !given->is_undefined() && !is_truthy(*given);
    return !is_off && has_gap_range(options_, interval_field_);
  }

  /// Position of the term among the outputs; adds it if it is not there.
  std::size_t column_of(const TermPtr& term) {
    const auto found = std::ranges::find(draft_.outputs, term, &query::Output::term);
    if (found == draft_.outputs.end()) return draft_.add(term);
    return static_cast<std::size_t>(found - draft_.outputs.begin());
  }

  void make_fill(query::ExprPtr limit, query::ExprPtr offset) {
    GapFill fill;
    fill.unit = *unit_;
    fill.field = interval_field_;
    fill.column = find_entry(interval_field_, "")->column;
    fill.limit = std::move(limit);
    fill.offset = std::move(offset);
    for (query::GroupCondition& condition : having_) {
      fill.having.push_back({.column = column_of(condition.term),
                             .op = condition.op,
                             .operand = std::move(condition.operand)});
    }
    for (const OrderedTerm& key : order_)
      fill.order.push_back({.column = column_of(key.term), .direction = key.direction});
    for (const query::Output& output : draft_.outputs)
      fill.absent_row.push_back(absent_value(*output.term));
    fill_ = std::move(fill);
  }

  const Planner& planner_;
  const Model& model_;
  const Value& options_;
  Parameters parameters_;
  ConditionScope scope_;
  query::Select select_;
  AggregateDraft draft_;
  std::optional<TimeUnit> unit_;
  std::string interval_field_;
  std::vector<query::GroupCondition> having_;
  std::vector<OrderedTerm> order_;
  std::optional<GapFill> fill_;
};

}  // namespace

Result<ReadPlanPtr> make_group_plan(const Planner& planner, const ModelCall& call) {
  if (!call.arguments.is_object()) return bad_argument("groupBy takes an object with by");
  MS_TRY_STATUS(check_options(plain_options(call.arguments), name_of(call.method), call.model,
                              kGroupOptions));
  return Builder(planner, call).build();
}

}  // namespace moonstone::orm
