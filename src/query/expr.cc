// Moonstone. Licence: see LICENSE.
#include "query/expr.h"

#include <algorithm>

namespace moonstone::query {
namespace {

std::shared_ptr<Expr> make(ExprKind kind) {
  auto expr = std::make_shared<Expr>();
  expr->kind = kind;
  return expr;
}

ExprPtr make_list(ExprKind kind, std::vector<ExprPtr> operands) {
  auto expr = make(kind);
  expr->operands = std::move(operands);
  return expr;
}

bool must_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20U || c == '"' || c == '\\';
}

void collect_fields(const Expr& expr, std::vector<std::string>& fields) {
  if (expr.kind == ExprKind::Field && !expr.path.empty() &&
      std::ranges::find(fields, expr.path.front()) == fields.end()) {
    fields.push_back(expr.path.front());
  }
  for (const ExprPtr& operand : expr.operands)
    collect_fields(*operand, fields);
}

/// Counts what is left of the limits; walks no deeper than they allow.
Status count_nodes(const Expr& expr, std::size_t depth_left, std::size_t& nodes_left) {
  if (depth_left == 0) {
    return Error(ErrorCode::LimitExceeded,
                 "the filter is nested deeper than " + std::to_string(kExprDepthMax) + " levels");
  }
  const bool lists_members = expr.kind == ExprKind::In && expr.literal.is_array();
  const std::size_t nodes = 1 + (lists_members ? expr.literal.as_array().size() : 0);
  if (nodes > nodes_left) {
    return Error(
        ErrorCode::LimitExceeded,
        "the filter has more than " + std::to_string(kExprNodesMax) + " conditions and values");
  }
  nodes_left -= nodes;
  for (const ExprPtr& operand : expr.operands) {
    MS_TRY_STATUS(count_nodes(*operand, depth_left - 1, nodes_left));
  }
  return ok();
}

}  // namespace

ExprPtr Expr::make_literal(Value value) {
  auto expr = make(ExprKind::Literal);
  expr->literal = std::move(value);
  return expr;
}

ExprPtr Expr::make_field(std::string_view dotted_path) {
  auto expr = make(ExprKind::Field);
  for (;;) {
    const std::size_t dot = dotted_path.find('.');
    expr->path.emplace_back(dotted_path.substr(0, dot));
    if (dot == std::string_view::npos) return expr;
    dotted_path.remove_prefix(dot + 1);
  }
}

ExprPtr Expr::compare(CompareOp op, ExprPtr left, ExprPtr right) {
  auto expr = make(ExprKind::Compare);
  expr->op = op;
  expr->operands = {std::move(left), std::move(right)};
  return expr;
}

ExprPtr Expr::all_of(std::vector<ExprPtr> operands) {
  return make_list(ExprKind::And, std::move(operands));
}

ExprPtr Expr::any_of(std::vector<ExprPtr> operands) {
  return make_list(ExprKind::Or, std::move(operands));
}

ExprPtr Expr::negate(ExprPtr operand) {
  return make_list(ExprKind::Not, {std::move(operand)});
}

ExprPtr Expr::in(ExprPtr operand, Array members) {
  auto expr = make(ExprKind::In);
  expr->literal = std::move(members);
  expr->operands = {std::move(operand)};
  return expr;
}

ExprPtr Expr::make_parameter(std::size_t position) {
  auto expr = make(ExprKind::Parameter);
  expr->parameter = position;
  return expr;
}

ExprPtr Expr::in_parameter(ExprPtr operand, std::size_t position) {
  return make_list(ExprKind::In, {std::move(operand), make_parameter(position)});
}

ExprPtr Expr::like(ExprPtr operand, ExprPtr pattern) {
  return make_list(ExprKind::Like, {std::move(operand), std::move(pattern)});
}

ExprPtr Expr::has_element(ExprPtr list, ExprPtr element) {
  return make_list(ExprKind::HasElement, {std::move(list), std::move(element)});
}

ExprPtr Expr::list_length(ExprPtr list) {
  return make_list(ExprKind::ListLength, {std::move(list)});
}

ExprPtr Expr::raw(std::string sql, std::vector<ExprPtr> values) {
  auto expr = make(ExprKind::Raw);
  expr->sql = std::move(sql);
  expr->operands = std::move(values);
  return expr;
}

ExprPtr Expr::opaque(ExprPtr operand) {
  return make_list(ExprKind::Opaque, {std::move(operand)});
}

bool is_opaque(const Expr& expr) {
  if (expr.kind == ExprKind::Raw || expr.kind == ExprKind::Opaque) return true;
  return std::ranges::any_of(expr.operands,
                             [](const ExprPtr& operand) { return is_opaque(*operand); });
}

ExprPtr bind_parameters(const ExprPtr& expr, std::span<const Value> values) {
  if (expr->kind == ExprKind::Parameter) return Expr::make_literal(values[expr->parameter]);
  if (expr->operands.empty()) return expr;
  auto bound = std::make_shared<Expr>(*expr);
  if (expr->kind == ExprKind::In && expr->operands.size() == 2) {
    const Value& members = values[expr->operands[1]->parameter];
    bound->literal = members.is_array() ? members : Value(Array());
    bound->operands.pop_back();
  }
  for (ExprPtr& operand : bound->operands)
    operand = bind_parameters(operand, values);
  return bound;
}

bool is_addressable(const std::vector<std::string>& path) {
  return std::ranges::all_of(path.begin() + (path.empty() ? 0 : 1), path.end(),
                             [](const std::string& segment) {
                               return !segment.empty() && segment.front() != '$' &&
                                      std::ranges::none_of(segment, must_escape);
                             });
}

std::vector<std::string> fields_of(const Expr& expr) {
  std::vector<std::string> fields;
  collect_fields(expr, fields);
  return fields;
}

Status check_expr(const Expr& expr) {
  std::size_t nodes_left = kExprNodesMax;
  return count_nodes(expr, kExprDepthMax, nodes_left);
}

}  // namespace moonstone::query
