// Moonstone. Licence: see LICENSE.
#pragma once
// The stages between syntax and a finished schema, in the order in which parse() runs them. Each
// adds to the report; those that may end parsing say so by their result.
// Threads: confined. Source: litestone.md 3.4 and 3.6

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "schema/lite/parse.h"

namespace moonstone::lite {

/// Errors or warnings that a report keeps. A schema with more was not written by hand, and nobody
/// reads on; the last one says that there are more.
inline constexpr std::size_t kProblemsMax = 1'000;

struct Report {
  std::vector<Problem> errors;
  std::vector<Problem> warnings;

  void error(const Position& position, std::string text) {
    add(errors, {std::move(text), position});
  }
  void warn(const Position& position, std::string text) {
    add(warnings, {std::move(text), position});
  }

 private:
  static void add(std::vector<Problem>& problems, Problem problem);
};

/// Names to declarations; of two with one name the first. What looks names up does so here, so that
/// checks stay linear in the schema. The schema outlives it, and its vectors do not grow meanwhile.
struct SchemaIndex {
  explicit SchemaIndex(const Schema& schema);

  std::unordered_map<std::string_view, const Model*> models;
  std::unordered_map<std::string_view, const Enum*> enums;
  std::unordered_map<std::string_view, const Function*> functions;
  std::unordered_map<std::string_view, const Model*> types;
  std::unordered_map<std::string_view, const Database*> databases;

  std::unordered_map<const Model*, std::unordered_map<std::string_view, const Field*>> fields;
  std::unordered_map<const Enum*, std::unordered_set<std::string_view>> values;

  /// The field of a model (not of a trait or type) of that name, or null.
  [[nodiscard]] const Field* find_field(const Model& model, std::string_view name) const {
    return find(fields.at(&model), name);
  }

  template <class T>
  [[nodiscard]] static const T* find(const std::unordered_map<std::string_view, const T*>& map,
                                     std::string_view name) {
    const auto found = map.find(name);
    return found == map.end() ? nullptr : found->second;
  }
};

/// `Model 'A', field 'x'`.
[[nodiscard]] std::string label_of(const Model& model, const Field& field);

/// The scalar of that name in the dialect.
[[nodiscard]] std::optional<ScalarType> find_scalar_type(std::string_view name, Dialect dialect);

/// Puts the members of traits into the models that use them.
void splice_traits(Schema& schema, const ParseLimits& limits, Report& report);

/// Checks the `type` declarations, and resolves the types of their fields.
void check_type_declarations(Schema& schema, const ParseOptions& options, Report& report);

/// Gives the fields of models, traits and views their kind, and bare defaults theirs.
void resolve_types(Schema& schema, Dialect dialect, Report& report);

/// Spells out `@secret` and `@@hasTemplates`.
void expand(Schema& schema, Report& report);

/// Everything else, collected.
void validate(const Schema& schema, Report& report);

// Parts of validate().
void validate_fields(const Schema& schema, const SchemaIndex& index, Report& report);
void validate_derived_fields(const Schema& schema, const SchemaIndex& index, Report& report);
void validate_models(const Schema& schema, const SchemaIndex& index, Report& report);
void validate_databases(const Schema& schema, const SchemaIndex& index, Report& report);
void validate_enums_and_views(const Schema& schema, const SchemaIndex& index, Report& report);

/// `@type(X)` on a field of a model or of a type; `label` begins the text.
void check_type_reference(const Field& field,
                          std::string_view label,
                          const SchemaIndex& index,
                          Report& report);

}  // namespace moonstone::lite
