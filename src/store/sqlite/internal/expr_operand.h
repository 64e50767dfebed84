// Moonstone. Licence: see LICENSE.
#pragma once
// One side of a comparison in SQL: what it reads and of which class its values are.
// Threads: plain values.

#include <optional>
#include <string>
#include <vector>

#include "base/value.h"
#include "query/expr.h"
#include "store/sqlite/internal/layout.h"

namespace moonstone::store::sqlite {

/// A piece of SQL and the database values of its parameters, in order.
struct SqlText {
  std::string text;
  std::vector<Value> values;
};

/// Classes of database values in their order.
enum class ValueRank : unsigned char { Number = 1, Text, Bytes };

/// `value` is a database value that is not missing.
[[nodiscard]] ValueRank rank_of(const Value& value);

/// The operator that says the same with its sides exchanged.
[[nodiscard]] query::CompareOp mirrored(query::CompareOp op);

enum class OperandKind : unsigned char {
  Missing,       // unknown field, or a path that leads nowhere: always NULL
  Column,        // a column with the values as they are
  Json,          // a place inside a JSON column
  Id,            // _id
  CreationTime,  // computed from _id
  Predicate,     // 1, 0 or NULL
};

struct Operand {
  OperandKind kind = OperandKind::Missing;
  SqlText sql;
  schema::StorageClass storage = schema::StorageClass::Scalar;  // Column

  /// The class of all its values, if it has but one.
  [[nodiscard]] std::optional<ValueRank> rank() const;
};

/// The operand of a Field expression.
[[nodiscard]] Operand operand_of_path(const TableLayout& layout,
                                      const std::vector<std::string>& path);

}  // namespace moonstone::store::sqlite
