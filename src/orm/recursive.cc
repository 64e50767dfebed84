// Moonstone. Licence: see LICENSE.
// findMany with `recursive`: the rows below or above those that the condition keeps (litestone.md
// 32.4).

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "orm/internal/errors.h"
#include "orm/internal/options.h"
#include "orm/internal/order.h"
#include "orm/internal/projection.h"
#include "orm/internal/read_plan.h"
#include "orm/internal/row_sets.h"
#include "orm/internal/row_tree.h"

namespace moonstone::orm {
namespace {

using query::Expr;
using query::ExprPtr;
using query::Recursion;
using query::RowSet;
using query::Term;
using schema::Model;
using schema::Relation;

constexpr std::array<std::string_view, 5> kRecursiveOptions = {"direction", "nested", "maxDepth",
                                                               "via", "where"};
constexpr std::int64_t kDepthMax = 1000;
constexpr const char* kViaName = "_via";

/// One walk over one relation.
struct Walk {
  Statement rows;
  std::string label;  // the foreign key
  std::size_t foreign_key_column = 0;
  std::size_t key_column = 0;
};

struct RecursiveParts {
  std::vector<Walk> walks;
  std::size_t depth_column = 0;
  bool is_labelled = false;  // several walks: rows tell which one they are of
  bool is_nested = false;
  Recursion::Direction direction = Recursion::Direction::Descendants;
  /// What the statements do not do themselves: nothing if there is one walk and no tree.
  bool sorts_here = false;
  std::vector<RowSort> order;
  std::vector<ParameterSource> limit;   // none or one
  std::vector<ParameterSource> offset;  // none or one
  RelatedPtr related;
};

class RecursivePlan final : public ReadPlan {
 public:
  explicit RecursivePlan(RecursiveParts parts) : parts_(std::move(parts)) {}

  Result<Outcome> run(const Run& run) const override {
    MS_TRY(RowSet rows, read(run));
    if (parts_.is_nested) return run_nested(run, rows);
    if (parts_.sorts_here) {
      std::vector<std::uint32_t> positions = sorted_positions(rows, parts_.order);
      MS_TRY_STATUS(cut(run, positions));
      rows = pick_rows(rows, positions);
    }
    if (parts_.related != nullptr) MS_TRY_STATUS(attach_related(run, *parts_.related, rows));
    return rows_outcome(Outcome::Form::Rows, std::move(rows));
  }

 private:
  Result<RowSet> read(const Run& run) const {
    if (!parts_.is_labelled) {
      return run_main_statement(run, parts_.walks.front().rows, name_of(Method::FindMany));
    }
    std::vector<RowSet> sets;
    std::vector<std::string> labels;
    for (const Walk& walk : parts_.walks) {
      MS_TRY(sets.emplace_back(), run_main_statement(run, walk.rows, name_of(Method::FindMany)));
      labels.push_back(walk.label);
    }
    return join_labelled(std::move(sets), kViaName, labels);
  }

  Status cut(const Run& run, std::vector<std::uint32_t>& positions) const {
    MS_TRY(const std::int64_t limit, bound_of(run, parts_.limit, -1));
    MS_TRY(const std::int64_t offset, bound_of(run, parts_.offset, 0));
    cut_positions(positions, limit, offset);
    return {};
  }

  static Result<std::int64_t> bound_of(const Run& run,
                                       const std::vector<ParameterSource>& source,
                                       std::int64_t fallback) {
    if (source.empty()) return fallback;
    std::vector<Value> values;
    MS_TRY_STATUS(fill_parameters(source, run.leaves, {}, values));
    return values.front().as_integer();
  }

  Result<Outcome> run_nested(const Run& run, const RowSet& rows) const {
    RowTreeColumns columns;
    columns.depth = parts_.depth_column;
    columns.is_upwards = parts_.direction == Recursion::Direction::Ancestors;
    if (parts_.is_labelled) columns.label = rows.width() - 1;
    for (const Walk& walk : parts_.walks)
      columns.links.push_back(
          {.label = walk.label, .key = walk.key_column, .parent = walk.foreign_key_column});
    const std::vector<std::uint32_t> order = sorted_positions(rows, parts_.order);
    MS_TRY(RowTree tree, make_row_tree(rows, order, columns));
    MS_TRY_STATUS(cut(run, tree.levels.front()));
    auto below = std::make_shared<const RowSet>(pick_rows(rows, {}));  // of the deepest rows
    for (std::size_t level = tree.levels.size(); level-- > 0;) {
      RowSet level_rows = pick_rows(rows, tree.levels[level]);
      if (parts_.related != nullptr) {
        MS_TRY_STATUS(attach_related(run, *parts_.related, level_rows));
      }
      level_rows.attached.push_back(children_of(tree, level, std::move(below)));
      below = std::make_shared<const RowSet>(std::move(level_rows));
    }
    Outcome outcome;
    outcome.form = Outcome::Form::Rows;
    outcome.rows = std::move(below);
    return outcome;
  }

  RecursiveParts parts_;
};

Error no_self_relation(const Model& model) {
  return bad_argument(
      fmt::format("recursive: model '{}' has no self-referential relation to walk", model.name));
}

class Builder {
 public:
  Builder(const Planner& planner, const ModelCall& call)
      : planner_(planner), model_(call.model), options_(call.arguments) {}

  Result<ReadPlanPtr> build() {
    MS_TRY_STATUS(decode_options());
    MS_TRY(const std::vector<const Relation*> relations, relations_to_walk());
    MS_TRY(order_, decode_order(*planner_.core.catalog, model_, option_of(options_, "orderBy"),
                                OrderNames::FieldsAndDepth));
    parts_.is_labelled = relations.size() > 1;
    parts_.sorts_here = parts_.is_labelled || parts_.is_nested;
    MS_TRY(Projection projection, make_projection(planner_, model_, options_, ReadMode::List));
    MS_TRY_STATUS(add_columns(relations, projection.outputs));
    parts_.related = std::move(projection.related);
    for (const Relation* relation : relations)
      MS_TRY_STATUS(add_walk(*relation, projection.outputs));
    return std::make_shared<const RecursivePlan>(std::move(parts_));
  }

 private:
  Status decode_options() {
    for (const std::string_view other : {"distinct", "window"}) {
      if (!is_truthy(option_of(options_, other))) continue;
      return bad_argument(fmt::format("recursive cannot be combined with {}", other));
    }
    const Value& recursive = *option_of(options_, "recursive");
    if (!recursive.is_object()) return {};
    MS_TRY_STATUS(check_options(recursive, "recursive", model_, kRecursiveOptions));
    parts_.is_nested = is_truthy(option_of(recursive, "nested"));
    depth_max_ = option_of(recursive, "maxDepth");
    if (const Value* const via = option_of(recursive, "via")) {
      via_ = via->is_text() ? via->as_text() : printed(*via);
    }
    const Value* const direction = option_of(recursive, "direction");
    if (direction == nullptr || *direction == Value("descendants")) return {};
    if (*direction != Value("ancestors")) {
      return bad_argument(
          fmt::format("recursive: direction must be 'descendants' or 'ancestors', got: {}",
                      printed(*direction)));
    }
    parts_.direction = Recursion::Direction::Ancestors;
    return {};
  }

  Result<std::vector<const Relation*>> relations_to_walk() const {
    std::vector<const Relation*> all;
    std::vector<const Relation*> named;
    for (const Relation& relation : model_.relations) {
      const bool is_self = relation.kind == schema::RelationKind::BelongsTo &&
                           &planner_.core.catalog->models[relation.target] == &model_;
      if (!is_self) continue;
      all.push_back(&relation);
      if (via_ && (relation.name == *via_ || relation.own_fields.front() == *via_)) {
        named.push_back(&relation);
      }
    }
    if (all.empty()) return no_self_relation(model_);
    if (!via_) return all;
    if (named.empty()) {
      return bad_argument(
          fmt::format("recursive: via: \"{}\" not found on {}", *via_, model_.name));
    }
    named.resize(1);
    return named;
  }

  /// What trees and sorting need beside what is shown.
  Status add_columns(const std::vector<const Relation*>& relations, Outputs& outputs) {
    outputs.show_term(kDepthName, std::make_shared<Term>(Term{.kind = Term::Kind::Depth}));
    parts_.depth_column = outputs.require(kDepthName);
    if (parts_.is_nested) {
      for (const Relation* relation : relations) {
        outputs.require(relation->own_fields.front());
        outputs.require(relation->target_fields.front());
      }
    }
    if (!parts_.sorts_here) return {};
    for (const query::OrderKey& key : order_) {
      const bool is_column = key.term->kind == Term::Kind::Depth ||
                             (key.term->kind == Term::Kind::Field && key.term->via.empty());
      if (!is_column) {
        return bad_argument(
            "recursive: orderBy takes fields of the model and _depth here, no relations");
      }
      const std::size_t column =
          outputs.require(key.term->kind == Term::Kind::Depth ? kDepthName : key.term->field);
      parts_.order.push_back({.column = column, .direction = key.direction, .nulls = key.nulls});
    }
    parts_.limit = bound_source("limit");
    parts_.offset = bound_source("offset");
    return {};
  }

  [[nodiscard]] std::vector<ParameterSource> bound_source(std::string_view name) const {
    const Value* const bound = option_of(options_, name);
    if (bound == nullptr) return {};
    return {{.index = planner_.leaves.find(*bound), .conversion = Conversion::Limit}};
  }

  Status add_walk(const Relation& relation, Outputs& outputs) {
    Parameters parameters(planner_.leaves);
    query::Select select;
    Recursion recursion;
    recursion.direction = parts_.direction;
    recursion.relation = relation.name;
    const ConditionScope scope{*planner_.core.catalog, model_, parameters};
    // What a walk does not meet hides what is behind it.
    MS_TRY(ExprPtr met, decode_where(scope, option_of(*option_of(options_, "recursive"), "where")));
    recursion.filter = all_of_present({std::move(met), decode_modes(model_, options_)});
    MS_TRY(Value depth_max,
           convert(depth_max_ == nullptr ? Value(kDepthMax) : *depth_max_, Conversion::Limit));
    recursion.depth_max = Expr::make_literal(std::move(depth_max));
    select.recursion = std::move(recursion);
    MS_TRY(select.where, decode_filter(scope, options_));
    if (!parts_.sorts_here) {
      select.order = order_;
      MS_TRY(select.limit, decode_bound(parameters, option_of(options_, "limit")));
      MS_TRY(select.offset, decode_bound(parameters, option_of(options_, "offset")));
    }
    select.outputs = outputs.list();
    Walk walk;
    walk.label = relation.own_fields.front();
    if (parts_.is_nested) {
      walk.foreign_key_column = outputs.require(relation.own_fields.front());
      walk.key_column = outputs.require(relation.target_fields.front());
    }
    MS_TRY(walk.rows, make_statement(planner_, model_, std::move(select), std::move(parameters)));
    parts_.walks.push_back(std::move(walk));
    return {};
  }

  const Planner& planner_;
  const Model& model_;
  const Value& options_;
  std::optional<std::string> via_;
  const Value* depth_max_ = nullptr;
  std::vector<query::OrderKey> order_;
  RecursiveParts parts_;
};

}  // namespace

Result<ReadPlanPtr> make_recursive_plan(const Planner& planner, const ModelCall& call) {
  if (call.method != Method::FindMany) {
    return bad_argument(
        fmt::format("{} does not take recursive; use findMany", name_of(call.method)));
  }
  return Builder(planner, call).build();
}

}  // namespace moonstone::orm
