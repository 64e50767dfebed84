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
  const std::size_t nodes = 1 + (expr.kind == ExprKind::In ? expr.literal.as_array().size() : 0);
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
