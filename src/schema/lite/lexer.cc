// Moonstone. Licence: see LICENSE.
#include "schema/lite/internal/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <expected>

#include <fmt/format.h>

#include "base/encoding.h"

namespace moonstone::lite {
namespace {

/// Characters of the source line that an error shows on either side of the bad one.
constexpr std::size_t kExcerptCharacters = 100;

/// Longer numbers are no numbers to a double.
constexpr std::size_t kNumberCharactersMax = 100;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool begins_identifier(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool continues_identifier(char c) {
  return begins_identifier(c) || is_digit(c);
}
bool is_continuation_byte(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// Bytes of the character that begins here. The text is known to be well-formed.
std::size_t character_bytes(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte < 0x80U) return 1;
  if (byte < 0xE0U) return 2;
  return byte < 0xF0U ? 3 : 4;
}

std::uint32_t code_point_of(std::string_view character) {
  constexpr std::array<std::uint32_t, 5> kFirstByteMasks{0, 0x7F, 0x1F, 0x0F, 0x07};
  std::uint32_t point =
      static_cast<unsigned char>(character.front()) & kFirstByteMasks.at(character.size());
  for (const char c : character.substr(1)) {
    point = (point << 6U) | (static_cast<unsigned char>(c) & 0x3FU);
  }
  return point;
}

bool is_ascii_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == ';';
}

/// What editors and web pages leave behind and nobody sees.
bool is_invisible_space(std::uint32_t point) {
  constexpr std::array<std::uint32_t, 7> kPoints{0x00A0, 0x2007, 0x202F, 0x200B,
                                                 0x200C, 0x200D, 0xFEFF};
  return std::ranges::find(kPoints, point) != kPoints.end();
}

std::string_view hint_for(std::uint32_t point) {
  if (point == 0x2018 || point == 0x2019) return "This is a curly quote. Did you mean ' ?";
  if (point == 0x201C || point == 0x201D) return "This is a curly quote. Did you mean \" ?";
  if (point == 0x2013 || point == 0x2014) return "This is a dash. Did you mean - ?";
  if (point == 0x00A0 || point == 0x2007 || point == 0x202F) {
    return "This is a non-breaking space. Replace it by an ordinary one.";
  }
  if (is_invisible_space(point) || point == 0x00AD || (point >= 0x2028 && point <= 0x202E) ||
      (point >= 0x2060 && point <= 0x2064)) {
    return "This character is invisible. Delete it.";
  }
  return {};
}

struct Mark {
  std::string_view text;
  TokenKind kind;
};

// Longer marks come before those that they begin with.
constexpr std::array<Mark, 22> kMarks{{
    {"@@", TokenKind::DoubleAt},
    {"@", TokenKind::At},
    {"->", TokenKind::Arrow},
    {"||", TokenKind::Or},
    {"&&", TokenKind::And},
    {"==", TokenKind::Equal},
    {"!=", TokenKind::NotEqual},
    {"!", TokenKind::Not},
    {"<=", TokenKind::LessOrEqual},
    {"<", TokenKind::Less},
    {">=", TokenKind::GreaterOrEqual},
    {">", TokenKind::Greater},
    {"{", TokenKind::LeftBrace},
    {"}", TokenKind::RightBrace},
    {"[", TokenKind::LeftBracket},
    {"]", TokenKind::RightBracket},
    {"(", TokenKind::LeftParenthesis},
    {")", TokenKind::RightParenthesis},
    {",", TokenKind::Comma},
    {":", TokenKind::Colon},
    {"?", TokenKind::Question},
    {".", TokenKind::Dot},
}};

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_ascii_space(text.front()) && text.front() != ';') {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_ascii_space(text.back()) && text.back() != ';') {
    text.remove_suffix(1);
  }
  return text;
}

class Lexer {
 public:
  Lexer(std::string_view text, std::uint32_t file, Dialect dialect)
      : text_(text), file_(file), dialect_(dialect) {}

  std::expected<std::vector<Token>, Problem> run() {
    while (skip_blanks() && !problem_ && at_ < text_.size()) {
      if (!read_token()) break;
    }
    if (problem_) return std::unexpected(*std::move(problem_));
    tokens_.push_back({TokenKind::End, text_.substr(text_.size()), here()});
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] Position here() const { return {file_, line_, column_}; }
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }

  /// Moves over whole characters and keeps count of lines and columns.
  void advance(std::size_t bytes) {
    for (const std::size_t end = at_ + bytes; at_ < end; ++at_) {
      if (text_[at_] == '\n') {
        ++line_;
        column_ = 1;
        line_begin_ = at_ + 1;
      } else if (!is_continuation_byte(text_[at_])) {
        ++column_;
      }
    }
  }

  void fail(const Position& position, std::string text) {
    problem_ = Problem{std::move(text) + place_of(position), position};
  }

  /// White space and ordinary comments. Returns false after a problem.
  bool skip_blanks() {
    while (at_ < text_.size()) {
      if (is_ascii_space(text_[at_])) {
        advance(1);
      } else if (rest().starts_with("//") && !rest().starts_with("///")) {
        advance(std::min(rest().find('\n'), rest().size()));
      } else if (rest().starts_with("/*")) {
        const std::size_t end = rest().find("*/", 2);
        if (end == std::string_view::npos) {
          fail(here(), "This comment has no end: */ is missing");
          return false;
        }
        advance(end + 2);
      } else if (!skip_invisible()) {
        return true;
      }
    }
    return true;
  }

  bool skip_invisible() {
    const std::size_t bytes = character_bytes(text_[at_]);
    if (bytes == 1 || dialect_ == Dialect::V1_0_3) return false;
    if (!is_invisible_space(code_point_of(text_.substr(at_, bytes)))) return false;
    if (at_ == 0) {
      line_begin_ = bytes;  // a byte order mark is no part of its line
    } else {
      ++column_;
    }
    at_ += bytes;
    return true;
  }

  bool read_token() {
    const char c = text_[at_];
    if (begins_identifier(c)) return read_identifier();
    if (c == '"' || c == '\'') return read_text(c);
    if (is_digit(c) || (c == '-' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
      return read_number();
    }
    if (rest().starts_with("///")) return read_comment();
    for (const Mark& mark : kMarks) {
      if (rest().starts_with(mark.text)) return take(mark.kind, mark.text.size());
    }
    fail_on_character();
    return false;
  }

  bool take(TokenKind kind, std::size_t bytes) {
    tokens_.push_back({kind, text_.substr(at_, bytes), here()});
    advance(bytes);
    return true;
  }

  bool read_identifier() {
    std::size_t bytes = 1;
    while (bytes < rest().size() && continues_identifier(rest()[bytes]))
      ++bytes;
    const std::string_view word = rest().substr(0, bytes);
    const bool is_boolean = word == "true" || word == "false";
    return take(is_boolean ? TokenKind::Boolean : TokenKind::Identifier, bytes);
  }

  bool read_text(char quote) {
    std::size_t bytes = 1;
    while (bytes < rest().size() && rest()[bytes] != quote) {
      bytes += rest()[bytes] == '\\' ? 2 : 1;
    }
    if (bytes >= rest().size()) {
      fail(here(), fmt::format("This string has no end: {} is missing", quote));
      return false;
    }
    return take(TokenKind::Text, bytes + 1);
  }

  bool read_number() {
    std::size_t bytes = 1;
    while (bytes < rest().size() && (is_digit(rest()[bytes]) || rest()[bytes] == '.'))
      ++bytes;
    const std::string_view number = rest().substr(0, bytes);
    // DEVIATION(litestone 2): the original takes two dots and makes NaN of them.
    if (std::ranges::count(number, '.') > 1 || bytes > kNumberCharactersMax) {
      fail(here(), fmt::format("'{}' is not a number", number));
      return false;
    }
    return take(TokenKind::Number, bytes);
  }

  bool read_comment() {
    const std::size_t bytes = std::min(rest().find('\n'), rest().size());
    tokens_.push_back({TokenKind::Comment, trim(rest().substr(3, bytes - 3)), here()});
    advance(bytes);
    return true;
  }

  void fail_on_character() {
    const std::string_view character = text_.substr(at_, character_bytes(text_[at_]));
    const std::uint32_t point = code_point_of(character);
    const bool is_printable = point >= 0x20 && point < 0x7F;
    const std::string shown =
        is_printable ? std::string(character) : fmt::format("U+{:04X}", point);
    const std::string place = place_of(here());
    std::string text = fmt::format("Unexpected character '{}'{}\n{}", shown, place, excerpt());
    if (const std::string_view hint = hint_for(point); !hint.empty()) {
      text += "\n  ";
      text += hint;
    }
    fail(here(), std::move(text));
  }

  /// The line of the present character, and a mark below it. Of a long line only a part.
  [[nodiscard]] std::string excerpt() const {
    std::size_t begin = line_begin_;
    std::size_t before = 0;  // characters between `begin` and the bad one
    for (std::size_t at = line_begin_; at < at_; ++at) {
      if (!is_continuation_byte(text_[at])) ++before;
    }
    while (before > kExcerptCharacters) {
      begin += character_bytes(text_[begin]);
      --before;
    }
    std::size_t end = at_;
    for (std::size_t count = 0; count < kExcerptCharacters && end < text_.size(); ++count) {
      if (text_[end] == '\n' || text_[end] == '\r') break;
      end += character_bytes(text_[end]);
    }
    return fmt::format("  {}\n  {:{}}^", text_.substr(begin, end - begin), "",
                       static_cast<int>(before));
  }

  std::string_view text_;
  std::uint32_t file_;
  Dialect dialect_;
  std::size_t at_ = 0;
  std::size_t line_begin_ = 0;
  std::uint32_t line_ = 1;
  std::uint32_t column_ = 1;
  std::vector<Token> tokens_;
  std::optional<Problem> problem_;
};

}  // namespace

std::string text_of(const Token& token) {
  const std::string_view inner = token.text.substr(1, token.text.size() - 2);
  std::string text;
  text.reserve(inner.size());
  for (std::size_t at = 0; at < inner.size(); ++at) {
    if (inner[at] == '\\') ++at;
    text += inner[at];
  }
  return text;
}

Value number_of(const Token& token) {
  constexpr double kExactMax = 9'007'199'254'740'991;
  double number = 0;
  std::from_chars(token.text.data(), token.text.data() + token.text.size(), number);
  if (std::trunc(number) == number && std::abs(number) <= kExactMax) {
    return static_cast<std::int64_t>(number);
  }
  return number;
}

std::string place_of(const Position& position) {
  return fmt::format(" (line {}, col {})", position.line, position.column);
}

std::expected<std::vector<Token>, Problem> tokenize(std::string_view text,
                                                    std::uint32_t file,
                                                    Dialect dialect) {
  if (!is_utf8(text)) {
    return std::unexpected(Problem{"The schema is not valid UTF-8 text", {file, 0, 0}});
  }
  return Lexer(text, file, dialect).run();
}

}  // namespace moonstone::lite
