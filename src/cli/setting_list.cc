// Moonstone. Licence: see LICENSE.
#include "cli/setting_list.h"

#include <algorithm>

namespace moonstone::cli {
namespace {

constexpr char kQuote = '"';

bool needs_quotes(std::string_view element) {
  return element.find_first_of(",\"") != std::string_view::npos || element.starts_with(' ') ||
         element.ends_with(' ');
}

std::string_view without_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  while (text.ends_with(' '))
    text.remove_suffix(1);
  return text;
}

/// Takes a quoted element and what follows it up to the next comma, which has no meaning.
std::string take_quoted(std::string_view& rest) {
  std::string element;
  rest.remove_prefix(1);
  while (!rest.empty()) {
    const bool is_quote = rest.front() == kQuote;
    if (is_quote && !rest.substr(1).starts_with(kQuote)) break;
    element += rest.front();
    rest.remove_prefix(is_quote ? 2 : 1);
  }
  rest.remove_prefix(std::min(rest.find(','), rest.size()));
  return element;
}

}  // namespace

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> elements;
  std::string_view rest = text;
  while (true) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    if (rest.starts_with(kQuote)) {
      elements.push_back(take_quoted(rest));
    } else {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      elements.emplace_back(without_blanks(rest.substr(0, comma)));
      rest.remove_prefix(comma);
    }
    if (elements.back().empty()) elements.pop_back();
    if (rest.empty()) return elements;
    rest.remove_prefix(1);
  }
}

std::string join_list(std::span<const std::string> elements) {
  std::string text;
  for (const std::string& element : elements) {
    if (!text.empty()) text += ',';
    if (!needs_quotes(element)) {
      text += element;
      continue;
    }
    text += kQuote;
    for (const char c : element) {
      if (c == kQuote) text += kQuote;
      text += c;
    }
    text += kQuote;
  }
  return text;
}

}  // namespace moonstone::cli
