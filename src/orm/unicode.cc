// Moonstone. Licence: see LICENSE.
#include "orm/internal/unicode.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/json.h"
#include "orm/internal/pattern.h"

namespace moonstone::orm {

namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

char ascii_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

std::string joined(const Array& array) {
  std::string text;
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (i > 0) text += ',';
    if (!array[i].is_missing()) text += text_of(array[i]);
  }
  return text;
}

std::string text_of_number(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  std::string text;
  write_json_number(number, text);
  return text;
}

double number_of_text(std::string_view text) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  std::string_view digits = trimmed(text);
  if (digits.empty()) return 0;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  double number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, code] = std::from_chars(digits.data(), end, number);
  const bool has_letter = digits.find_first_of("in") != std::string_view::npos;  // "inf", "nan"
  return code == std::errc() && stop == end && !has_letter ? number : kNaN;
}

}  // namespace

char32_t next_code_point(std::string_view text, std::size_t& position) {
  const auto byte = [&](std::size_t offset) {
    return position + offset < text.size() ? static_cast<unsigned char>(text[position + offset])
                                           : 0U;
  };
  const unsigned first = byte(0);
  std::size_t length = 1;
  char32_t code_point = first;
  if (first >= 0xF0) {
    length = 4;
    code_point = first & 0x07U;
  } else if (first >= 0xE0) {
    length = 3;
    code_point = first & 0x0FU;
  } else if (first >= 0xC0) {
    length = 2;
    code_point = first & 0x1FU;
  }
  for (std::size_t i = 1; i < length; ++i)
    code_point = (code_point << 6U) | (byte(i) & 0x3FU);
  position = std::min(position + length, text.size());
  return code_point;
}

bool is_white_space(char32_t code_point) {
  if (code_point <= 0x20) return code_point == ' ' || (code_point >= 9 && code_point <= 13);
  if (code_point >= 0x2000 && code_point <= 0x200A) return true;
  return code_point == 0xA0 || code_point == 0x1680 || code_point == 0x2028 ||
         code_point == 0x2029 || code_point == 0x202F || code_point == 0x205F ||
         code_point == 0x3000 || code_point == 0xFEFF;
}

std::string_view trimmed(std::string_view text) {
  std::size_t begin = text.size();
  std::size_t end = 0;
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t start = position;
    if (is_white_space(next_code_point(text, position))) continue;
    begin = std::min(begin, start);
    end = position;
  }
  return begin < end ? text.substr(begin, end - begin) : std::string_view{};
}

std::size_t utf16_length(std::string_view text) {
  std::size_t length = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80) length += byte >= 0xF0 ? 2 : 1;
  }
  return length;
}

std::string to_lower_case(std::string_view text) {
  if (!is_ascii(text)) return with_letter_case(text, LetterCase::Lower);
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), ascii_lower);
  return lower;
}

std::string to_upper_case(std::string_view text) {
  if (!is_ascii(text)) return with_letter_case(text, LetterCase::Upper);
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(), ascii_upper);
  return upper;
}

std::string text_of(const Value& value) {
  switch (value.kind()) {
    case ValueKind::Undefined:
      return "undefined";
    case ValueKind::Null:
      return "null";
    case ValueKind::Boolean:
      return value.as_boolean() ? "true" : "false";
    case ValueKind::Integer:
      return std::to_string(value.as_integer());
    case ValueKind::Number:
      return text_of_number(value.as_number());
    case ValueKind::Text:
      return value.as_text();
    case ValueKind::Bytes:
      return value.as_bytes().data;
    case ValueKind::Array:
      return joined(value.as_array());
    case ValueKind::Object:
      return "[object Object]";
  }
  return {};
}

double number_of(const Value& value) {
  switch (value.kind()) {
    case ValueKind::Null:
      return 0;
    case ValueKind::Boolean:
      return value.as_boolean() ? 1 : 0;
    case ValueKind::Integer:
    case ValueKind::Number:
      return value.to_double();
    case ValueKind::Text:
      return number_of_text(value.as_text());
    case ValueKind::Undefined:
    case ValueKind::Bytes:
    case ValueKind::Array:
    case ValueKind::Object:
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace moonstone::orm
