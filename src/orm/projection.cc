// Moonstone. Licence: see LICENSE.
#include "orm/internal/projection.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "orm/internal/errors.h"
#include "orm/internal/options.h"
#include "orm/internal/order.h"

namespace moonstone::orm {
namespace {

using query::Expr;
using query::ExprPtr;
using query::Output;
using schema::Model;
using schema::ModelField;
using schema::Relation;
using schema::RelationKind;

constexpr std::array<std::string_view, 10> kIncludeOptions = {
    "include", "select",      "where",       "orderBy",       "limit",
    "offset",  "withDeleted", "onlyDeleted", "withTemplates", "onlyTemplates"};

constexpr std::array<std::string_view, 3> kCountOptions = {"relation", "where", "select"};

Error unknown_relation(std::string_view name, const Model& model) {
  return bad_argument(fmt::format("Unknown relation \"{}\" on \"{}\"", name, model.name));
}

Result<const Relation*> find_relation(const Model& model, std::string_view name) {
  const Relation* const relation = model.find_relation(name);
  if (relation == nullptr) return unknown_relation(name, model);
  return relation;
}

ExprPtr field_expr(const std::string& name) {
  return Expr::make_field(name);
}

/// Pairs of keys of the parents in slot 0.
Result<Links> make_links(const Planner& planner, const Relation& relation) {
  const Model* const join = planner.core.catalog->find_table(relation.join_table);
  if (join == nullptr) {
    return Error(ErrorCode::Internal, "the catalog has no table " + relation.join_table);
  }
  Parameters parameters(planner.leaves);
  query::Select select;
  select.where = parameters.in_slot(field_expr(relation.join_own), 0);
  select.outputs = {{.name = relation.join_own, .term = make_field_term(relation.join_own)},
                    {.name = relation.join_target, .term = make_field_term(relation.join_target)}};
  Links links;
  MS_TRY(links.pairs, make_statement(planner, *join, std::move(select), std::move(parameters)));
  return links;
}

class Builder {
 public:
  Builder(const Planner& planner, const Model& model, ReadMode mode, Outputs leading)
      : planner_(planner),
        model_(model),
        mode_(mode),
        projection_{.outputs = std::move(leading), .related = nullptr},
        related_(std::make_shared<Related>()) {}

  Result<Projection> build(const Value& options) {
    const Value* const select = option_of(options, "select");
    const Value* const include = option_of(options, "include");
    MS_TRY_STATUS(check_object("select", select));
    MS_TRY_STATUS(check_object("include", include));
    if (select == nullptr) {
      projection_.outputs.show_all(all_outputs(model_, mode_, planner_.caller));
    } else {
      MS_TRY_STATUS(show_selected(select->as_object()));
    }
    MS_TRY_STATUS(add_relations(select, include));
    if (projection_.outputs.list().empty()) require_something();
    if (!related_->includes.empty() || !related_->counts.empty()) projection_.related = related_;
    return std::move(projection_);
  }

 private:
  Status check_object(std::string_view name, const Value* value) const {
    if (value == nullptr || value->is_object()) return {};
    return bad_argument(fmt::format("{} on model '{}' must be an object, got: {}", name,
                                    model_.name, printed(*value)));
  }

  /// Fields in the order of declaration.
  Status show_selected(const Object& select) {
    bool needs_all = false;
    for (const auto& [name, value] : select) {
      if (!is_truthy(value) || name == "_count" || model_.find_relation(name) != nullptr) continue;
      const ModelField* const field = model_.find_field(name);
      if (field == nullptr) {
        auto candidates = readable_fields_of(model_);
        std::ranges::copy(relations_of(model_), std::back_inserter(candidates));
        return bad_argument("select: " + unknown_field_text(name, model_, std::move(candidates)));
      }
      needs_all = needs_all || field->role == schema::FieldRole::Computed;
    }
    for (const ModelField& field : model_.fields) {
      if (field.role == schema::FieldRole::Computed) continue;
      if (is_truthy(select.find(field.name)) && is_shown(field, mode_, planner_.caller)) {
        projection_.outputs.show(field);
      }
    }
    // The host computes fields from whole rows.
    for (const ModelField& field : model_.fields) {
      if (needs_all && field.role != schema::FieldRole::Computed) {
        projection_.outputs.require(field.name);
      }
    }
    return {};
  }

  /// A statement needs a column, also for rows that show none.
  void require_something() {
    for (const ModelField& field : model_.fields) {
      if (!field.is_stored()) continue;
      projection_.outputs.require(field.name);
      return;
    }
  }

  /// Relations of `select` first: it wins over `include` where both name one.
  Status add_relations(const Value* select, const Value* include) {
    if (include != nullptr) {
      for (const auto& [name, value] : include->as_object()) {
        if (!is_truthy(value)) continue;
        const Value* const selected = select == nullptr ? nullptr : select->as_object().find(name);
        MS_TRY_STATUS(add_relation(name, is_truthy(selected) ? *selected : value));
      }
    }
    if (select == nullptr) return {};
    for (const auto& [name, value] : select->as_object()) {
      const bool is_relation = name == "_count" || model_.find_relation(name) != nullptr;
      const bool is_done = include != nullptr && is_truthy(include->as_object().find(name));
      if (is_relation && !is_done && is_truthy(value)) MS_TRY_STATUS(add_relation(name, value));
    }
    return {};
  }

  Status add_relation(std::string_view name, const Value& options) {
    if (name == "_count") return add_counts(options);
    MS_TRY(const Relation* const relation, find_relation(model_, name));
    MS_TRY(Include include, make_include(*relation, options));
    related_->includes.push_back(std::move(include));
    return {};
  }

  Result<Include> make_include(const Relation& relation, const Value& given) {
    static const Value kNoOptions;
    const Value& options = given.is_object() ? given : kNoOptions;
    const Model& target = planner_.core.catalog->models[relation.target];
    MS_TRY_STATUS(check_options(options, fmt::format("include of \"{}\"", relation.name), target,
                                kIncludeOptions));
    Include include;
    include.name = relation.name;
    include.kind = relation.kind;
    include.parent_column = projection_.outputs.require(relation.own_fields.front());
    MS_TRY(Projection inner, make_projection(planner_, target, options, ReadMode::List));
    include.target_column = inner.outputs.require(relation.target_fields.front());
    include.related = inner.related;
    MS_TRY_STATUS(make_rows(relation, options, inner.outputs, include));
    if (relation.kind == RelationKind::ManyToMany) {
      MS_TRY(include.links, make_links(planner_, relation));
    }
    return include;
  }

  Status make_rows(const Relation& relation,
                   const Value& options,
                   const Outputs& outputs,
                   Include& include) {
    const Model& target = planner_.core.catalog->models[relation.target];
    const std::string& key = relation.target_fields.front();
    Parameters parameters(planner_.leaves);
    query::Select select;
    ExprPtr keys = parameters.in_slot(field_expr(key), 0);
    MS_TRY(ExprPtr filter, decode_filter({*planner_.core.catalog, target, parameters}, options));
    select.where = all_of_present({std::move(keys), std::move(filter)});
    select.outputs = outputs.list();
    MS_TRY(select.order,
           decode_order(*planner_.core.catalog, target, option_of(options, "orderBy")));
    MS_TRY_STATUS(bound_rows(relation, options, {select, parameters}, include));
    MS_TRY(include.rows,
           make_statement(planner_, target, std::move(select), std::move(parameters)));
    return {};
  }

  struct Draft {
    query::Select& select;
    Parameters& parameters;
  };

  /// limit and offset count for each parent.
  Status bound_rows(const Relation& relation,
                    const Value& options,
                    Draft draft,
                    Include& include) const {
    const Value* const limit = option_of(options, "limit");
    const Value* const offset = option_of(options, "offset");
    if (relation.kind == RelationKind::BelongsTo || (limit == nullptr && offset == nullptr)) {
      return {};
    }
    const Model& target = planner_.core.catalog->models[relation.target];
    append_key(target, draft.select.order);
    if (relation.kind == RelationKind::HasMany) {
      draft.select.limit_by = relation.target_fields.front();
      MS_TRY(draft.select.limit, decode_bound(draft.parameters, limit));
      MS_TRY(draft.select.offset, decode_bound(draft.parameters, offset));
      return {};
    }
    include.limit = bound_source(limit);
    include.offset = bound_source(offset);
    return {};
  }

  [[nodiscard]] std::vector<ParameterSource> bound_source(const Value* bound) const {
    if (bound == nullptr) return {};
    return {{.index = planner_.leaves.find(*bound), .conversion = Conversion::Limit}};
  }

  /// true, {select: {..}}, or the entries themselves.
  Status add_counts(const Value& given) {
    if (!given.is_object()) {
      for (const Relation& relation : model_.relations) {
        if (relation.kind == RelationKind::BelongsTo) continue;
        MS_TRY_STATUS(add_count(relation.name, relation, Value()));
      }
      return {};
    }
    const Value* const selected = option_of(given, "select");
    const Object& entries =
        selected != nullptr && selected->is_object() ? selected->as_object() : given.as_object();
    for (const auto& [name, options] : entries) {
      if (!is_truthy(options)) continue;
      MS_TRY_STATUS(
          check_options(options.is_object() ? options : Value(), "_count", model_, kCountOptions));
      const Value* const named = option_of(options, "relation");
      MS_TRY(const Relation* const relation,
             find_relation(model_, named != nullptr && named->is_text() ? named->as_text() : name));
      if (relation->kind == RelationKind::BelongsTo) {
        return bad_argument(
            fmt::format("_count: '{}' is a belongsTo relation of '{}'; only lists "
                        "are counted",
                        relation->name, model_.name));
      }
      MS_TRY_STATUS(add_count(name, *relation, options));
    }
    return {};
  }

  Status add_count(const std::string& name, const Relation& relation, const Value& options) {
    const Model& target = planner_.core.catalog->models[relation.target];
    const std::string& key = relation.target_fields.front();
    RelationCount count;
    count.name = name;
    count.parent_column = projection_.outputs.require(relation.own_fields.front());
    Parameters parameters(planner_.leaves);
    query::Select select;
    ExprPtr keys = parameters.in_slot(field_expr(key), 0);
    MS_TRY(ExprPtr filter, decode_filter({*planner_.core.catalog, target, parameters}, options));
    select.where = all_of_present({std::move(keys), std::move(filter)});
    select.outputs.push_back({.name = key, .term = make_field_term(key)});
    if (relation.kind == RelationKind::ManyToMany) {
      MS_TRY(count.links, make_links(planner_, relation));
    } else {
      select.outputs.push_back(
          {.name = "_count",
           .term = std::make_shared<query::Term>(query::Term{.kind = query::Term::Kind::Aggregate,
                                                             .aggregate = query::Aggregate{}})});
      select.group_by = {make_field_term(key)};
    }
    MS_TRY(count.rows, make_statement(planner_, target, std::move(select), std::move(parameters)));
    related_->counts.push_back(std::move(count));
    return {};
  }

  const Planner& planner_;
  const Model& model_;
  ReadMode mode_;
  Projection projection_;
  std::shared_ptr<Related> related_;
};

}  // namespace

void Outputs::show_term(std::string_view name, query::TermPtr term) {
  const auto known = std::ranges::find(outputs_, name, &Output::name);
  if (known == outputs_.end()) {
    outputs_.push_back({.name = std::string(name), .term = std::move(term)});
  } else {
    known->is_hidden = false;
  }
}

void Outputs::show_all(const Outputs& others) {
  for (const Output& output : others.outputs_) {
    if (!output.is_hidden) show_term(output.name, output.term);
  }
}

std::size_t Outputs::require(std::string_view field) {
  const auto known = std::ranges::find(outputs_, field, &Output::name);
  if (known != outputs_.end()) return static_cast<std::size_t>(known - outputs_.begin());
  outputs_.push_back(
      {.name = std::string(field), .term = make_field_term(field), .is_hidden = true});
  return outputs_.size() - 1;
}

bool is_shown(const ModelField& field, ReadMode /*mode*/, const Caller& /*caller*/) {
  return field.role != schema::FieldRole::Computed;
}

Result<Projection> make_projection(const Planner& planner,
                                   const Model& model,
                                   const Value& options,
                                   ReadMode mode,
                                   Outputs leading) {
  return Builder(planner, model, mode, std::move(leading)).build(options);
}

Outputs all_outputs(const Model& model, ReadMode mode, const Caller& caller) {
  Outputs outputs;
  for (const ModelField& field : model.fields) {
    if (field.is_stored() && is_shown(field, mode, caller)) outputs.show(field);
  }
  for (const ModelField& field : model.fields) {
    if (field.role == schema::FieldRole::Derived && is_shown(field, mode, caller)) {
      outputs.show(field);
    }
  }
  return outputs;
}

}  // namespace moonstone::orm
