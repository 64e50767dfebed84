// Moonstone. Licence: see LICENSE.
#pragma once
// Text to tokens. Source: litestone.md 2.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"
#include "schema/lite/parse.h"

namespace moonstone::lite {

enum class TokenKind : unsigned char {
  Identifier,
  Text,  // with its quotes
  Number,
  Boolean,
  Comment,  // of three slashes; without them, trimmed
  At,
  DoubleAt,
  LeftBrace,
  RightBrace,
  LeftBracket,
  RightBracket,
  LeftParenthesis,
  RightParenthesis,
  Comma,
  Colon,
  Question,
  Dot,
  Arrow,
  Or,
  And,
  Not,
  Equal,
  NotEqual,
  Less,
  Greater,
  LessOrEqual,
  GreaterOrEqual,
  End,
};

struct Token {
  TokenKind kind = TokenKind::End;
  std::string_view text;  // a part of the source, which outlives the token
  Position position;
};

/// The content of a Text token: without quotes; a backslash stands for the character behind it.
[[nodiscard]] std::string text_of(const Token& token);

/// The value of a Number token: an Integer if it is integral and exact in a double.
[[nodiscard]] Value number_of(const Token& token);

/// ` (line L, col C)`, which ends every error of tokens and syntax.
[[nodiscard]] std::string place_of(const Position& position);

/// The tokens of the text, the last one being End; or the problem with the first bad character.
/// `file` goes into the positions.
[[nodiscard]] std::expected<std::vector<Token>, Problem> tokenize(std::string_view text,
                                                                  std::uint32_t file,
                                                                  Dialect dialect);

}  // namespace moonstone::lite
