// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/model_terms.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "store/sqlite/internal/layout.h"

namespace moonstone::store::sqlite {

namespace {

using query::Aggregate;
using query::AggregateFunction;
using query::Direction;
using query::NullsOrder;
using query::OrderKey;
using query::Term;
using query::TimeUnit;
using schema::Model;
using schema::Relation;
using schema::RelationKind;

Error misplaced(std::string_view what) {
  return {ErrorCode::InvalidArgument, fmt::format("{} cannot stand here", what)};
}

Result<const Relation*> relation_of(const Model& model, std::string_view name) {
  if (const Relation* const found = model.find_relation(name)) return found;
  return Error(ErrorCode::InvalidArgument,
               fmt::format("relation '{}' not found on '{}'", name, model.name),
               "unknown_relation");
}

std::string_view sql_of(AggregateFunction function) {
  switch (function) {
    case AggregateFunction::Count:
      return "COUNT";
    case AggregateFunction::Sum:
      return "SUM";
    case AggregateFunction::Avg:
      return "AVG";
    case AggregateFunction::Min:
      return "MIN";
    case AggregateFunction::Max:
      return "MAX";
    case AggregateFunction::TextJoin:
      return "GROUP_CONCAT";
  }
  return "COUNT";
}

Status append_field(const ModelScope& scope, std::string_view field, SqlFragment& out) {
  MS_TRY(const SqlFragment sql, field_sql(scope, field));
  out.append(sql);
  return {};
}

/// `left.field = right.field`
Status append_link(const ModelScope& left,
                   std::string_view left_field,
                   const ModelScope& right,
                   std::string_view right_field,
                   SqlFragment& out) {
  MS_TRY_STATUS(append_field(left, left_field, out));
  out.text += " = ";
  return append_field(qualified(right), right_field, out);
}

Status append_text_join(const ModelScope& scope, const Aggregate& aggregate, SqlFragment& out) {
  if (aggregate.is_distinct) return misplaced("a distinct text aggregate");
  const bool is_ordered = !aggregate.order_by.empty();
  out.text += is_ordered ? "moonstone_join(" : "GROUP_CONCAT(";
  MS_TRY_STATUS(append_field(scope, aggregate.field, out));
  out.text += ", ";
  if (aggregate.separator == nullptr) {
    out.append_place(Value(","));
  } else {
    MS_TRY_STATUS(append_model_operand(scope, *aggregate.separator, out));
  }
  if (is_ordered) {
    out.text += ", ";
    MS_TRY_STATUS(append_field(scope, aggregate.order_by, out));
  }
  out.text += ")";
  return {};
}

/// The function with its argument.
Status append_call(const ModelScope& scope, const Aggregate& aggregate, SqlFragment& out) {
  const bool is_count = aggregate.function == AggregateFunction::Count;
  if (aggregate.field.empty()) {
    if (!is_count || aggregate.is_distinct) return misplaced("an aggregate without a field");
    out.text += "COUNT(*)";
    return {};
  }
  if (aggregate.function == AggregateFunction::TextJoin) {
    return append_text_join(scope, aggregate, out);
  }
  out.text +=
      fmt::format("{}({}", sql_of(aggregate.function), aggregate.is_distinct ? "DISTINCT " : "");
  MS_TRY_STATUS(append_field(scope, aggregate.field, out));
  out.text += ")";
  return {};
}

/// A field of a row that belongs-to relations lead to; NULL if there is none.
Status append_via(const ModelScope& rows, const Term& term, SqlFragment& out) {
  std::vector<ModelScope> scopes = {rows};
  std::string alias = "_ob";
  SqlFragment joins;
  SqlFragment condition;
  for (const std::string& name : term.via) {
    const ModelScope outer = scopes.back();
    MS_TRY(const Relation* const relation, relation_of(*outer.model, name));
    if (relation->kind != RelationKind::BelongsTo) {
      return Error(
          ErrorCode::InvalidArgument,
          fmt::format("relation '{}' of '{}' leads to several rows", name, outer.model->name));
    }
    alias += "_" + name;
    const Model& target = rows.catalog->models[relation->target];
    scopes.push_back(inner_scope(rows, target, alias));
    const bool is_first = scopes.size() == 2;
    joins.text += (is_first ? "" : " JOIN ") + source_sql(scopes.back());
    if (!is_first) joins.text += " ON ";
    MS_TRY_STATUS(append_link(scopes.back(), relation->target_fields.front(), outer,
                              relation->own_fields.front(), is_first ? condition : joins));
  }
  out.text += "(SELECT ";
  MS_TRY_STATUS(append_field(scopes.back(), term.field, out));
  out.text += " FROM ";
  out.append(joins);
  out.text += " WHERE ";
  out.append(condition);
  // A key is unique; where it is not, one row is enough.
  out.text += " LIMIT 1)";
  return {};
}

/// FROM and WHERE of the rows on the other side of a relation to many.
Status append_related(const ModelScope& rows,
                      const Relation& relation,
                      const ModelScope& inner,
                      SqlFragment& out) {
  out.text += " FROM " + source_sql(inner) + " WHERE ";
  if (relation.kind == RelationKind::HasMany) {
    return append_link(inner, relation.target_fields.front(), rows, relation.own_fields.front(),
                       out);
  }
  const std::string join = alias_inside(rows, "_j");
  MS_TRY_STATUS(append_field(inner, relation.target_fields.front(), out));
  out.text += fmt::format(" IN (SELECT {0}.{1} FROM {2} AS {0} WHERE {0}.{3} = ", join,
                          quoted(relation.join_target), quoted(relation.join_table),
                          quoted(relation.join_own));
  MS_TRY_STATUS(append_field(qualified(rows), relation.own_fields.front(), out));
  out.text += ")";
  return {};
}

Status append_relation_aggregate(const ModelScope& rows, const Term& term, SqlFragment& out) {
  MS_TRY(const Relation* const relation, relation_of(*rows.model, term.relation));
  if (relation->kind == RelationKind::BelongsTo) {
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("relation '{}' of '{}' is belongsTo and leads to one row only",
                             term.relation, rows.model->name));
  }
  const bool counts_links = relation->kind == RelationKind::ManyToMany &&
                            term.aggregate.function == AggregateFunction::Count &&
                            term.aggregate.field.empty() && term.aggregate.filter == nullptr;
  if (counts_links) {
    const std::string join = alias_inside(rows, "_j");
    out.text += fmt::format("(SELECT COUNT(*) FROM {1} AS {0} WHERE {0}.{2} = ", join,
                            quoted(relation->join_table), quoted(relation->join_own));
    MS_TRY_STATUS(append_field(qualified(rows), relation->own_fields.front(), out));
    out.text += ")";
    return {};
  }
  const ModelScope inner = inner_scope(rows, rows.catalog->models[relation->target], "_a");
  out.text += "(SELECT ";
  MS_TRY_STATUS(append_call(inner, term.aggregate, out));
  MS_TRY_STATUS(append_related(rows, *relation, inner, out));
  if (term.aggregate.filter != nullptr) {
    out.text += " AND (";
    MS_TRY_STATUS(append_model_expr(inner, *term.aggregate.filter, out));
    out.text += ")";
  }
  out.text += ")";
  return {};
}

Status append_bucket(const ModelScope& rows, const Term& term, SqlFragment& out) {
  const auto append_label = [&](std::string_view format) -> Status {
    out.text += fmt::format("strftime('{}', ", format);
    MS_TRY_STATUS(append_field(rows, term.field, out));
    out.text += ")";
    return {};
  };
  switch (term.unit) {
    case TimeUnit::Year:
      return append_label("%Y");
    case TimeUnit::Quarter:
      MS_TRY_STATUS(append_label("%Y"));
      out.text += " || '-Q' || ((CAST(";
      MS_TRY_STATUS(append_label("%m"));
      out.text += " AS INTEGER) + 2) / 3)";
      return {};
    case TimeUnit::Month:
      return append_label("%Y-%m");
    case TimeUnit::Week:
      return append_label("%Y-W%W");
    case TimeUnit::Day:
      return append_label("%Y-%m-%d");
    case TimeUnit::Hour:
      return append_label("%Y-%m-%dT%H");
  }
  return {};
}

Status append_mark(const SelectScope& scope, const Term& term, SqlFragment& out) {
  const auto found = std::ranges::find(scope.marks, &term);
  if (scope.select->search == nullptr || found == scope.marks.end())
    return misplaced("a highlight or snippet");
  out.text += quoted(fmt::format("_fts.{}", found - scope.marks.begin()));
  return {};
}

}  // namespace

Result<std::variant<std::size_t, Value>> source_of(const query::Expr& value,
                                                   std::string_view what) {
  if (value.kind == query::ExprKind::Parameter) {
    return std::variant<std::size_t, Value>(value.parameter);
  }
  if (value.kind == query::ExprKind::Literal) {
    return std::variant<std::size_t, Value>(value.literal);
  }
  return Error(ErrorCode::InvalidArgument, fmt::format("{} must be a value", what));
}

Status append_aggregate(const ModelScope& scope, const Aggregate& aggregate, SqlFragment& out) {
  MS_TRY_STATUS(append_call(scope, aggregate, out));
  if (aggregate.filter == nullptr) return {};
  out.text += " FILTER (WHERE ";
  MS_TRY_STATUS(append_model_expr(scope, *aggregate.filter, out));
  out.text += ")";
  return {};
}

Status append_term(const SelectScope& scope, const Term& term, SqlFragment& out) {
  switch (term.kind) {
    case Term::Kind::Field:
      if (!term.via.empty()) return append_via(scope.rows, term, out);
      return append_field(scope.rows, term.field, out);
    case Term::Kind::Aggregate:
      return append_aggregate(scope.rows, term.aggregate, out);
    case Term::Kind::Window:
      return append_window(scope, term.window, out);
    case Term::Kind::RelationAggregate:
      return append_relation_aggregate(scope.rows, term, out);
    case Term::Kind::Bucket:
      return append_bucket(scope.rows, term, out);
    case Term::Kind::SearchRank:
      if (scope.select->search == nullptr) return misplaced("the rank of a search");
      out.text += "\"_fts.rank\"";
      return {};
    case Term::Kind::SearchHighlight:
    case Term::Kind::SearchSnippet:
      return append_mark(scope, term, out);
    case Term::Kind::Depth:
      if (!scope.select->recursion) return misplaced("the depth of a recursive read");
      out.text += "\"_walk.depth\"";
      return {};
    case Term::Kind::Expression:
      if (term.expression == nullptr) return misplaced("nothing");
      return append_model_operand(scope.rows, *term.expression, out);
  }
  return Error(ErrorCode::Internal, "an unknown kind of term");
}

Status append_order(const SelectScope& scope,
                    const std::vector<OrderKey>& order,
                    SqlFragment& out) {
  bool is_first = true;
  for (const OrderKey& key : order) {
    out.text += std::exchange(is_first, false) ? "" : ", ";
    if (key.term == nullptr) return misplaced("nothing");
    MS_TRY_STATUS(append_term(scope, *key.term, out));
    out.text += key.direction == Direction::Ascending ? " ASC" : " DESC";
    if (key.nulls == NullsOrder::First) out.text += " NULLS FIRST";
    if (key.nulls == NullsOrder::Last) out.text += " NULLS LAST";
  }
  return {};
}

Result<CellForm> form_of_term(const SelectScope& scope, const Term& term) {
  // Groups show what SQL gives (litestone.md 14.1).
  if (term.kind != Term::Kind::Field || !scope.select->group_by.empty()) return CellForm::Plain;
  const Model* model = scope.rows.model;
  for (const std::string& name : term.via) {
    MS_TRY(const Relation* const relation, relation_of(*model, name));
    model = &scope.rows.catalog->models[relation->target];
  }
  const schema::ModelField* const field = model->find_field(term.field);
  return field == nullptr ? CellForm::Plain : form_of(*field);
}

}  // namespace moonstone::store::sqlite
