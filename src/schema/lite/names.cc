// Moonstone. Licence: see LICENSE.
#include "schema/lite/names.h"

#include <array>
#include <utility>

namespace moonstone::lite {
namespace {

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_lower_or_digit(char c) {
  return is_lower(c) || (c >= '0' && c <= '9');
}
char to_lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Whether a word begins at `at`: a capital after a small letter or digit, or the last capital of
/// several that a small letter follows (`HTTPLog`).
bool begins_word(std::string_view name, std::size_t at) {
  if (at == 0 || !is_upper(name[at])) return false;
  if (is_lower_or_digit(name[at - 1])) return true;
  return is_upper(name[at - 1]) && at + 1 < name.size() && is_lower(name[at + 1]);
}

// Those irregular words of the language that no rule for endings catches before (`ox` and `matrix`
// end in x, `basis` in s).
constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kIrregularPlurals{{
    {"person", "people"},
    {"child", "children"},
    {"man", "men"},
    {"woman", "women"},
    {"tooth", "teeth"},
    {"foot", "feet"},
    {"mouse", "mice"},
    {"goose", "geese"},
    {"leaf", "leaves"},
    {"life", "lives"},
    {"knife", "knives"},
    {"datum", "data"},
    {"medium", "media"},
    {"criterion", "criteria"},
}};

bool takes_es(std::string_view word) {
  return word.ends_with('s') || word.ends_with('x') || word.ends_with('z') ||
         word.ends_with("ch") || word.ends_with("sh");
}

bool ends_in_consonant_and_y(std::string_view word) {
  constexpr std::string_view kVowels = "aeiou";
  return word.size() >= 2 && word.ends_with('y') && is_lower(word[word.size() - 2]) &&
         !kVowels.contains(word[word.size() - 2]);
}

}  // namespace

std::string accessor_of(std::string_view model_name) {
  std::string accessor(model_name);
  if (!accessor.empty()) accessor.front() = to_lower(accessor.front());
  return accessor;
}

std::string snake_case(std::string_view name) {
  std::string snake;
  snake.reserve(name.size() + 4);
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (begins_word(name, at)) snake += '_';
    snake += to_lower(name[at]);
  }
  return snake;
}

std::string pluralize(std::string_view word) {
  if (takes_es(word)) return std::string(word) + "es";
  if (ends_in_consonant_and_y(word)) {
    return std::string(word.substr(0, word.size() - 1)) + "ies";
  }
  for (const auto& [singular, plural] : kIrregularPlurals) {
    if (word == singular) return std::string(plural);
  }
  return std::string(word) + "s";
}

std::string table_name_of(const Model& model, Pluralize plural) {
  if (const auto* map = model.find<TableMap>()) return map->name;
  std::string name = snake_case(model.name);
  return plural == Pluralize::Yes ? pluralize(name) : name;
}

}  // namespace moonstone::lite
