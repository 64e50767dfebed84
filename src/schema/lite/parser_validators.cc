// Moonstone. Licence: see LICENSE.
//
// The validators among the attributes of fields. Source: litestone.md 3.1 and 28
#include <optional>

#include "schema/lite/internal/attribute_names.h"
#include "schema/lite/internal/parser.h"

namespace moonstone::lite {
namespace {

/// What stands between the parentheses before the message.
enum class Arguments : unsigned char { None, Text, Number, Range };

Arguments arguments_of(ValidatorKind kind) {
  switch (kind) {
    case ValidatorKind::Email:
    case ValidatorKind::Url:
    case ValidatorKind::Phone:
    case ValidatorKind::Date:
    case ValidatorKind::DateTime:
    case ValidatorKind::UniqueItems:
      return Arguments::None;
    case ValidatorKind::Regex:
    case ValidatorKind::StartsWith:
    case ValidatorKind::EndsWith:
    case ValidatorKind::Contains:
      return Arguments::Text;
    case ValidatorKind::Length:
      return Arguments::Range;
    case ValidatorKind::Less:
    case ValidatorKind::LessOrEqual:
    case ValidatorKind::Greater:
    case ValidatorKind::GreaterOrEqual:
    case ValidatorKind::MinItems:
    case ValidatorKind::MaxItems:
      return Arguments::Number;
  }
  return Arguments::None;
}

std::optional<ValidatorKind> find_validator_kind(std::string_view name) {
  constexpr int kLast = static_cast<int>(ValidatorKind::UniqueItems);
  for (int number = 0; number <= kLast; ++number) {
    const auto kind = static_cast<ValidatorKind>(number);
    if (word_of(kind) == name) return kind;
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<FieldAttribute>> Parser::parse_validator(const Token& name) {
  const std::optional<ValidatorKind> kind = find_validator_kind(name.text);
  if (!kind) return std::nullopt;
  Validator validator;
  validator.kind = *kind;
  switch (arguments_of(*kind)) {
    case Arguments::None:
      if (!accept(TokenKind::LeftParenthesis)) return validator;
      if (is_next(TokenKind::Text)) validator.message = text_of(next());
      MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "a message in quotes or ')'"));
      return validator;
    case Arguments::Text: {
      MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
      MS_TRY(validator.text, expect_text("a text in quotes"));
      break;
    }
    case Arguments::Number: {
      MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
      MS_TRY(validator.value, expect_number("a number"));
      break;
    }
    case Arguments::Range:
      MS_TRY_STATUS(parse_length(validator));
      break;
  }
  MS_TRY_STATUS(parse_message(validator));
  return validator;
}

/// `(3`, `(3,5`, `(,5` or, before a message, `(3,`.
Status Parser::parse_length(Validator& validator) {
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  const bool has_minimum = is_next(TokenKind::Number);
  if (has_minimum) validator.minimum = number_of(next()).to_double();
  const bool has_maximum = is_next(TokenKind::Comma) && peek(1).kind == TokenKind::Number;
  if (has_maximum) {
    next();
    validator.maximum = number_of(next()).to_double();
  } else if (has_minimum && is_next(TokenKind::Comma) && peek(1).kind == TokenKind::Comma) {
    next();
  }
  if (!has_minimum && !has_maximum) return fail_expected("a length");
  return ok();
}

/// `, "message")` or `)`.
Status Parser::parse_message(Validator& validator) {
  if (accept(TokenKind::Comma)) {
    MS_TRY(validator.message, expect_text("a message in quotes"));
  }
  return expect(TokenKind::RightParenthesis, "',' or ')'");
}

}  // namespace moonstone::lite
