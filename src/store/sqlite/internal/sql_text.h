// Moonstone. Licence: see LICENSE.
#pragma once
// SQL as text: its tokens, where statements end, what stands between parentheses.
//
// Enough of SQLite's lexical grammar to split files of statements, to read CREATE statements and to
// compare two texts that mean the same. It accepts anything: a string without an end goes to the
// end of the text, an unknown character is a token of its own.
// Threads: pure functions; tokens are views into the text.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moonstone::store::sqlite {

enum class SqlTokenKind : unsigned char {
  Word,    // a bare name or a keyword
  Quoted,  // "name", `name`, [name]
  Text,    // 'text', x'blob'
  Number,
  Mark,  // punctuation: one character, or an operator of two
};

struct SqlToken {
  SqlTokenKind kind = SqlTokenKind::Mark;
  std::string_view text;   // as it stands, with its quotes
  std::size_t offset = 0;  // of the first byte
  std::size_t depth = 0;   // how many parentheses are open around it
  /// Whether it is this keyword or mark, in any case; quoted names never are.
  [[nodiscard]] bool is(std::string_view word) const;
  [[nodiscard]] bool is_name() const {
    return kind == SqlTokenKind::Word || kind == SqlTokenKind::Quoted;
  }
  [[nodiscard]] std::size_t end() const { return offset + text.size(); }
};

/// Without comments and white space. An opening parenthesis has the depth of what is around it, as
/// has the one that closes it.
[[nodiscard]] std::vector<SqlToken> sql_tokens(std::string_view text);

/// The name without its quotes; other text as it is.
[[nodiscard]] std::string unquoted(std::string_view name);
/// The name in double quotes.
[[nodiscard]] std::string quoted_name(std::string_view name);

/// The statements of a text, without the semicolons that end them and without white space and
/// comments around them. The body of a CREATE TRIGGER, BEGIN to END, belongs to its statement.
[[nodiscard]] std::vector<std::string> split_sql(std::string_view text);

/// One form for all texts of the same meaning: tokens with single spaces, names without quotes and
/// names and keywords in lower case. For comparing only.
[[nodiscard]] std::string canonical_sql(std::string_view text);

/// The pieces between the commas that stand at `depth`.
[[nodiscard]] std::vector<std::span<const SqlToken>> split_at_commas(
    std::span<const SqlToken> tokens, std::size_t depth);
/// From the parenthesis at `open` to the one that closes it, both included; to the end if none
/// does.
[[nodiscard]] std::span<const SqlToken> parenthesised(std::span<const SqlToken> tokens,
                                                      std::size_t open);
/// The source text of some tokens of it that stand one after the other.
[[nodiscard]] std::string_view source_of(std::string_view text, std::span<const SqlToken> tokens);

}  // namespace moonstone::store::sqlite
