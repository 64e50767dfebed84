// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/raw_expression.h"

#include <fmt/format.h>

namespace moonstone::store::sqlite {

namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || static_cast<unsigned char>(c) >= 0x80U;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Walks over the text token by token, as SQLite's own tokenizer cuts it.
class RawScanner {
 public:
  explicit RawScanner(std::string_view text) : text_(text) {}

  Status scan() {
    if (text_.contains('\0')) return refused("contains U+0000");
    while (at_ < text_.size())
      MS_TRY_STATUS(scan_token());
    if (depth_ > 0) return refused("has a parenthesis that is not closed");
    if (!has_tokens_) return refused("is empty");
    return {};
  }

  [[nodiscard]] std::size_t place_count() const { return place_count_; }
  [[nodiscard]] bool ends_in_comment() const { return ends_in_comment_; }

 private:
  static Error refused(std::string_view what) {
    return {ErrorCode::InvalidArgument, fmt::format("the raw SQL {}", what), "sql"};
  }

  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  Status scan_token() {
    const char c = peek();
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
      ++at_;
      return {};
    }
    if (c == '-' && peek(1) == '-') return scan_line_comment();
    if (c == '/' && peek(1) == '*') return scan_comment();
    has_tokens_ = true;
    if (c == '\'' || c == '"' || c == '`') return scan_quoted(c);
    if (c == '[') return scan_bracketed();
    if (is_name_character(c) && c != '$') {
      while (is_name_character(peek()))
        ++at_;
      return {};
    }
    return scan_sign(c);
  }

  Status scan_sign(char c) {
    ++at_;
    switch (c) {
      case '(':
        ++depth_;
        return {};
      case ')':
        if (depth_ == 0) return refused("closes a parenthesis that it has not opened");
        --depth_;
        return {};
      case ';':
        return refused("must be one expression, without ;");
      case '?':
        if (is_digit(peek())) return refused("may have places only as ?, without numbers");
        ++place_count_;
        return {};
      case ':':
      case '@':
      case '#':
      case '$':
        if (is_name_character(peek())) return refused("may have places only as ?, without names");
        return {};
      default:
        return {};
    }
  }

  Status scan_line_comment() {
    const std::size_t end = text_.find('\n', at_);
    ends_in_comment_ = end == std::string_view::npos;
    at_ = ends_in_comment_ ? text_.size() : end;
    return {};
  }

  Status scan_comment() {
    const std::size_t end = text_.find("*/", at_ + 2);
    if (end == std::string_view::npos) return refused("has a comment that does not end");
    at_ = end + 2;
    return {};
  }

  Status scan_quoted(char quote) {
    ++at_;
    while (at_ < text_.size()) {
      if (text_[at_++] != quote) continue;
      if (peek() != quote) return {};
      ++at_;
    }
    return refused("has a quotation that does not end");
  }

  Status scan_bracketed() {
    const std::size_t end = text_.find(']', at_);
    if (end == std::string_view::npos) return refused("has a quotation that does not end");
    at_ = end + 1;
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t place_count_ = 0;
  bool has_tokens_ = false;
  bool ends_in_comment_ = false;
};

}  // namespace

Status append_raw_sql(std::string_view raw, std::size_t place_count, std::string& out) {
  RawScanner scanner(raw);
  MS_TRY_STATUS(scanner.scan());
  if (scanner.place_count() != place_count) {
    return Error(
        ErrorCode::InvalidArgument,
        fmt::format("the raw SQL has {} places for {} values", scanner.place_count(), place_count),
        "sql");
  }
  out += '(';
  out += raw;
  out += scanner.ends_in_comment() ? "\n)" : ")";
  return {};
}

}  // namespace moonstone::store::sqlite
