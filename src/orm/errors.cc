// Moonstone. Licence: see LICENSE.
#include "orm/internal/errors.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"

namespace moonstone::orm {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

/// Insertions, deletions and replacements that turn one text into the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

/// Names longer than this are no misspelt fields, and comparing them would cost.
constexpr std::size_t kHintNameBytesMax = 64;

const std::string* nearest(std::string_view name, const std::vector<std::string>& candidates) {
  if (name.empty() || name.size() > kHintNameBytesMax) return nullptr;
  const std::string wanted = lower(name);
  const std::size_t allowed = std::max<std::size_t>(2, wanted.size() / 3);
  const std::string* best = nullptr;
  std::size_t best_distance = std::min(allowed + 1, wanted.size());
  for (const std::string& candidate : candidates) {
    const std::size_t difference =
        std::max(candidate.size(), wanted.size()) - std::min(candidate.size(), wanted.size());
    if (difference > 3) continue;
    const std::size_t distance = edit_distance(wanted, lower(candidate));
    if (distance >= best_distance) continue;
    best = &candidate;
    best_distance = distance;
  }
  return best;
}

}  // namespace

Error bad_argument(std::string message) {
  return Error(ErrorCode::InvalidArgument, std::move(message), "Error")
      .with_details(Object{{"name", "Error"}});
}

std::string hint_for(std::string_view name,
                     std::vector<std::string> candidates,
                     std::string_view label) {
  if (const std::string* const near = nearest(name, candidates)) {
    return fmt::format(" Did you mean: {}?", *near);
  }
  std::ranges::sort(candidates);
  return fmt::format(" Valid {}: {}", label, fmt::join(candidates, ", "));
}

std::string unknown_field_text(std::string_view name,
                               const schema::Model& model,
                               std::vector<std::string> candidates) {
  return fmt::format("Unknown field '{}' on model '{}'.{}", name, model.name,
                     hint_for(name, std::move(candidates)));
}

std::vector<std::string> readable_fields_of(const schema::Model& model) {
  std::vector<std::string> names;
  for (const schema::ModelField& field : model.fields) {
    if (field.role != schema::FieldRole::Computed) names.push_back(field.name);
  }
  return names;
}

std::vector<std::string> relations_of(const schema::Model& model) {
  std::vector<std::string> names;
  for (const schema::Relation& relation : model.relations)
    names.push_back(relation.name);
  return names;
}

Error unknown_field(std::string_view argument, std::string_view name, const schema::Model& model) {
  if (model.find_relation(name) != nullptr) {
    return bad_argument(fmt::format("{}: '{}' is a relation of model '{}', a field is needed here",
                                    argument, name, model.name));
  }
  if (model.find_field(name) != nullptr) {
    return bad_argument(
        fmt::format("{}: '{}' of model '{}' is computed, so the database does not know it",
                    argument, name, model.name));
  }
  return bad_argument(
      fmt::format("{}: {}", argument, unknown_field_text(name, model, readable_fields_of(model))));
}

std::string unknown_option_text(std::string_view option,
                                std::string_view method,
                                const schema::Model& model,
                                std::span<const std::string_view> known) {
  return fmt::format("Unknown option '{}' of {} on model '{}'.{}", option, method, model.name,
                     hint_for(option, {known.begin(), known.end()}, "options"));
}

std::string printed(const Value& value) {
  if (value.is_undefined()) return "undefined";
  return value.is_text() ? fmt::format("\"{}\"", value.as_text()) : to_json(value);
}

}  // namespace moonstone::orm
