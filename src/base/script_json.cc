// Moonstone. Licence: see LICENSE.
#include "base/script_json.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace moonstone {
namespace {

constexpr std::size_t kEscapeSize = 6;  // of \uXXXX

/// The number of an escape \uXXXX at the beginning of the text.
std::optional<std::uint16_t> unit_at(std::string_view text) {
  if (text.size() < kEscapeSize || !text.starts_with("\\u")) return std::nullopt;
  std::uint16_t unit = 0;
  const char* const end = text.data() + kEscapeSize;
  const auto [stop, failed] = std::from_chars(text.data() + 2, end, unit, 16);
  if (failed != std::errc() || stop != end) return std::nullopt;
  return unit;
}

bool is_high(std::uint16_t unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}

bool is_low(std::uint16_t unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

/// The first lone surrogate at or after `from`; npos if there is none.
std::size_t find_lone_surrogate(std::string_view text, std::size_t from) {
  std::size_t at = text.find('\\', from);
  while (at != std::string_view::npos) {
    std::size_t size = 2;  // of \n and its like
    if (const auto unit = unit_at(text.substr(at))) {
      size = kEscapeSize;
      if (is_low(*unit)) return at;
      if (is_high(*unit)) {
        const auto next = unit_at(text.substr(at + kEscapeSize));
        if (!next || !is_low(*next)) return at;
        size = 2 * kEscapeSize;
      }
    }
    at = text.find('\\', at + size);
  }
  return at;
}

/// Goes over JSON text. Of text that is none it says something, and stays within it.
class Skimmer {
 public:
  explicit Skimmer(std::string_view text) : text_(text) {}

  bool take(char c) {
    skip_spaces();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  /// What stands between the quotes of a string; the next thing is one if `take('"')` was true.
  std::string_view rest_of_string() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != '"')
      at_ += text_[at_] == '\\' ? 2 : 1;
    at_ = std::min(at_, text_.size());
    const std::string_view content = text_.substr(begin, at_ - begin);
    if (at_ < text_.size()) ++at_;
    return content;
  }

  /// A value of any kind and depth, up to the comma or the bracket behind it.
  std::string_view value() {
    skip_spaces();
    const std::size_t begin = at_;
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool is_end = c == '}' || c == ']';
      if (depth == 0 && (is_end || c == ',')) break;
      ++at_;
      if (c == '"') rest_of_string();
      if (c == '{' || c == '[') ++depth;
      if (is_end) --depth;
    }
    const std::string_view found = text_.substr(begin, at_ - begin);
    return found.substr(0, found.find_last_not_of(kSpaces) + 1);
  }

 private:
  static constexpr std::string_view kSpaces = " \t\r\n";

  void skip_spaces() { at_ = std::min(text_.find_first_not_of(kSpaces, at_), text_.size()); }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Value> parse_script_json(std::string_view text, const JsonLimits& limits) {
  std::size_t at = find_lone_surrogate(text, 0);
  if (at == std::string_view::npos) return parse_json(text, limits);
  std::string mended(text);
  for (; at != std::string::npos; at = find_lone_surrogate(mended, at)) {
    mended.replace(at, kEscapeSize, "\\ufffd");
  }
  return parse_json(mended, limits);
}

std::string_view member_text(std::string_view object, std::string_view name) {
  Skimmer text(object);
  if (!text.take('{')) return {};
  do {
    if (!text.take('"')) return {};
    const std::string_view found = text.rest_of_string();
    if (!text.take(':')) return {};
    const std::string_view value = text.value();
    if (found == name) return value;
  } while (text.take(','));
  return {};
}

}  // namespace moonstone
