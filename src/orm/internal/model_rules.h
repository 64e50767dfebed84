// Moonstone. Licence: see LICENSE.
#pragma once
// ModelRules: what the fields of one model take, prepared once: patterns are compiled, enums and
// JSON types found. RuleBook: those of a catalog.
// Threads: immutable after making. Lifetime: the catalog outlives them.
// Source: litestone.md 9.3, 28.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "orm/internal/pattern.h"
#include "schema/catalog.h"

namespace moonstone::orm {

struct FieldRule {
  const schema::ModelField* field = nullptr;
  const schema::EnumType* enum_type = nullptr;  // null: none
  const schema::JsonType* json_type = nullptr;  // null: none
  std::vector<Result<Pattern>> patterns{};      // of the Regex validators, in their order
};

[[nodiscard]] FieldRule make_field_rule(const schema::Catalog& catalog,
                                        const schema::ModelField& field);

struct ModelRules {
  const schema::Model* model = nullptr;
  std::vector<FieldRule> fields{};  // as Model::fields
  /// Whether defaults of the kind have to be made for each new row.
  bool has_sequences = false;
  bool has_field_defaults = false;
  bool has_derived = false;
  /// The first field whose enum has transitions; null: none.
  const FieldRule* state_machine = nullptr;

  /// Null if the model has no such field.
  [[nodiscard]] const FieldRule* find(std::string_view name) const;
};

class RuleBook {
 public:
  explicit RuleBook(const schema::Catalog& catalog);
  /// Requires a model of the catalog.
  [[nodiscard]] const ModelRules& of(const schema::Model& model) const;
  /// Rules of the fields of a JSON type of the catalog.
  [[nodiscard]] const std::vector<FieldRule>& of(const schema::JsonType& type) const;

 private:
  const schema::Catalog& catalog_;
  std::vector<ModelRules> models_;
  std::vector<std::vector<FieldRule>> json_types_;
};

/// The names that data of a write may have, sorted (litestone.md 9.3).
[[nodiscard]] std::vector<std::string> writable_names(const schema::Model& model);

}  // namespace moonstone::orm
