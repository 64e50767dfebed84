// Moonstone. Licence: see LICENSE.
#include "cli/screen_text.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

namespace moonstone::cli {
namespace {

constexpr std::string_view kEllipsis = "…";

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) >> 6) != 2;
}

/// The bytes of the first `columns` characters.
std::size_t bytes_of(std::string_view text, std::size_t columns) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins_character(text[i]) && seen++ == columns) return i;
  }
  return text.size();
}

std::string with_separators(std::string digits) {
  for (std::size_t at = digits.size(); at > 3; at -= 3)
    digits.insert(at - 3, ",");
  return digits;
}

}  // namespace

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (const char c : text)
    width += begins_character(c) ? 1 : 0;
  return width;
}

std::string fitted(std::string_view text, std::size_t width, Align align) {
  const std::size_t has = width_of(text);
  if (has > width) {
    if (width == 0) return {};
    return std::string(text.substr(0, bytes_of(text, width - 1))).append(kEllipsis);
  }
  const std::string padding(width - has, ' ');
  return align == Align::Left ? std::string(text) + padding : padding + std::string(text);
}

TextLine cut(const TextLine& line, std::size_t width) {
  TextLine out;
  std::size_t left = width;
  for (const Span& span : line) {
    const std::string text = printable(span.text);
    const std::size_t has = width_of(text);
    if (has > left) {
      if (left > 0) out.push_back({span.style, fitted(text, left, Align::Left)});
      return out;
    }
    left -= has;
    out.push_back({span.style, text});
  }
  return out;
}

std::string styled_line(const TextLine& line, const Terminal& terminal) {
  std::string text;
  for (const Span& span : line) {
    text += span.style == Style::Plain ? span.text : terminal.styled(span.style, span.text);
  }
  return text;
}

std::string plain_line(const TextLine& line) {
  std::string text;
  for (const Span& span : line)
    text += span.text;
  while (text.ends_with(' '))
    text.pop_back();
  return text;
}

std::string shown_number(double number) {
  if (number >= 99.95) return with_separators(fmt::format("{:.0f}", number));
  const std::string text = fmt::format("{:.{}f}", number, number < 9.995 ? 2 : 1);
  const bool is_whole = number == std::round(number);
  return is_whole ? fmt::format("{:.0f}", number) : text;
}

std::string shown_number(const std::optional<double>& number) {
  return number ? shown_number(*number) : "-";
}

std::string shown_size(double bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(byte < 0x20 || byte == 0x7f ? ' ' : c);
  }
  return out;
}

}  // namespace moonstone::cli
