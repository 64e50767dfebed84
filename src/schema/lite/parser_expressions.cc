// Moonstone. Licence: see LICENSE.
//
// Policy expressions. Source: litestone.md 3.3
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "schema/lite/internal/parser.h"

namespace moonstone::lite {
namespace {

std::optional<CompareOperator> compare_operator_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::Equal:
      return CompareOperator::Equal;
    case TokenKind::NotEqual:
      return CompareOperator::NotEqual;
    case TokenKind::Less:
      return CompareOperator::Less;
    case TokenKind::Greater:
      return CompareOperator::Greater;
    case TokenKind::LessOrEqual:
      return CompareOperator::LessOrEqual;
    case TokenKind::GreaterOrEqual:
      return CompareOperator::GreaterOrEqual;
    default:
      return std::nullopt;
  }
}

Expression literal(Value value) {
  Expression expression;
  expression.kind = ExpressionKind::Literal;
  expression.literal = std::move(value);
  return expression;
}

}  // namespace

Result<Expression> Parser::parse_expression() {
  MS_TRY(auto parsed, parse_or(1));
  return std::move(parsed.expression);
}

// `depth` counts open parentheses and negations, which become frames of this recursion; the height
// also counts what `a && b && c` nests to the left.

Result<Parser::ParsedExpression> Parser::parse_or(std::size_t depth) {
  MS_TRY(auto left, parse_and(depth));
  while (accept(TokenKind::Or)) {
    MS_TRY(auto right, parse_and(depth));
    MS_TRY(left, join(ExpressionKind::Or, std::move(left), std::move(right)));
  }
  return left;
}

Result<Parser::ParsedExpression> Parser::parse_and(std::size_t depth) {
  MS_TRY(auto left, parse_not(depth));
  while (accept(TokenKind::And)) {
    MS_TRY(auto right, parse_not(depth));
    MS_TRY(left, join(ExpressionKind::And, std::move(left), std::move(right)));
  }
  return left;
}

Result<Parser::ParsedExpression> Parser::parse_not(std::size_t depth) {
  MS_TRY_STATUS(check_height(depth));
  if (!accept(TokenKind::Not)) return parse_primary(depth);
  MS_TRY(auto operand, parse_not(depth + 1));
  MS_TRY_STATUS(check_height(operand.height + 1));
  ParsedExpression result;
  result.expression.kind = ExpressionKind::Not;
  result.expression.operands.push_back(std::move(operand.expression));
  result.height = operand.height + 1;
  return result;
}

Result<Parser::ParsedExpression> Parser::parse_primary(std::size_t depth) {
  if (accept(TokenKind::LeftParenthesis)) {
    MS_TRY(auto inner, parse_or(depth + 1));
    MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
    return inner;
  }
  MS_TRY(auto left, parse_operand());
  const std::optional<CompareOperator> compare = compare_operator_of(peek().kind);
  if (!compare) return ParsedExpression{std::move(left), 1};
  next();
  MS_TRY(auto right, parse_operand());
  ParsedExpression result;
  result.expression.kind = ExpressionKind::Compare;
  result.expression.compare = *compare;
  result.expression.operands.push_back(std::move(left));
  result.expression.operands.push_back(std::move(right));
  result.height = 2;
  return result;
}

Result<Expression> Parser::parse_operand() {
  switch (peek().kind) {
    case TokenKind::Boolean:
      return literal(next().text == "true");
    case TokenKind::Text:
      return literal(text_of(next()));
    case TokenKind::Number:
      return literal(number_of(next()));
    case TokenKind::Identifier:
      return parse_call_or_field();
    default:
      return fail_expected("a value: auth(), now(), check(…), null, a literal or a field");
  }
}

Result<Expression> Parser::parse_call_or_field() {
  const Token& name = next();
  Expression result;
  if (!is_next(TokenKind::LeftParenthesis)) {
    if (name.text == "null") return literal(nullptr);
    result.kind = ExpressionKind::Field;
    result.name = std::string(name.text);
    return result;
  }
  next();
  if (name.text == "check") {
    result.kind = ExpressionKind::Check;
    MS_TRY(result.name, expect_name("the name of a relation"));
    if (accept(TokenKind::Comma)) {
      MS_TRY(result.operation, expect_text("an operation in quotes"));
    }
    MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
    return result;
  }
  if (name.text != "auth" && name.text != "now") {
    return fail(name,
                fmt::format("Unknown function '{}' in an expression — expected auth(), now() or "
                            "check(…)",
                            name.text));
  }
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  result.kind = name.text == "now" ? ExpressionKind::Now : ExpressionKind::Auth;
  if (result.kind == ExpressionKind::Auth && accept(TokenKind::Dot)) {
    MS_TRY(result.name, expect_name("the name of a claim"));
  }
  return result;
}

Result<Parser::ParsedExpression> Parser::join(ExpressionKind kind,
                                              ParsedExpression left,
                                              ParsedExpression right) {
  ParsedExpression result;
  result.height = 1 + std::max(left.height, right.height);
  MS_TRY_STATUS(check_height(result.height));
  result.expression.kind = kind;
  result.expression.operands.reserve(2);
  result.expression.operands.push_back(std::move(left.expression));
  result.expression.operands.push_back(std::move(right.expression));
  return result;
}

Status Parser::check_height(std::size_t height) {
  if (height <= options_.limits.expression_depth_max) return ok();
  return fail(peek(), fmt::format("The expression is nested more than {} levels deep",
                                  options_.limits.expression_depth_max));
}

}  // namespace moonstone::lite
