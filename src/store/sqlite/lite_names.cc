// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/lite_names.h"

#include <algorithm>
#include <array>
#include <utility>

namespace moonstone::store::sqlite {

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

using Pair = std::pair<std::string_view, std::string_view>;
constexpr std::array<Pair, 20> kIrregular = {{
    {"people", "person"}, {"children", "child"},  {"men", "man"},         {"women", "woman"},
    {"teeth", "tooth"},   {"feet", "foot"},       {"mice", "mouse"},      {"geese", "goose"},
    {"oxen", "ox"},       {"leaves", "leaf"},     {"lives", "life"},      {"knives", "knife"},
    {"indices", "index"}, {"matrices", "matrix"}, {"vertices", "vertex"}, {"analyses", "analysis"},
    {"bases", "basis"},   {"crises", "crisis"},   {"data", "data"},       {"criteria", "criterion"},
}};

std::string singular_word(std::string_view word) {
  std::string folded(word);
  std::ranges::transform(folded, folded.begin(), lower);
  for (const auto& [plural, one] : kIrregular) {
    if (folded != plural) continue;
    std::string out(one);
    out[0] = word[0];
    return out;
  }
  const auto without = [&](std::size_t count) {
    return std::string(word.substr(0, word.size() - count));
  };
  if (folded.ends_with("ies") && folded.size() > 4) return without(3) + "y";
  constexpr std::array<std::string_view, 5> kHissing = {"sses", "xes", "zes", "ches", "shes"};
  for (const std::string_view ending : kHissing) {
    if (folded.ends_with(ending)) return without(2);
  }
  // `status`, `address`, `analysis` are no plurals.
  constexpr std::array<std::string_view, 3> kSingular = {"ss", "us", "is"};
  for (const std::string_view ending : kSingular) {
    if (folded.ends_with(ending)) return std::string(word);
  }
  return folded.ends_with('s') && folded.size() > 2 ? without(1) : std::string(word);
}

}  // namespace

std::string singular(std::string_view name) {
  const std::size_t last = name.rfind('_');
  const std::size_t begin = last == std::string_view::npos ? 0 : last + 1;
  if (begin == name.size()) return std::string(name);
  return std::string(name.substr(0, begin)) + singular_word(name.substr(begin));
}

std::string pascal_case(std::string_view name) {
  std::string out;
  bool begins_word = true;
  for (const char c : name) {
    if (!is_letter(c) && !is_digit(c)) {
      begins_word = true;
      continue;
    }
    out += begins_word ? upper(c) : c;
    begins_word = false;
  }
  if (out.empty() || is_digit(out.front())) out.insert(0, "Table");
  return out;
}

std::string camel_case(std::string_view name) {
  std::string out;
  bool begins_word = false;
  for (const char c : name) {
    if (!is_letter(c) && !is_digit(c)) {
      begins_word = !out.empty();
      continue;
    }
    out += begins_word ? upper(c) : c;
    begins_word = false;
  }
  if (out.empty() || is_digit(out.front())) out.insert(0, "field");
  return out;
}

bool is_lite_name(std::string_view name) {
  if (name.empty() || is_digit(name.front()) || name == "true" || name == "false") return false;
  return std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

std::string lite_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace moonstone::store::sqlite
