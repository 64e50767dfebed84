// Moonstone. Licence: see LICENSE.
#include "base/redact.h"

#include <algorithm>
#include <array>

namespace moonstone {
namespace {

/// Parts of names, without separators, in lower case.
constexpr std::array<std::string_view, 11> kTelling = {
    "password", "passwd",     "passphrase", "secret",     "token",        "apikey",
    "adminkey", "privatekey", "cookie",     "credential", "authorization"};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

bool is_token_character(char c) {
  return is_name_character(c) || c == '.' || c == '+' || c == '/' || c == '=' || c == '~' ||
         c == '%' || c == ':';
}

std::size_t end_of(std::string_view text, std::size_t from, bool (*belongs)(char)) {
  while (from < text.size() && belongs(text[from]))
    ++from;
  return from;
}

bool starts_with_word(std::string_view text, std::string_view lower_word) {
  return text.size() >= lower_word.size() &&
         std::ranges::equal(text.substr(0, lower_word.size()), lower_word,
                            [](char x, char y) { return lower(x) == y; });
}

/// Finds JSON web tokens (`eyJ...` with two full stops) at rising places of a text. Each run of
/// token characters is looked at once, however many words it has: callers choose what is logged.
class WebTokens {
 public:
  explicit WebTokens(std::string_view text) : text_(text) {}

  /// The end of the token that begins there; npos if none does.
  std::size_t end_of_token(std::size_t at) {
    if (!text_.substr(at).starts_with("eyJ")) return std::string_view::npos;
    if (at >= run_end_) {
      run_end_ = end_of(text_, at, is_token_character);
      const std::string_view run = text_.substr(at, run_end_ - at);
      const std::size_t before_last = run.substr(0, run.rfind('.')).rfind('.');
      has_two_stops_ = before_last != std::string_view::npos;
      second_last_stop_ = at + before_last;
    }
    return has_two_stops_ && at < second_last_stop_ ? run_end_ : std::string_view::npos;
  }

 private:
  std::string_view text_;
  std::size_t run_end_ = 0;
  std::size_t second_last_stop_ = 0;
  bool has_two_stops_ = false;
};

/// Where the value after a name begins (`=`, `: `, `":"`); npos if no value follows.
std::size_t value_after(std::string_view text, std::size_t at) {
  if (at < text.size() && text[at] == '"') ++at;
  while (at < text.size() && text[at] == ' ')
    ++at;
  if (at >= text.size() || (text[at] != '=' && text[at] != ':')) return std::string_view::npos;
  ++at;
  while (at < text.size() && (text[at] == ' ' || text[at] == '"'))
    ++at;
  return at;
}

}  // namespace

bool names_secret(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c != '_' && c != '-' && c != ' ') plain.push_back(lower(c));
  }
  return std::ranges::any_of(kTelling,
                             [&plain](std::string_view part) { return plain.contains(part); });
}

std::string redact_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  WebTokens tokens(text);
  std::size_t at = 0;
  while (at < text.size()) {
    if (!is_name_character(text[at])) {
      out.push_back(text[at++]);
      continue;
    }
    const std::size_t end = end_of(text, at, is_name_character);
    const std::string_view word = text.substr(at, end - at);
    if (starts_with_word(word, "bearer") && word.size() == 6 && end < text.size() &&
        text[end] == ' ') {
      out.append(word).append(" ").append(kRedacted);
      at = end_of(text, end + 1, is_token_character);
      continue;
    }
    const std::size_t token_end = tokens.end_of_token(at);
    if (token_end != std::string_view::npos) {
      out.append(kRedacted);
      at = token_end;
      continue;
    }
    out.append(word);
    at = end;
    if (!names_secret(word)) continue;
    const std::size_t value = value_after(text, end);
    if (value == std::string_view::npos) continue;
    const std::size_t value_end = end_of(text, value, is_token_character);
    // "Authorization: Bearer x" is left to the word after it.
    if (value_end == value || starts_with_word(text.substr(value), "bearer ")) continue;
    out.append(text.substr(end, value - end)).append(kRedacted);
    at = value_end;
  }
  return out;
}

Value redact(std::string_view name, const Value& value) {
  if (names_secret(name) && !value.is_undefined() && !value.is_null()) return Value(kRedacted);
  if (value.is_text()) return redact_text(value.as_text());
  if (value.is_array()) {
    Array out;
    for (const Value& element : value.as_array())
      out.push_back(redact({}, element));
    return out;
  }
  if (value.is_object()) {
    Object out;
    for (const Member& member : value.as_object())
      out.append(member.name, redact(member.name, member.value));
    return out;
  }
  return value;
}

}  // namespace moonstone
