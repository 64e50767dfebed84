// Moonstone. Licence: see LICENSE.
// Rows reached over a relation of a model to itself (litestone.md 32.4).
//
// A step of the walk carries the key of its row, its depth, and what keeps it from going on
// forever. Downwards that is the key of the row where it began: every row has one parent, so a walk
// down that does not end meets its beginning again. Upwards it is the key of the next row, and the
// depth, which cannot exceed the number of rows.

#include <string>

#include <fmt/format.h>

#include "store/sqlite/internal/layout.h"
#include "store/sqlite/internal/model_terms.h"

namespace moonstone::store::sqlite {

namespace {

using query::Recursion;
using schema::Relation;

std::string walk_name(const SelectScope& scope) {
  return alias_inside(scope.rows, "_walk");
}

Result<const Relation*> self_relation(const SelectScope& scope) {
  const schema::Model& model = *scope.rows.model;
  const Relation* const relation = model.find_relation(scope.select->recursion->relation);
  const bool leads_here = relation != nullptr &&
                          relation->kind == schema::RelationKind::BelongsTo &&
                          &scope.rows.catalog->models[relation->target] == &model;
  if (leads_here) return relation;
  return Error(ErrorCode::InvalidArgument,
               fmt::format("no self-referential relation '{}' on '{}'",
                           scope.select->recursion->relation, model.name),
               "unknown_relation");
}

Result<std::string> column_of(const ModelScope& scope, std::string_view field) {
  MS_TRY(SqlFragment sql, field_sql(scope, field));
  if (!sql.places.empty()) return Error(ErrorCode::Internal, "a key is no column");
  return std::move(sql.text);
}

/// AND what bounds the walk and what the walked rows must satisfy.
Status append_bounds(const SelectScope& scope, const ModelScope& walked, SqlFragment& out) {
  const Recursion& recursion = *scope.select->recursion;
  if (recursion.depth_max != nullptr) {
    out.text += " AND \"_walk.depth\" < ";
    MS_TRY_STATUS(append_model_operand(walked, *recursion.depth_max, out));
  }
  if (recursion.filter == nullptr) return {};
  out.text += " AND (";
  MS_TRY_STATUS(append_model_expr(walked, *recursion.filter, out));
  out.text += ")";
  return {};
}

}  // namespace

Status append_walk(const SelectScope& scope, SqlFragment& out) {
  MS_TRY(const Relation* const relation, self_relation(scope));
  const bool is_downwards = scope.select->recursion->direction == Recursion::Direction::Descendants;
  const std::string& key_field = relation->target_fields.front();
  const std::string& parent_field = relation->own_fields.front();
  const std::string name = walk_name(scope);
  MS_TRY(const std::string key, column_of(scope.rows, key_field));
  MS_TRY(const std::string parent, column_of(scope.rows, parent_field));
  out.text += fmt::format(
      "WITH RECURSIVE {}(\"_walk.key\", \"_walk.mark\", \"_walk.depth\") AS (SELECT {}, {}, 0 FROM "
      "{}",
      name, key, is_downwards ? key : parent, source_sql(scope.rows));
  if (scope.select->where != nullptr) {
    out.text += " WHERE ";
    MS_TRY_STATUS(append_model_expr(scope.rows, *scope.select->where, out));
  }
  const ModelScope walked = inner_scope(scope.rows, *scope.rows.model, "_w");
  MS_TRY(const std::string walked_key, column_of(walked, key_field));
  MS_TRY(const std::string walked_parent, column_of(walked, parent_field));
  const std::string mark = is_downwards ? "\"_walk.mark\"" : walked_parent;
  out.text += fmt::format(" UNION SELECT {}, {}, \"_walk.depth\" + 1 FROM {} CROSS JOIN {} ON ",
                          walked_key, mark, name, source_sql(walked));
  if (is_downwards) {
    out.text +=
        fmt::format("{} = \"_walk.key\" WHERE {} IS NOT \"_walk.mark\"", walked_parent, walked_key);
  } else {
    out.text += fmt::format("{} = \"_walk.mark\" WHERE \"_walk.depth\" < (SELECT COUNT(*) FROM {})",
                            walked_key, quoted(scope.rows.model->table));
  }
  MS_TRY_STATUS(append_bounds(scope, walked, out));
  out.text += ") ";
  return {};
}

Status append_walk_source(const SelectScope& scope, SqlFragment& out) {
  MS_TRY(const Relation* const relation, self_relation(scope));
  MS_TRY(const std::string key, column_of(qualified(scope.rows), relation->target_fields.front()));
  out.text += fmt::format(
      "(SELECT \"_walk.key\", MIN(\"_walk.depth\") AS \"_walk.depth\" FROM {} "
      "WHERE \"_walk.depth\" > 0 GROUP BY \"_walk.key\") CROSS JOIN {} ON {} = \"_walk.key\"",
      walk_name(scope), source_sql(scope.rows), key);
  return {};
}

}  // namespace moonstone::store::sqlite
