// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/expr_operand.h"

#include <algorithm>
#include <string_view>

namespace moonstone::store::sqlite {

namespace {

using schema::StorageClass;

std::string sql_string(std::string_view text) {
  std::string sql = "'";
  for (const char c : text) {
    if (c == '\'') sql += '\'';
    sql += c;
  }
  return sql + '\'';
}

/// `column` is moonstone_json's first argument; the segments become the others.
std::string json_place_sql(const std::string& column, const std::vector<std::string>& path) {
  std::string sql = "moonstone_json(" + column;
  for (std::size_t i = 1; i < path.size(); ++i)
    sql += "," + sql_string(path[i]);
  return sql + ")";
}

Operand missing() {
  return {.kind = OperandKind::Missing, .sql = {.text = "NULL", .values = {}}};
}

}  // namespace

query::CompareOp mirrored(query::CompareOp op) {
  switch (op) {
    case query::CompareOp::Lt:
      return query::CompareOp::Gt;
    case query::CompareOp::Lte:
      return query::CompareOp::Gte;
    case query::CompareOp::Gt:
      return query::CompareOp::Lt;
    case query::CompareOp::Gte:
      return query::CompareOp::Lte;
    case query::CompareOp::Eq:
    case query::CompareOp::Neq:
      return op;
  }
  return op;
}

ValueRank rank_of(const Value& value) {
  if (value.is_text()) return ValueRank::Text;
  return value.is_bytes() ? ValueRank::Bytes : ValueRank::Number;
}

std::optional<ValueRank> Operand::rank() const {
  switch (kind) {
    case OperandKind::Missing:
    case OperandKind::Json:
      return std::nullopt;
    case OperandKind::Id:
      return ValueRank::Text;
    case OperandKind::CreationTime:
    case OperandKind::Predicate:
      return ValueRank::Number;
    case OperandKind::Column:
      break;
  }
  switch (storage) {
    case StorageClass::Text:
      return ValueRank::Text;
    case StorageClass::Real:
    case StorageClass::Integer:
    case StorageClass::Boolean:
      return ValueRank::Number;
    case StorageClass::Blob:
      return ValueRank::Bytes;
    case StorageClass::Scalar:
    case StorageClass::Json:
      break;
  }
  return std::nullopt;
}

Operand operand_of_path(const TableLayout& layout, const std::vector<std::string>& path) {
  if (path.empty() || !query::is_addressable(path)) return missing();
  const bool is_plain = path.size() == 1;
  if (is_plain && path[0] == schema::kIdField) {
    return {.kind = OperandKind::Id, .sql = {.text = "_id", .values = {}}};
  }
  if (is_plain && path[0] == schema::kCreationTimeField) {
    return {.kind = OperandKind::CreationTime,
            .sql = {.text = "moonstone_time(_id)", .values = {}}};
  }
  if (is_plain && path[0] == query::kRowNumberField) {
    return {.kind = OperandKind::Column,
            .sql = {.text = "_row", .values = {}},
            .storage = StorageClass::Integer};
  }
  const auto index = layout.table->find_field(path[0]);
  if (!index) return missing();
  const FieldLayout& field = layout.fields[*index];
  if (field.storage == StorageClass::Json) {
    return {.kind = OperandKind::Json,
            .sql = {.text = json_place_sql(field.column, path), .values = {}}};
  }
  if (!is_plain) return missing();
  return {.kind = OperandKind::Column,
          .sql = {.text = field.column, .values = {}},
          .storage = field.storage};
}

}  // namespace moonstone::store::sqlite
