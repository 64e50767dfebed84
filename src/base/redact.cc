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

/// `eyJ...` with two full stops: a JSON web token.
bool is_web_token(std::string_view word) {
  return word.starts_with("eyJ") && std::ranges::count(word, '.') >= 2;
}

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
    const std::size_t token_end = end_of(text, at, is_token_character);
    if (is_web_token(text.substr(at, token_end - at))) {
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
