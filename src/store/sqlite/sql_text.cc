// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/sql_text.h"

#include <algorithm>
#include <array>

namespace moonstone::store::sqlite {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// All bytes of characters beyond ASCII belong to names.
bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

bool equal_words(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

/// Behind the quote that closes what opens at `from`; a doubled quote stands for one.
std::size_t end_of_quoted(std::string_view text, std::size_t from, char close) {
  std::size_t i = from + 1;
  while (i < text.size()) {
    if (text[i] != close) {
      ++i;
    } else if (close != ']' && i + 1 < text.size() && text[i + 1] == close) {
      i += 2;
    } else {
      return i + 1;
    }
  }
  return text.size();
}

/// Behind the comment that begins at `from`, or `from` if none does.
std::size_t end_of_comment(std::string_view text, std::size_t from) {
  if (text.substr(from).starts_with("--")) {
    const std::size_t end = text.find('\n', from);
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  if (text.substr(from).starts_with("/*")) {
    const std::size_t end = text.find("*/", from + 2);
    return end == std::string_view::npos ? text.size() : end + 2;
  }
  return from;
}

std::size_t end_of_number(std::string_view text, std::size_t from) {
  const bool is_hexadecimal = equal_words(text.substr(from, 2), "0x");
  std::size_t i = from;
  while (i < text.size()) {
    const bool is_exponent_sign = (text[i] == '+' || text[i] == '-') && i > from &&
                                  lower(text[i - 1]) == 'e' && !is_hexadecimal;
    if (!is_name_byte(text[i]) && text[i] != '.' && !is_exponent_sign) break;
    ++i;
  }
  return i;
}

struct Lexeme {
  SqlTokenKind kind;
  std::size_t end;
};

Lexeme lexeme_at(std::string_view text, std::size_t i) {
  const char c = text[i];
  if (c == '\'') return {SqlTokenKind::Text, end_of_quoted(text, i, '\'')};
  if (c == '"' || c == '`') return {SqlTokenKind::Quoted, end_of_quoted(text, i, c)};
  if (c == '[') return {SqlTokenKind::Quoted, end_of_quoted(text, i, ']')};
  const char next = i + 1 < text.size() ? text[i + 1] : '\0';
  if (lower(c) == 'x' && next == '\'')
    return {SqlTokenKind::Text, end_of_quoted(text, i + 1, '\'')};
  if (is_digit(c) || (c == '.' && is_digit(next))) {
    return {SqlTokenKind::Number, end_of_number(text, i)};
  }
  if (is_name_byte(c)) {
    std::size_t end = i;
    while (end < text.size() && is_name_byte(text[end]))
      ++end;
    return {SqlTokenKind::Word, end};
  }
  constexpr std::array<std::string_view, 9> kPairs = {"<=", ">=", "==", "!=", "<>",
                                                      "||", "->", "<<", ">>"};
  const bool is_pair = std::ranges::find(kPairs, text.substr(i, 2)) != kPairs.end();
  return {SqlTokenKind::Mark, i + (is_pair ? 2 : 1)};
}

/// Follows the tokens of a statement and knows whether a semicolon ends it.
class StatementEnd {
 public:
  void see(const SqlToken& token) {
    ++count_;
    if (count_ == 1) begins_with_create_ = token.is("create");
    // CREATE [TEMP|TEMPORARY] TRIGGER
    if (begins_with_create_ && count_ <= 3 && token.is("trigger")) is_trigger_ = true;
    if (!is_trigger_) return;
    if (token.is("begin") || token.is("case")) ++open_;
    if (token.is("end") && open_ > 0) --open_;
  }
  [[nodiscard]] bool ends_here() const { return open_ == 0; }

 private:
  std::size_t count_ = 0;
  std::size_t open_ = 0;  // BEGIN and CASE without their END
  bool begins_with_create_ = false;
  bool is_trigger_ = false;
};

}  // namespace

bool SqlToken::is(std::string_view word) const {
  return (kind == SqlTokenKind::Word || kind == SqlTokenKind::Mark) && equal_words(text, word);
}

std::vector<SqlToken> sql_tokens(std::string_view text) {
  std::vector<SqlToken> tokens;
  std::size_t depth = 0;
  std::size_t i = 0;
  while (i < text.size()) {
    if (is_space(text[i])) {
      ++i;
      continue;
    }
    if (const std::size_t end = end_of_comment(text, i); end != i) {
      i = end;
      continue;
    }
    const Lexeme lexeme = lexeme_at(text, i);
    if (text[i] == ')' && depth > 0) --depth;
    tokens.push_back({lexeme.kind, text.substr(i, lexeme.end - i), i, depth});
    if (text[i] == '(') ++depth;
    i = lexeme.end;
  }
  return tokens;
}

std::string unquoted(std::string_view name) {
  if (name.size() < 2) return std::string(name);
  const char open = name.front();
  const char close = open == '[' ? ']' : open;
  if ((open != '"' && open != '`' && open != '[' && open != '\'') || name.back() != close) {
    return std::string(name);
  }
  std::string out;
  for (std::size_t i = 1; i + 1 < name.size(); ++i) {
    out += name[i];
    if (open != '[' && name[i] == close) ++i;  // a doubled quote
  }
  return out;
}

std::string quoted_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    out += c;
    if (c == '"') out += c;
  }
  return out + '"';
}

std::vector<std::string> split_sql(std::string_view text) {
  const std::vector<SqlToken> tokens = sql_tokens(text);
  std::vector<std::string> statements;
  StatementEnd statement;
  std::size_t first = 0;
  for (std::size_t i = 0; i <= tokens.size(); ++i) {
    const bool is_end = i == tokens.size() || (tokens[i].is(";") && statement.ends_here());
    if (!is_end) {
      statement.see(tokens[i]);
      continue;
    }
    const auto piece = std::span(tokens).subspan(first, i - first);
    if (!piece.empty()) statements.emplace_back(source_of(text, piece));
    first = i + 1;
    statement = StatementEnd();
  }
  return statements;
}

std::string canonical_sql(std::string_view text) {
  std::string out;
  for (const SqlToken& token : sql_tokens(text)) {
    if (!out.empty()) out += ' ';
    if (token.kind == SqlTokenKind::Text) {
      out += token.text;
    } else {
      out += lower_case(token.kind == SqlTokenKind::Quoted ? unquoted(token.text)
                                                           : std::string(token.text));
    }
  }
  while (out.ends_with(" ;"))
    out.resize(out.size() - 2);
  return out;
}

std::vector<std::span<const SqlToken>> split_at_commas(std::span<const SqlToken> tokens,
                                                       std::size_t depth) {
  std::vector<std::span<const SqlToken>> pieces;
  std::size_t first = 0;
  for (std::size_t i = 0; i <= tokens.size(); ++i) {
    if (i < tokens.size() && !(tokens[i].depth == depth && tokens[i].is(","))) continue;
    if (i > first) pieces.push_back(tokens.subspan(first, i - first));
    first = i + 1;
  }
  return pieces;
}

std::span<const SqlToken> parenthesised(std::span<const SqlToken> tokens, std::size_t open) {
  for (std::size_t i = open + 1; i < tokens.size(); ++i) {
    if (tokens[i].is(")") && tokens[i].depth == tokens[open].depth) {
      return tokens.subspan(open, i - open + 1);
    }
  }
  return tokens.subspan(open);
}

std::string_view source_of(std::string_view text, std::span<const SqlToken> tokens) {
  if (tokens.empty()) return {};
  return text.substr(tokens.front().offset, tokens.back().end() - tokens.front().offset);
}

}  // namespace moonstone::store::sqlite
