// Moonstone. Licence: see LICENSE.
#include "query/expr_json.h"

#include <string>
#include <string_view>
#include <utility>

namespace moonstone::query {

namespace {

struct OperatorName {
  std::string_view name;
  CompareOp op;
};

constexpr OperatorName kOperators[] = {
    {"eq", CompareOp::Eq},   {"neq", CompareOp::Neq}, {"lt", CompareOp::Lt},
    {"lte", CompareOp::Lte}, {"gt", CompareOp::Gt},   {"gte", CompareOp::Gte},
};

/// Reads one predicate; keeps the path for messages and counts nodes.
class ExprReader {
 public:
  Result<ExprPtr> read(const Value& json, const std::string& path, std::size_t depth) {
    if (++nodes_ > kExprNodesMax || depth > kExprDepthMax) {
      return Error(ErrorCode::LimitExceeded, "a filter may have at most " +
                                                 std::to_string(kExprNodesMax) + " parts, nested " +
                                                 std::to_string(kExprDepthMax) + " deep");
    }
    MS_TRY(const std::string op, text_of(json, "op", path));
    if (op == "field") {
      MS_TRY(const std::string field, text_of(json, "path", path));
      return Expr::make_field(field);
    }
    if (op == "literal") {
      const Value* value = json.as_object().find("value");
      return Expr::make_literal(value == nullptr ? Value(nullptr) : *value);
    }
    if (op == "and" || op == "or") {
      MS_TRY(std::vector<ExprPtr> operands, read_list(json, path, depth));
      return op == "and" ? Expr::all_of(std::move(operands)) : Expr::any_of(std::move(operands));
    }
    if (op == "not") {
      MS_TRY(ExprPtr operand, read_member(json, "expr", path, depth));
      return Expr::negate(std::move(operand));
    }
    for (const OperatorName& known : kOperators) {
      if (known.name != op) continue;
      MS_TRY(ExprPtr left, read_member(json, "a", path, depth));
      MS_TRY(ExprPtr right, read_member(json, "b", path, depth));
      return Expr::compare(known.op, std::move(left), std::move(right));
    }
    return Error(ErrorCode::InvalidArgument, path + ": unknown operator \"" + op + "\"");
  }

 private:
  static Result<std::string> text_of(const Value& json,
                                     std::string_view name,
                                     const std::string& path) {
    const Value* member = json.is_object() ? json.as_object().find(name) : nullptr;
    if (member != nullptr && member->is_text()) return member->as_text();
    return Error(ErrorCode::InvalidArgument,
                 path + ": expected an object with a text member \"" + std::string(name) + "\"");
  }

  Result<ExprPtr> read_member(const Value& json,
                              std::string_view name,
                              const std::string& path,
                              std::size_t depth) {
    const Value* member = json.as_object().find(name);
    if (member == nullptr) {
      return Error(ErrorCode::InvalidArgument,
                   path + ": missing member \"" + std::string(name) + "\"");
    }
    return read(*member, path + "." + std::string(name), depth + 1);
  }

  Result<std::vector<ExprPtr>> read_list(const Value& json,
                                         const std::string& path,
                                         std::size_t depth) {
    const Value* list = json.as_object().find("exprs");
    if (list == nullptr || !list->is_array()) {
      return Error(ErrorCode::InvalidArgument, path + ": missing list \"exprs\"");
    }
    std::vector<ExprPtr> operands;
    for (const Value& element : list->as_array()) {
      const std::string place = path + ".exprs[" + std::to_string(operands.size()) + "]";
      MS_TRY(ExprPtr operand, read(element, place, depth + 1));
      operands.push_back(std::move(operand));
    }
    return operands;
  }

  std::size_t nodes_ = 0;
};

Object tagged(std::string_view op) {
  Object object;
  object.append("op", op);
  return object;
}

std::string dotted(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& segment : path) {
    if (!text.empty()) text.push_back('.');
    text.append(segment);
  }
  return text;
}

std::string_view name_of(CompareOp op) {
  for (const OperatorName& known : kOperators) {
    if (known.op == op) return known.name;
  }
  return "eq";
}

Value list_to_json(std::string_view op, const std::vector<ExprPtr>& operands) {
  Array list;
  for (const ExprPtr& operand : operands)
    list.push_back(expr_to_json(*operand));
  Object object = tagged(op);
  object.append("exprs", std::move(list));
  return object;
}

}  // namespace

Value expr_to_json(const Expr& expr) {
  Object object;
  switch (expr.kind) {
    case ExprKind::Literal:
      object = tagged("literal");
      object.append("value", expr.literal);
      break;
    case ExprKind::Field:
      object = tagged("field");
      object.append("path", dotted(expr.path));
      break;
    case ExprKind::Compare:
      object = tagged(name_of(expr.op));
      object.append("a", expr_to_json(*expr.operands[0]));
      object.append("b", expr_to_json(*expr.operands[1]));
      break;
    case ExprKind::And:
      return list_to_json("and", expr.operands);
    case ExprKind::Or:
      return list_to_json("or", expr.operands);
    case ExprKind::Not:
      object = tagged("not");
      object.append("expr", expr_to_json(*expr.operands[0]));
      break;
    case ExprKind::In:
      object = tagged("in");
      object.append("expr", expr_to_json(*expr.operands[0]));
      object.append("values", expr.literal);
      break;
    case ExprKind::Parameter:
    case ExprKind::Like:
    case ExprKind::HasElement:
    case ExprKind::ListLength:
    case ExprKind::Raw:
    case ExprKind::Opaque:  // of models, whose faces have JSON of their own
      return nullptr;
  }
  return object;
}

Result<ExprPtr> parse_expr_json(const Value& json) {
  return ExprReader().read(json, "$", 1);
}

}  // namespace moonstone::query
