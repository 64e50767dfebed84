// Moonstone. Licence: see LICENSE.
// evaluate: three-valued logic over a row image, to the letter as SQLite computes it.

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "query/expr.h"

namespace moonstone::query {
namespace {

/// A database value, held or borrowed: most operands need no copy.
class Operand {
 public:
  /// Lifetime: `value` must outlive the operand where it is a database value already.
  Operand(const Value& value, Nesting nesting) {
    if (is_database_value(value, nesting)) {
      borrowed_ = &value;
    } else {
      held_ = comparable(value, nesting);
    }
  }
  explicit Operand(Value held) : held_(std::move(held)) {}

  [[nodiscard]] const Value& value() const { return borrowed_ == nullptr ? held_ : *borrowed_; }

  /// Makes it independent of what it was made from.
  void own() {
    if (borrowed_ == nullptr) return;
    held_ = *borrowed_;
    borrowed_ = nullptr;
  }

 private:
  static bool is_database_value(const Value& value, Nesting nesting) {
    switch (value.kind()) {
      case ValueKind::Null:
      case ValueKind::Integer:
      case ValueKind::Text:
        return true;
      case ValueKind::Number:
        return std::isfinite(value.as_number());
      case ValueKind::Bytes:
        return nesting == Nesting::TopLevel;
      case ValueKind::Undefined:
      case ValueKind::Boolean:
      case ValueKind::Array:
      case ValueKind::Object:
        return false;
    }
    return false;
  }

  Value held_;
  const Value* borrowed_ = nullptr;
};

Truth truth_of(bool is_true) {
  return is_true ? Truth::True : Truth::False;
}

Truth negation(Truth truth) {
  if (truth == Truth::Unknown) return truth;
  return truth_of(truth == Truth::False);
}

/// Follows the path below the top-level value; null where it leads nowhere.
const Value* descend(const Value* value, const std::vector<std::string>& path) {
  for (std::size_t index = 1; index < path.size() && value != nullptr; ++index) {
    value = value->is_object() ? value->as_object().find(path[index]) : nullptr;
  }
  return value;
}

/// Only these look different inside JSON.
bool depends_on_nesting(const Value& value) {
  return value.is_bytes() || (value.is_number() && !std::isfinite(value.as_number()));
}

/// The operand borrows from the row: valid until the row is asked for another field.
Operand operand_of_path(const RowView& row, const std::vector<std::string>& path) {
  if (path.empty() || !is_addressable(path)) return Operand(Value(nullptr));
  const Value* value = descend(row.field(path.front()), path);
  if (value == nullptr) return Operand(Value(nullptr));
  if (path.size() > 1) return {*value, Nesting::Nested};
  return {*value, depends_on_nesting(*value) ? row.nesting(path.front()) : Nesting::TopLevel};
}

/// The JSON list in a field; null if there is none.
const Array* list_of(const Expr& expr, const RowView& row) {
  if (expr.kind != ExprKind::Field || expr.path.empty()) return nullptr;
  const Value* const value = descend(row.field(expr.path.front()), expr.path);
  return value != nullptr && value->is_array() ? &value->as_array() : nullptr;
}

/// SQLite's json_array_length: 0 of what is no list, NULL of NULL.
Value list_length(const Expr& expr, const RowView& row) {
  if (const Array* const list = list_of(expr, row)) {
    return static_cast<std::int64_t>(list->size());
  }
  const Value* const value = row.field(expr.path.empty() ? "" : expr.path.front());
  if (value == nullptr || value->is_missing()) return nullptr;
  return 0;
}

Operand operand_of(const Expr& expr, const RowView& row) {
  switch (expr.kind) {
    case ExprKind::Literal:
      return {expr.literal, Nesting::TopLevel};
    case ExprKind::Field:
      return operand_of_path(row, expr.path);
    case ExprKind::Compare:
    case ExprKind::And:
    case ExprKind::Or:
    case ExprKind::Not:
    case ExprKind::In:
    case ExprKind::Parameter:
    case ExprKind::Like:
    case ExprKind::HasElement:
    case ExprKind::Raw:
    case ExprKind::Opaque:
      break;
    case ExprKind::ListLength:
      return Operand(list_length(*expr.operands.front(), row));
  }
  const Truth truth = evaluate(expr, row);
  return Operand(truth == Truth::Unknown ? Value(nullptr) : Value(truth == Truth::True ? 1 : 0));
}

bool holds(CompareOp op, std::strong_ordering order) {
  switch (op) {
    case CompareOp::Eq:
      return order == 0;
    case CompareOp::Neq:
      return order != 0;
    case CompareOp::Lt:
      return order < 0;
    case CompareOp::Lte:
      return order <= 0;
    case CompareOp::Gt:
      return order > 0;
    case CompareOp::Gte:
      return order >= 0;
  }
  return false;
}

/// NULL and NaN, which SQLite stores and binds as NULL.
bool is_null(const Value& value) {
  return value.is_missing() || (value.is_number() && std::isnan(value.as_number()));
}

bool is_null_literal(const Expr& expr) {
  return expr.kind == ExprKind::Literal && expr.literal.is_missing();
}

Truth evaluate_compare(const Expr& expr, const RowView& row) {
  const Expr& left = *expr.operands[0];
  const Expr& right = *expr.operands[1];
  const bool is_equality = expr.op == CompareOp::Eq || expr.op == CompareOp::Neq;
  if (is_equality && (is_null_literal(left) || is_null_literal(right))) {
    const Operand other = operand_of(is_null_literal(right) ? left : right, row);
    return truth_of(is_null(other.value()) == (expr.op == CompareOp::Eq));
  }
  Operand left_operand = operand_of(left, row);
  if (left.kind != ExprKind::Literal && right.kind != ExprKind::Literal) left_operand.own();
  const Operand right_operand = operand_of(right, row);
  if (is_null(left_operand.value()) || is_null(right_operand.value())) return Truth::Unknown;
  return truth_of(holds(expr.op, compare_values(left_operand.value(), right_operand.value())));
}

/// The first operand that has the value `decisive` decides; else Unknown wins over its opposite.
Truth evaluate_list(const Expr& expr, const RowView& row, Truth decisive) {
  Truth outcome = negation(decisive);
  for (const ExprPtr& operand : expr.operands) {
    const Truth truth = evaluate(*operand, row);
    if (truth == decisive) return decisive;
    if (truth == Truth::Unknown) outcome = Truth::Unknown;
  }
  return outcome;
}

Truth evaluate_in(const Expr& expr, const RowView& row) {
  const Array& members = expr.literal.as_array();
  if (members.empty()) return Truth::False;
  const Operand operand = operand_of(*expr.operands.front(), row);
  if (is_null(operand.value())) return Truth::Unknown;
  Truth outcome = Truth::False;
  for (const Value& member : members) {
    const Operand candidate(member, Nesting::TopLevel);
    if (is_null(candidate.value())) {
      outcome = Truth::Unknown;
    } else if (compare_values(operand.value(), candidate.value()) == 0) {
      return Truth::True;
    }
  }
  return outcome;
}

Truth evaluate_has_element(const Expr& expr, const RowView& row) {
  const Array* const list = list_of(*expr.operands[0], row);
  const Operand wanted = operand_of(*expr.operands[1], row);
  if (list == nullptr || is_null(wanted.value())) return Truth::False;
  return truth_of(std::ranges::any_of(*list, [&](const Value& element) {
    const Operand candidate(element, Nesting::Nested);
    return !is_null(candidate.value()) && compare_values(candidate.value(), wanted.value()) == 0;
  }));
}

/// What LIKE makes of text and of numbers, which are as SQLite prints them: whole ones as those of
/// an INTEGER column.
std::string like_text(const Value& given) {
  const Value value = comparable(given, Nesting::TopLevel);
  if (value.is_text()) return value.as_text();
  if (value.is_integer()) return std::to_string(value.as_integer());
  const double number = value.as_number();
  if (std::isinf(number)) return number < 0 ? "-Inf" : "Inf";
  constexpr int kDigits = 15;
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                 std::chars_format::general, kDigits);
  std::string text(buffer.data(), end.ptr);
  if (!text.contains('.')) text.insert(std::min(text.find('e'), text.size()), ".0");
  return text;
}

Truth evaluate_like(const Expr& expr, const RowView& row) {
  Operand text = operand_of(*expr.operands[0], row);
  text.own();
  const Operand pattern = operand_of(*expr.operands[1], row);
  if (is_null(text.value()) || is_null(pattern.value())) return Truth::Unknown;
  if (text.value().is_bytes() || pattern.value().is_bytes()) return Truth::False;
  return truth_of(is_like(like_text(text.value()), like_text(pattern.value())));
}

std::size_t skip_digits(std::string_view text, std::size_t position) {
  while (position < text.size() && text[position] >= '0' && text[position] <= '9')
    ++position;
  return position;
}

/// The decimal number with which the text begins, 0 if there is none: SQLite's CAST to REAL.
double leading_number(std::string_view text) {
  const std::size_t start = std::min(text.find_first_not_of(" \t\n\v\f\r"), text.size());
  text.remove_prefix(start);
  const bool has_sign = !text.empty() && (text.front() == '-' || text.front() == '+');
  if (has_sign) text.remove_prefix(1);  // the sign does not change whether it is 0
  std::size_t end = skip_digits(text, 0);
  if (end < text.size() && text[end] == '.') end = skip_digits(text, end + 1);
  double number = 0;
  const auto result =
      std::from_chars(text.data(), text.data() + end, number, std::chars_format::fixed);
  if (result.ec == std::errc::result_out_of_range) return 1;
  if (result.ec != std::errc() || number == 0) return 0;
  // With an exponent it may be too small to be told from 0.
  const auto with_exponent = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_tiny =
      with_exponent.ec == std::errc::result_out_of_range && text.substr(end + 1).starts_with('-');
  return is_tiny ? 0 : number;
}

/// A value in the place of a predicate, as SQLite's WHERE takes it.
Truth truth_of_value(const Value& value) {
  if (is_null(value)) return Truth::Unknown;
  if (value.is_integer()) return truth_of(value.as_integer() != 0);
  if (value.is_number()) return truth_of(value.as_number() != 0);
  return truth_of(leading_number(value.is_text() ? value.as_text() : value.as_bytes().data) != 0);
}

}  // namespace

Truth evaluate(const Expr& expr, const RowView& row) {
  switch (expr.kind) {
    case ExprKind::Literal:
    case ExprKind::Field:
      return truth_of_value(operand_of(expr, row).value());
    case ExprKind::Compare:
      return evaluate_compare(expr, row);
    case ExprKind::And:
      return evaluate_list(expr, row, Truth::False);
    case ExprKind::Or:
      return evaluate_list(expr, row, Truth::True);
    case ExprKind::Not:
      return negation(evaluate(*expr.operands.front(), row));
    case ExprKind::In:
      return evaluate_in(expr, row);
    case ExprKind::Like:
      return evaluate_like(expr, row);
    case ExprKind::HasElement:
      return evaluate_has_element(expr, row);
    case ExprKind::ListLength:
      return truth_of_value(operand_of(expr, row).value());
    case ExprKind::Parameter:  // whoever evaluates has bound them (bind_parameters)
    case ExprKind::Raw:
    case ExprKind::Opaque:
      return Truth::Unknown;
  }
  return Truth::Unknown;
}

namespace {

char lower_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// The bytes of the character at `position`.
std::size_t character_bytes(std::string_view text, std::size_t position) {
  std::size_t end = position + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
    ++end;
  return end - position;
}

}  // namespace

bool is_like(std::string_view text, std::string_view pattern) {
  // Greedy with one place to come back to: of several %, only the last needs to grow.
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t at = 0;
  std::size_t wanted = 0;
  std::size_t retry_pattern = kNone;
  std::size_t retry_text = 0;
  while (at < text.size()) {
    if (wanted < pattern.size() && pattern[wanted] == '%') {
      retry_pattern = ++wanted;
      retry_text = at;
    } else if (wanted < pattern.size() && pattern[wanted] == '_') {
      at += character_bytes(text, at);
      ++wanted;
    } else if (wanted < pattern.size() && lower_ascii(pattern[wanted]) == lower_ascii(text[at])) {
      ++at;
      ++wanted;
    } else if (retry_pattern != kNone) {
      wanted = retry_pattern;
      retry_text += character_bytes(text, retry_text);
      at = retry_text;
    } else {
      return false;
    }
  }
  while (wanted < pattern.size() && pattern[wanted] == '%')
    ++wanted;
  return wanted == pattern.size();
}

Value comparable_field(const RowView& row, std::string_view name) {
  const Value* value = row.field(name);
  if (value == nullptr) return nullptr;
  return comparable(*value, depends_on_nesting(*value) ? row.nesting(name) : Nesting::TopLevel);
}

Value comparable_path(const RowView& row, const std::vector<std::string>& path) {
  return comparable(operand_of_path(row, path).value(), Nesting::TopLevel);
}

}  // namespace moonstone::query
