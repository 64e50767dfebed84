// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/model_expr.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "schema/names.h"
#include "store/sqlite/internal/expr_operand.h"
#include "store/sqlite/internal/raw_expression.h"

namespace moonstone::store::sqlite {

namespace {

using query::CompareOp;
using query::Expr;
using query::ExprKind;
using schema::DerivedField;
using schema::ModelField;
using schema::ScalarKind;

/// Longer chains are halved: SQLite allows expressions 1,000 deep, and reads a chain as deep as it
/// is long.
constexpr std::size_t kChainMax = 64;

std::string_view sql_of(CompareOp op) {
  switch (op) {
    case CompareOp::Eq:
      return " = ";
    case CompareOp::Neq:
      return " != ";
    case CompareOp::Lt:
      return " < ";
    case CompareOp::Lte:
      return " <= ";
    case CompareOp::Gt:
      return " > ";
    case CompareOp::Gte:
      return " >= ";
  }
  return " = ";
}

bool is_value(const Expr& expr) {
  return expr.kind == ExprKind::Literal || expr.kind == ExprKind::Parameter;
}

bool is_null_literal(const Expr& expr) {
  return expr.kind == ExprKind::Literal && expr.literal.is_missing();
}

/// One side of a comparison.
struct Side {
  SqlFragment sql;
  ColumnClass column = ColumnClass::Any;
  bool is_path = false;  // a place inside JSON
  std::string subject{};
  const ModelField* field = nullptr;
};

/// Only STRICT tables hold nothing but the class of a column.
ColumnClass class_of(const schema::Model& model, const ModelField& field) {
  const bool is_strict = model.is_strict && !model.is_external && !model.is_view;
  if (!is_strict || !field.is_stored()) return ColumnClass::Any;
  if (field.is_list) return ColumnClass::Text;
  switch (field.scalar) {
    case ScalarKind::Integer:
    case ScalarKind::Boolean:
      return ColumnClass::Integer;
    case ScalarKind::Real:
      return ColumnClass::Real;
    case ScalarKind::Bytes:
      return ColumnClass::Bytes;
    case ScalarKind::Text:
    case ScalarKind::DateTime:
    case ScalarKind::Json:
    case ScalarKind::File:
      break;
  }
  return ColumnClass::Text;
}

/// The path behind the field as SQLite's JSON functions take it, quoted as text.
std::string json_path_sql(const std::vector<std::string>& path) {
  const auto is_word = [](std::string_view segment) {
    return std::ranges::all_of(segment, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
  };
  std::string sql = "'$";
  for (std::size_t i = 1; i < path.size(); ++i) {
    sql += is_word(path[i]) ? "." : ".\"";
    for (const char c : path[i])
      sql += c == '\'' ? "''" : std::string(1, c);
    if (!is_word(path[i])) sql += '"';
  }
  return sql + '\'';
}

/// json_each has columns of its own, which hide those of the same name outside.
bool is_column_of_json_each(const ModelField& field) {
  static constexpr std::array<std::string_view, 13> kNames = {
      "key",  "value", "type", "atom",  "id",      "parent", "fullkey",
      "path", "json",  "root", "rowid", "_rowid_", "oid"};
  return std::ranges::find(kNames, schema::fold_case(field.column)) != kNames.end();
}

/// What JSON functions can take of a column. A list is JSON, its CHECK says so; a Json field of no
/// type may hold any text (litestone.md 5.4), at which they would fail the whole statement.
std::string json_sql(const ModelField& field, std::string column) {
  if (field.is_list || !field.json_type.empty() || !field.is_stored()) return column;
  return fmt::format("CASE WHEN json_valid({0}) THEN {0} END", column);
}

class ModelExprWriter {
 public:
  ModelExprWriter(const ModelScope& scope, SqlFragment& out) : scope_(scope), out_(out) {}

  Status append(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::Literal:
      case ExprKind::Parameter:
        append_value(expr, {}, CompareOp::Eq);
        return {};
      case ExprKind::Field: {
        MS_TRY(const Side side, field_side(expr));
        out_.append(side.sql);
        return {};
      }
      case ExprKind::Compare:
        return append_compare(expr);
      case ExprKind::And:
        return append_junction(expr.operands, " AND ", "1 = 1");
      case ExprKind::Or:
        return append_junction(expr.operands, " OR ", "0 = 1");
      case ExprKind::Not:
        return append_negation(*expr.operands.front());
      case ExprKind::In:
        return append_in(expr, " IN (");
      case ExprKind::Like:
        return append_like(expr);
      case ExprKind::HasElement:
        return append_has_element(expr);
      case ExprKind::ListLength:
        return append_list("json_array_length(", *expr.operands.front(), scope_);
      case ExprKind::Raw:
        return append_raw(expr);
      case ExprKind::Opaque:
        return append(*expr.operands.front());
    }
    return Error(ErrorCode::Internal, "an unknown kind of predicate");
  }

  /// The same, safe beside any operator.
  Status append_operand(const Expr& expr) {
    if (is_value(expr) || expr.kind == ExprKind::Field || expr.kind == ExprKind::ListLength ||
        expr.kind == ExprKind::Raw) {
      return append(expr);
    }
    out_.text += "(";
    MS_TRY_STATUS(append(expr));
    out_.text += ")";
    return {};
  }

 private:
  Status append_junction(std::span<const query::ExprPtr> operands,
                         std::string_view word,
                         std::string_view neutral) {
    if (operands.empty()) {
      out_.text += neutral;
      return {};
    }
    if (operands.size() == 1) return append_alone(*operands.front());
    if (operands.size() > kChainMax) {
      const std::size_t half = operands.size() / 2;
      out_.text += "(";
      MS_TRY_STATUS(append_junction(operands.first(half), word, neutral));
      out_.text += fmt::format("){}(", word);
      MS_TRY_STATUS(append_junction(operands.subspan(half), word, neutral));
      out_.text += ")";
      return {};
    }
    bool is_first = true;
    for (const query::ExprPtr& operand : operands) {
      if (!std::exchange(is_first, false)) out_.text += word;
      MS_TRY_STATUS(append_member(*operand));
    }
    return {};
  }

  /// A junction of one is its operand's truth, and not its value.
  Status append_alone(const Expr& operand) {
    MS_TRY_STATUS(append_member(operand));
    const bool is_plain_value = is_value(operand) || operand.kind == ExprKind::Field ||
                                operand.kind == ExprKind::ListLength;
    if (is_plain_value) out_.text += " AND 1";
    return {};
  }

  /// An operand of AND or OR, which bind weaker than all but each other.
  Status append_member(const Expr& operand) {
    const Expr* inner = &operand;
    while (inner->kind == ExprKind::Opaque)
      inner = inner->operands.front().get();
    const bool is_junction = inner->kind == ExprKind::And || inner->kind == ExprKind::Or;
    if (is_junction) out_.text += "(";
    MS_TRY_STATUS(append(operand));
    if (is_junction) out_.text += ")";
    return {};
  }

  Status append_negation(const Expr& operand) {
    if (operand.kind == ExprKind::In) return append_in(operand, " NOT IN (");
    out_.text += "NOT (";
    MS_TRY_STATUS(append(operand));
    out_.text += ")";
    return {};
  }

  // Comparisons.

  Status append_compare(const Expr& expr) {
    const Expr& left = *expr.operands[0];
    const Expr& right = *expr.operands[1];
    if (is_value(left) && !is_value(right))
      return append_with_value(right, mirrored(expr.op), left);
    if (is_value(right)) return append_with_value(left, expr.op, right);
    // The unary plus takes a column's affinity away, so that nothing is converted.
    MS_TRY(const Side first, side_of(left));
    MS_TRY(const Side second, side_of(right));
    out_.text += '+';
    out_.append(first.sql);
    out_.text += fmt::format("{}+", sql_of(expr.op));
    out_.append(second.sql);
    return {};
  }

  Status append_with_value(const Expr& expr, CompareOp op, const Expr& value) {
    MS_TRY(const Side side, side_of(expr));
    const bool is_equality = op == CompareOp::Eq || op == CompareOp::Neq;
    if (is_equality && is_null_literal(value)) {
      out_.append(side.sql);
      out_.text += op == CompareOp::Eq ? " IS NULL" : " IS NOT NULL";
      return {};
    }
    if (is_equality && is_null_literal(expr)) {
      append_value(value, {}, op);
      out_.text += op == CompareOp::Eq ? " IS NULL" : " IS NOT NULL";
      return {};
    }
    if (is_equality && is_exists(side) && value.kind == ExprKind::Literal &&
        value.literal.is_boolean()) {
      const bool is_wanted = value.literal.as_boolean() == (op == CompareOp::Eq);
      if (!is_wanted) out_.text += "NOT ";
      out_.append(side.sql);
      return {};
    }
    if (is_text_beside_number(side, op, value)) {
      append_unless_null(side, op == CompareOp::Gt || op == CompareOp::Gte);
      return {};
    }
    out_.append(side.sql);
    out_.text += sql_of(op);
    append_value(value, side, op);
    return {};
  }

  static bool is_exists(const Side& side) {
    return side.field != nullptr && side.field->derived &&
           side.field->derived->operation == DerivedField::Operation::Exists;
  }

  /// Text is above all numbers.
  static bool is_text_beside_number(const Side& side, CompareOp op, const Expr& value) {
    if (side.column != ColumnClass::Text || value.kind != ExprKind::Literal) return false;
    if (op == CompareOp::Eq || op == CompareOp::Neq) return false;
    const Value& literal = value.literal;
    return literal.is_boolean() || literal.is_integer() || literal.is_number();
  }

  /// Unknown where the side is NULL, else `outcome`.
  void append_unless_null(const Side& side, bool outcome) {
    out_.text += '(';
    out_.append(side.sql);
    out_.text += outcome ? " IS NOT NULL OR NULL)" : " IS NULL AND NULL)";
  }

  void append_value(const Expr& value, const Side& side, CompareOp op) {
    std::variant<std::size_t, Value> source = value.parameter;
    if (value.kind == ExprKind::Literal) {
      source = query::comparable(value.literal, query::Nesting::TopLevel);
    }
    out_.append_place(FittedPlace{.use = FittedPlace::Use::Compared,
                                  .source = std::move(source),
                                  .column = side.column,
                                  .op = op,
                                  .subject = side.subject});
  }

  Result<Side> side_of(const Expr& expr) {
    if (expr.kind == ExprKind::Field) return field_side(expr);
    Side side;
    MS_TRY_STATUS(ModelExprWriter(scope_, side.sql).append_operand(expr));
    return side;
  }

  Result<Side> field_side(const Expr& expr) {
    if (expr.path.empty()) return Error(ErrorCode::InvalidArgument, "a field without a name");
    const std::string& name = expr.path.front();
    Side side;
    MS_TRY(side.sql, field_sql(scope_, name));
    side.field = scope_.model->find_field(name);
    if (side.field == nullptr) {
      side.column = ColumnClass::Integer;  // the row's number
      return side;
    }
    side.subject = fmt::format("field '{}' of model '{}'", name, scope_.model->name);
    if (expr.path.size() == 1) {
      side.column = class_of(*scope_.model, *side.field);
      return side;
    }
    if (side.field->scalar != ScalarKind::Json) {
      return Error(ErrorCode::InvalidArgument, fmt::format("{} has no members", side.subject),
                   "unknown_field");
    }
    side.is_path = true;
    if (!query::is_addressable(expr.path)) {
      side.sql = {.text = "NULL", .places = {}};
      return side;
    }
    side.sql.text = fmt::format("json_extract({}, {})", side.sql.text, json_path_sql(expr.path));
    return side;
  }

  // Lists of values.

  Status append_in(const Expr& expr, std::string_view word) {
    MS_TRY(Side side, side_of(*expr.operands.front()));
    if (expr.operands.size() == 2) {
      append_parameter_members(side, expr.operands[1]->parameter, word);
      return {};
    }
    const bool is_negated = word != " IN (";
    if (expr.literal.as_array().empty()) {
      out_.text += is_negated ? "1 = 1" : "0 = 1";
      return {};
    }
    out_.append(side.sql);
    out_.text += word;
    bool is_first = true;
    for (const Value& member : expr.literal.as_array()) {
      if (!std::exchange(is_first, false)) out_.text += ", ";
      append_value(*Expr::make_literal(member), side, CompareOp::Eq);
    }
    out_.text += ")";
    return {};
  }

  void append_parameter_members(const Side& side, std::size_t parameter, std::string_view word) {
    out_.append(side.sql);
    // JSON has no bytes.
    const bool is_bytes = side.column == ColumnClass::Bytes;
    out_.text += fmt::format("{}SELECT {} FROM json_each(", word,
                             is_bytes ? "moonstone_unhex(value)" : "value");
    out_.append_place(
        FittedPlace{.use = FittedPlace::Use::Members, .source = parameter, .column = side.column});
    out_.text += "))";
  }

  Status append_like(const Expr& expr) {
    MS_TRY(const Side text, side_of(*expr.operands[0]));
    if (text.is_path) out_.text += "CAST(";
    out_.append(text.sql);
    out_.text += text.is_path ? " AS TEXT) LIKE " : " LIKE ";
    return append_operand(*expr.operands[1]);
  }

  Status append_has_element(const Expr& expr) {
    ModelScope scope = scope_;
    const Expr& list = *expr.operands[0];
    const ModelField* const field = list.kind == ExprKind::Field && !list.path.empty()
                                        ? scope_.model->find_field(list.path.front())
                                        : nullptr;
    const bool is_hidden = field != nullptr && is_column_of_json_each(*field);
    if (is_hidden || !is_value(*expr.operands[1])) scope = qualified(scope_);
    out_.text += "EXISTS (SELECT 1 FROM json_each(";
    MS_TRY_STATUS(append_list("", list, scope));
    out_.text += " WHERE value = ";
    MS_TRY_STATUS(ModelExprWriter(scope, out_).append_operand(*expr.operands[1]));
    out_.text += ")";
    return {};
  }

  /// The arguments of a JSON function that takes a list, and what closes them.
  Status append_list(std::string_view function, const Expr& list, const ModelScope& scope) {
    out_.text += function;
    if (list.kind != ExprKind::Field || list.path.empty()) {
      MS_TRY_STATUS(ModelExprWriter(scope, out_).append(list));
      out_.text += ")";
      return {};
    }
    MS_TRY(SqlFragment column, field_sql(scope, list.path.front()));
    const ModelField* const field = scope.model->find_field(list.path.front());
    if (field != nullptr) column.text = json_sql(*field, std::move(column.text));
    out_.append(column);
    if (list.path.size() == 1) {
      out_.text += ")";
      return {};
    }
    const bool leads_somewhere = query::is_addressable(list.path);
    out_.text += leads_somewhere ? fmt::format(", {})", json_path_sql(list.path)) : ", NULL)";
    return {};
  }

  Status append_raw(const Expr& expr) {
    MS_TRY_STATUS(append_raw_sql(expr.sql, expr.operands.size(), out_.text));
    for (const query::ExprPtr& operand : expr.operands) {
      if (operand->kind == ExprKind::Parameter) {
        out_.places.emplace_back(operand->parameter);
      } else if (operand->kind == ExprKind::Literal) {
        out_.places.emplace_back(operand->literal);
      } else {
        return Error(ErrorCode::InvalidArgument, "a value of raw SQL must be a value", "sql");
      }
    }
    return {};
  }

  const ModelScope& scope_;
  SqlFragment& out_;
};

}  // namespace

Status append_model_expr(const ModelScope& scope, const query::Expr& expr, SqlFragment& out) {
  MS_TRY_STATUS(query::check_expr(expr));
  return ModelExprWriter(scope, out).append(expr);
}

Status append_model_operand(const ModelScope& scope, const query::Expr& expr, SqlFragment& out) {
  MS_TRY_STATUS(query::check_expr(expr));
  return ModelExprWriter(scope, out).append_operand(expr);
}

}  // namespace moonstone::store::sqlite
