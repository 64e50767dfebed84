// Moonstone. Licence: see LICENSE.
#include "query/describe.h"

#include <utility>

#include "base/json.h"

namespace moonstone::query {
namespace {

constexpr std::string_view kEllipsis = "…";

std::string_view text_of(CompareOp op) {
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
  return " ? ";
}

std::string text_of(const Value& value) {
  return shortened_text(value.is_undefined() ? "undefined" : to_json(value),
                        kDescribedValueBytesMax);
}

std::string text_of_path(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& segment : path) {
    if (!text.empty()) text.push_back('.');
    text += segment == kRowNumberField ? "(row number)" : segment;
  }
  return text;
}

/// Writes a predicate; stops when the text is long enough, however large the tree is.
class Describer {
 public:
  enum class Values : unsigned char { Show, Hide };
  explicit Describer(Values values) : values_(values) {}

  void visit(const Expr& expr) {
    if (text_.size() > kDescribedBytesMax) return;
    switch (expr.kind) {
      case ExprKind::Literal:
        text_ += shown(expr.literal);
        return;
      case ExprKind::Field:
        text_ += text_of_path(expr.path);
        return;
      case ExprKind::Compare:
        visit_grouped(*expr.operands[0]);
        text_ += text_of(expr.op);
        visit_grouped(*expr.operands[1]);
        return;
      case ExprKind::And:
        return visit_all(expr, " and ", "true");
      case ExprKind::Or:
        return visit_all(expr, " or ", "false");
      case ExprKind::Not:
        text_ += "not (";
        visit(*expr.operands.front());
        text_ += ")";
        return;
      case ExprKind::In:
        visit_grouped(*expr.operands.front());
        text_ += " in " + shown(expr.literal);
        return;
      case ExprKind::Parameter:
        text_ += "?";
        return;
      case ExprKind::Like:
        return visit_pair(expr, " like ");
      case ExprKind::HasElement:
        return visit_pair(expr, " has ");
      case ExprKind::ListLength:
        text_ += "length of ";
        return visit_grouped(*expr.operands.front());
      case ExprKind::Raw:
        text_ += values_ == Values::Show ? "raw SQL (" + expr.sql + ")" : "raw SQL";
        return;
      case ExprKind::Opaque:
        return visit(*expr.operands.front());
    }
  }

  [[nodiscard]] std::string take() && { return shortened_text(text_, kDescribedBytesMax); }

 private:
  [[nodiscard]] std::string shown(const Value& value) const {
    return values_ == Values::Show ? text_of(value) : "?";
  }

  void visit_pair(const Expr& expr, std::string_view word) {
    visit_grouped(*expr.operands[0]);
    text_ += word;
    visit_grouped(*expr.operands[1]);
  }

  /// Operands that need parentheses get them.
  void visit_grouped(const Expr& expr) {
    const bool is_leaf = expr.kind == ExprKind::Literal || expr.kind == ExprKind::Field;
    if (is_leaf || expr.kind == ExprKind::Not) return visit(expr);
    text_ += "(";
    visit(expr);
    text_ += ")";
  }

  void visit_all(const Expr& expr, std::string_view separator, std::string_view if_empty) {
    if (expr.operands.empty()) text_ += if_empty;
    bool is_first = true;
    for (const ExprPtr& operand : expr.operands) {
      if (!std::exchange(is_first, false)) text_ += separator;
      const bool is_list = operand->kind == ExprKind::And || operand->kind == ExprKind::Or;
      if (is_list && expr.operands.size() > 1) {
        visit_grouped(*operand);
      } else {
        visit(*operand);
      }
    }
  }

  Values values_;
  std::string text_;
};

std::string text_of(const Expr& expr, Describer::Values values) {
  Describer describer(values);
  describer.visit(expr);
  return std::move(describer).take();
}

std::string describe_key(const AccessKey& key) {
  if (key.equal) return key.field + " = " + text_of(*key.equal);
  std::string text = key.field;
  if (key.low) text += " from " + text_of(*key.low);
  if (key.high) text += " to " + text_of(*key.high);
  return text;
}

std::string describe_path(const std::vector<AccessKey>& path) {
  std::string text;
  for (const AccessKey& key : path) {
    if (!text.empty()) text += ", ";
    text += describe_key(key);
  }
  return text;
}

/// The id, and the values by which the row stands where it does.
std::string describe_boundary(const Query& query, const Row& row) {
  std::string text = row.id;
  for (const SortKey& key : query.order) {
    if (key.field == "_id") continue;
    text += ", " + key.field + " " + text_of(sort_value_of(row, key));
  }
  return text;
}

std::string one_line(const DescribedDependency& parts) {
  if (parts.kind == "document") return "the document " + parts.condition;
  std::string text = parts.kind == "count" ? "how many rows of " : "rows of ";
  if (parts.kind == "table") text = "everything in ";
  text += parts.table;
  if (!parts.search.empty()) text += ", found by searching " + parts.search;
  if (!parts.condition.empty()) text += " where " + parts.condition;
  if (!parts.order.empty()) text += ", by " + parts.order;
  if (!parts.limit.empty()) text += ", the first " + parts.limit;
  if (!parts.boundary.empty()) text += ", up to " + parts.boundary;
  return text;
}

}  // namespace

std::string shortened_text(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t end = bytes_max;
  const auto is_continuation = [](char c) { return (static_cast<unsigned char>(c) >> 6) == 2; };
  while (end > 0 && is_continuation(text[end]))
    --end;
  return std::string(text.substr(0, end)).append(kEllipsis);
}

std::string describe(const Expr& expr) {
  return text_of(expr, Describer::Values::Show);
}

std::string shape_of(const Query& query) {
  std::string text = query.table;
  if (query.search) text += ", searching " + query.search->field;
  if (query.where != nullptr) {
    text += " where " + text_of(*query.where, Describer::Values::Hide);
  }
  const std::string order = describe_order(query);
  if (!order.empty()) text += ", by " + order;
  if (query.limit) text += ", the first ?";
  return text;
}

std::string describe_order(const Query& query) {
  if (query.search) return "relevance";
  std::string text;
  for (const SortKey& key : query.order) {
    if (!text.empty()) text += ", ";
    text += key.field;
    if (key.direction == Direction::Descending) text += " descending";
  }
  if (text.empty() && query.tie_break == Direction::Descending) text = "insertion, newest first";
  return text;
}

DescribedDependency describe(const Dependency& dependency) {
  DescribedDependency parts;
  parts.table = dependency.table;
  parts.found_by = describe_path(access_path_of(dependency));
  const Query& query = dependency.query;
  switch (dependency.kind) {
    case DependencyKind::Document:
      parts.kind = "document";
      parts.condition = dependency.id;
      break;
    case DependencyKind::Table:
      parts.kind = "table";
      break;
    case DependencyKind::Rows:
      parts.kind = "rows";
      parts.order = describe_order(query);
      if (query.limit) parts.limit = std::to_string(*query.limit);
      if (dependency.boundary) parts.boundary = describe_boundary(query, *dependency.boundary);
      break;
    case DependencyKind::Count:
      parts.kind = "count";
      break;
  }
  const bool has_plan =
      dependency.kind == DependencyKind::Rows || dependency.kind == DependencyKind::Count;
  if (has_plan && query.where != nullptr) parts.condition = describe(*query.where);
  if (has_plan && query.search) {
    parts.search = query.search->field + " for " + text_of(Value(query.search->text));
  }
  parts.text = one_line(parts);
  return parts;
}

}  // namespace moonstone::query
