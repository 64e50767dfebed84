// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/expr_sql.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/ulid.h"
#include "store/sqlite/internal/expr_operand.h"

namespace moonstone::store::sqlite {

namespace {

using query::CompareOp;
using query::Expr;
using query::ExprKind;
using schema::StorageClass;

std::string_view sql_of(CompareOp op) {
  switch (op) {
    case CompareOp::Eq:
      return "=";
    case CompareOp::Neq:
      return "<>";
    case CompareOp::Lt:
      return "<";
    case CompareOp::Lte:
      return "<=";
    case CompareOp::Gt:
      return ">";
    case CompareOp::Gte:
      return ">=";
  }
  return "=";
}

bool holds(CompareOp op, std::strong_ordering order) {
  switch (op) {
    case CompareOp::Eq:
      return order == std::strong_ordering::equal;
    case CompareOp::Neq:
      return order != std::strong_ordering::equal;
    case CompareOp::Lt:
      return order == std::strong_ordering::less;
    case CompareOp::Lte:
      return order != std::strong_ordering::greater;
    case CompareOp::Gt:
      return order == std::strong_ordering::greater;
    case CompareOp::Gte:
      return order != std::strong_ordering::less;
  }
  return false;
}

void append_parameter(SqlText& out, Value value) {
  out.text += '?';
  out.values.push_back(std::move(value));
}

void append_operand(const Operand& operand, SqlText& out) {
  out.text += operand.sql.text;
  out.values.insert(out.values.end(), operand.sql.values.begin(), operand.sql.values.end());
}

/// Unknown where the operand is NULL, else `outcome`.
void append_constant_unless_null(const Operand& operand, bool outcome, SqlText& out) {
  out.text += '(';
  append_operand(operand, out);
  out.text += outcome ? " IS NOT NULL OR NULL)" : " IS NULL AND NULL)";
}

/// A numeric literal for a REAL column. SQLite seeks in an index over such a column with the
/// literal rounded to a double, so that an integer beyond 2^53 would find its neighbours: it is
/// replaced by the double next to it, and the operator made to fit.
struct RealBound {
  CompareOp op;
  double number;
  bool is_exact;
};

RealBound real_bound_of(CompareOp op, const Value& literal) {
  if (literal.is_number()) return {op, literal.as_number(), true};
  const std::int64_t integer = literal.as_integer();
  const double nearest = static_cast<double>(integer);
  const auto order = query::compare_values(Value(nearest), literal);
  if (order == std::strong_ordering::equal) return {op, nearest, true};
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const bool nearest_is_above = order == std::strong_ordering::greater;
  const double below = nearest_is_above ? std::nextafter(nearest, -kInfinity) : nearest;
  const double above = nearest_is_above ? nearest : std::nextafter(nearest, kInfinity);
  if (op == CompareOp::Lt || op == CompareOp::Lte) return {CompareOp::Lte, below, false};
  if (op == CompareOp::Gt || op == CompareOp::Gte) return {CompareOp::Gte, above, false};
  return {op, nearest, false};
}

void append_real_comparison(const Operand& column,
                            CompareOp op,
                            const Value& literal,
                            SqlText& out) {
  const RealBound bound = real_bound_of(op, literal);
  if (!bound.is_exact && (op == CompareOp::Eq || op == CompareOp::Neq)) {
    append_constant_unless_null(column, op == CompareOp::Neq, out);
    return;
  }
  append_operand(column, out);
  out.text += sql_of(bound.op);
  append_parameter(out, bound.number);
}

/// A range of _creationTime as one of _id: ids are "<table>:<ULID>", and a ULID begins with its
/// milliseconds. `literal` is a number.
class TimeRange {
 public:
  TimeRange(std::string_view table, SqlText& out) : table_(table), out_(out) {}

  void append(CompareOp op, const Value& literal) {
    switch (op) {
      case CompareOp::Gte:
        return append_from(ceiling(literal), ">=");
      case CompareOp::Gt:
        return append_from(floor_plus_one(literal), ">=");
      case CompareOp::Lt:
        return append_from(ceiling(literal), "<");
      case CompareOp::Lte:
        return append_from(floor_plus_one(literal), "<");
      case CompareOp::Eq:
      case CompareOp::Neq:
        return append_equality(op, literal);
    }
  }

 private:
  /// One beyond the greatest stamp of a ULID.
  static constexpr std::int64_t kStampEnd = std::int64_t{1} << 48;

  static std::int64_t clamped(double number) {
    if (number <= 0) return 0;
    if (number >= static_cast<double>(kStampEnd)) return kStampEnd;
    return static_cast<std::int64_t>(number);
  }
  static std::int64_t clamped(std::int64_t number) {
    return std::clamp(number, std::int64_t{0}, kStampEnd);
  }
  static std::int64_t ceiling(const Value& literal) {
    return literal.is_integer() ? clamped(literal.as_integer())
                                : clamped(std::ceil(literal.as_number()));
  }
  static std::int64_t floor_plus_one(const Value& literal) {
    if (literal.is_integer()) return clamped(clamped_before_end(literal.as_integer()) + 1);
    return clamped(std::floor(literal.as_number()) + 1);
  }
  static std::int64_t clamped_before_end(std::int64_t number) {
    return std::clamp(number, std::int64_t{-1}, kStampEnd);
  }

  /// `_id <op> least id with that stamp`; both operators split the ids at it.
  void append_from(std::int64_t stamp, std::string_view op) {
    if (stamp >= kStampEnd) {
      out_.text += op == "<" ? "1" : "0";
      return;
    }
    out_.text += fmt::format("_id{}", op);
    append_parameter(out_, fmt::format("{}:{}", table_, least_ulid_at(stamp)));
  }

  void append_equality(CompareOp op, const Value& literal) {
    const bool is_equality = op == CompareOp::Eq;
    const std::int64_t first = ceiling(literal);
    if (query::compare_values(Value(first), literal) != std::strong_ordering::equal) {
      out_.text += is_equality ? "0" : "1";
      return;
    }
    out_.text += is_equality ? "(" : "NOT(";
    append_from(first, ">=");
    out_.text += " AND ";
    append_from(first + 1, "<");
    out_.text += ")";
  }

  std::string_view table_;
  SqlText& out_;
};

void append_field_literal(const TableLayout& layout,
                          const Operand& field,
                          CompareOp op,
                          const Value& literal,
                          SqlText& out) {
  if (field.kind == OperandKind::Missing || literal.is_missing()) {
    out.text += "NULL";
    return;
  }
  const std::optional<ValueRank> rank = field.rank();
  if (rank && *rank != rank_of(literal)) {
    const auto order = *rank <=> rank_of(literal);
    append_constant_unless_null(field, holds(op, order), out);
    return;
  }
  if (field.kind == OperandKind::CreationTime) {
    TimeRange(layout.table->name, out).append(op, literal);
    return;
  }
  if (field.kind == OperandKind::Column && field.storage == StorageClass::Real) {
    append_real_comparison(field, op, literal, out);
    return;
  }
  append_operand(field, out);
  out.text += sql_of(op);
  append_parameter(out, literal);
}

class ExprWriter {
 public:
  ExprWriter(const TableLayout& layout, SqlText& out) : layout_(layout), out_(out) {}

  Status append(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::Literal:
        append_parameter(out_, query::comparable(expr.literal, query::Nesting::TopLevel));
        return {};
      case ExprKind::Field:
        append_operand(operand_of_path(layout_, expr.path), out_);
        return {};
      case ExprKind::Compare:
        return append_compare(expr);
      case ExprKind::And:
        return append_junction(expr.operands, " AND ", "1");
      case ExprKind::Or:
        return append_junction(expr.operands, " OR ", "0");
      case ExprKind::Not:
        out_.text += "NOT(";
        MS_TRY_STATUS(append(*expr.operands.front()));
        out_.text += ")";
        return {};
      case ExprKind::In:
        return append_in(expr);
      case ExprKind::Parameter:
      case ExprKind::Like:
      case ExprKind::HasElement:
      case ExprKind::ListLength:
      case ExprKind::Raw:
      case ExprKind::Opaque:
        break;
    }
    return Error(ErrorCode::Internal, "a predicate of models where one of documents belongs");
  }

 private:
  /// Halves the operands, so that a long chain does not become a deep tree (SQLite allows 1,000).
  Status append_junction(std::span<const query::ExprPtr> operands,
                         std::string_view word,
                         std::string_view neutral) {
    if (operands.empty()) {
      out_.text += neutral;
      return {};
    }
    if (operands.size() == 1) return append(*operands.front());
    const std::size_t half = operands.size() / 2;
    out_.text += "(";
    MS_TRY_STATUS(append_junction(operands.first(half), word, neutral));
    out_.text += word;
    MS_TRY_STATUS(append_junction(operands.subspan(half), word, neutral));
    out_.text += ")";
    return {};
  }

  Status append_compare(const Expr& expr) {
    const Expr& left = *expr.operands[0];
    const Expr& right = *expr.operands[1];
    if (left.kind == ExprKind::Literal && right.kind == ExprKind::Literal) {
      append_literals(expr.op, left.literal, right.literal);
      return {};
    }
    if (right.kind == ExprKind::Literal) return append_with_literal(left, expr.op, right.literal);
    if (left.kind == ExprKind::Literal) {
      return append_with_literal(right, mirrored(expr.op), left.literal);
    }
    return append_operands(left, expr.op, right);
  }

  Result<Operand> operand_of(const Expr& expr) {
    if (expr.kind == ExprKind::Field) return operand_of_path(layout_, expr.path);
    Operand operand{.kind = OperandKind::Predicate, .sql = {.text = "(", .values = {}}};
    MS_TRY_STATUS(ExprWriter(layout_, operand.sql).append(expr));
    // A junction of one writes its operand, which may be a field: here its truth is wanted.
    const bool is_junction = expr.kind == ExprKind::And || expr.kind == ExprKind::Or;
    operand.sql.text += is_junction && expr.operands.size() == 1 ? " AND 1)" : ")";
    return operand;
  }

  static bool is_null_test(CompareOp op, const Value& literal) {
    return literal.is_missing() && (op == CompareOp::Eq || op == CompareOp::Neq);
  }

  void append_literals(CompareOp op, const Value& left, const Value& right) {
    const Value a = query::comparable(left, query::Nesting::TopLevel);
    const Value b = query::comparable(right, query::Nesting::TopLevel);
    if (is_null_test(op, left) || is_null_test(op, right)) {
      const bool both = a.is_missing() && b.is_missing();
      out_.text += both == (op == CompareOp::Eq) ? "1" : "0";
    } else if (a.is_missing() || b.is_missing()) {
      out_.text += "NULL";
    } else {
      out_.text += holds(op, query::compare_values(a, b)) ? "1" : "0";
    }
  }

  Status append_with_literal(const Expr& expr, CompareOp op, const Value& literal) {
    MS_TRY(const Operand operand, operand_of(expr));
    if (is_null_test(op, literal)) {
      append_operand(operand, out_);
      out_.text += op == CompareOp::Eq ? " IS NULL" : " IS NOT NULL";
    } else {
      const Value bound = query::comparable(literal, query::Nesting::TopLevel);
      append_field_literal(layout_, operand, op, bound, out_);
    }
    return {};
  }

  Status append_operands(const Expr& left, CompareOp op, const Expr& right) {
    // The unary plus takes a column's affinity away, so that nothing is converted.
    MS_TRY(const Operand first, operand_of(left));
    MS_TRY(const Operand second, operand_of(right));
    out_.text += '+';
    append_operand(first, out_);
    out_.text += fmt::format("{}+", sql_of(op));
    append_operand(second, out_);
    return {};
  }

  Status append_in(const Expr& expr) {
    std::vector<Value> members;
    for (const Value& member : expr.literal.as_array()) {
      members.push_back(query::comparable(member, query::Nesting::TopLevel));
    }
    if (members.empty()) {
      out_.text += "0";
      return {};
    }
    const Expr& left = *expr.operands.front();
    if (left.kind == ExprKind::Literal) {
      append_literal_in(query::comparable(left.literal, query::Nesting::TopLevel), members);
      return {};
    }
    MS_TRY(const Operand operand, operand_of(left));
    return append_field_in(operand, std::move(members));
  }

  void append_literal_in(const Value& value, const std::vector<Value>& members) {
    const bool has_null = std::ranges::any_of(members, &Value::is_missing);
    const bool found = !value.is_missing() && std::ranges::any_of(members, [&](const Value& m) {
      return !m.is_missing() && query::compare_values(m, value) == std::strong_ordering::equal;
    });
    if (found) {
      out_.text += "1";
    } else {
      out_.text += value.is_missing() || has_null ? "NULL" : "0";
    }
  }

  Status append_field_in(const Operand& field, std::vector<Value> members) {
    if (field.kind == OperandKind::Missing) {
      out_.text += "NULL";
      return {};
    }
    const bool has_null =
        std::erase_if(members, [](const Value& member) { return member.is_missing(); }) > 0;
    if (const auto rank = field.rank()) {
      std::erase_if(members, [&](const Value& member) { return rank_of(member) != *rank; });
    }
    if (field.kind == OperandKind::Column && field.storage == StorageClass::Real) {
      keep_exact_reals(members);
    }
    if (members.empty()) {
      if (has_null) {
        out_.text += "NULL";
      } else {
        append_constant_unless_null(field, false, out_);
      }
      return {};
    }
    if (out_.values.size() + std::bit_ceil(members.size()) > kParametersMax) {
      return Error(ErrorCode::LimitExceeded,
                   fmt::format("a list with {} members is too long; split it", members.size()),
                   "list_members");
    }
    append_members(field, std::move(members), has_null);
    return {};
  }

  static void keep_exact_reals(std::vector<Value>& members) {
    std::erase_if(members, [](const Value& member) {
      return !real_bound_of(CompareOp::Eq, member).is_exact;
    });
    for (Value& member : members)
      member = real_bound_of(CompareOp::Eq, member).number;
  }

  /// The last member is repeated up to a power of two, so that lists of any length have few shapes.
  void append_members(const Operand& field, std::vector<Value> members, bool has_null) {
    const std::size_t count = std::bit_ceil(members.size());
    members.resize(count, Value(members.back()));
    append_operand(field, out_);
    out_.text += " IN(";
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out_.text += ',';
      append_parameter(out_, std::move(members[i]));
    }
    out_.text += has_null ? ",NULL)" : ")";
  }

  const TableLayout& layout_;
  SqlText& out_;
};

bool is_id_field(const Expr& expr) {
  return expr.kind == ExprKind::Field && expr.path.size() == 1 &&
         (expr.path[0] == schema::kIdField || expr.path[0] == schema::kCreationTimeField);
}

}  // namespace

Status append_expr(const TableLayout& layout, const query::Expr& expr, SqlText& out) {
  return ExprWriter(layout, out).append(expr);
}

bool bounds_row_number(const query::Expr& expr) {
  if (expr.kind == ExprKind::And) {
    return std::ranges::any_of(
        expr.operands, [](const query::ExprPtr& operand) { return bounds_row_number(*operand); });
  }
  return expr.kind == ExprKind::Compare &&
         std::ranges::any_of(expr.operands, [](const query::ExprPtr& side) {
           return side->kind == ExprKind::Field && side->path.size() == 1 &&
                  side->path[0] == query::kRowNumberField;
         });
}

bool bounds_id(const query::Expr& expr) {
  if (expr.kind == ExprKind::And) {
    return std::ranges::any_of(expr.operands,
                               [](const query::ExprPtr& operand) { return bounds_id(*operand); });
  }
  return expr.kind == ExprKind::Compare && expr.op != CompareOp::Neq &&
         std::ranges::any_of(expr.operands,
                             [](const query::ExprPtr& side) { return is_id_field(*side); });
}

}  // namespace moonstone::store::sqlite
