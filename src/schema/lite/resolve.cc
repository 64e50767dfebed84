// Moonstone. Licence: see LICENSE.
//
// What the type of each field is, and what a bare default names. Source: litestone.md 3.6 steps 4,
// 5
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "schema/lite/internal/stages.h"

namespace moonstone::lite {
namespace {

struct Renaming {
  std::string_view old_name;
  std::string_view new_name;
};

constexpr std::array<Renaming, 4> kRenamings{
    {{"Text", "String"}, {"Integer", "Int"}, {"Real", "Float"}, {"Blob", "Bytes"}}};

const Renaming* find_renaming(std::string_view old_name) {
  const auto* found = std::ranges::find(kRenamings, old_name, &Renaming::old_name);
  return found == kRenamings.end() ? nullptr : found;
}

bool is_new_name(std::string_view name) {
  return std::ranges::find(kRenamings, name, &Renaming::new_name) != kRenamings.end();
}

class Resolver {
 public:
  Resolver(Schema& schema, Dialect dialect, Report& report)
      : schema_(schema), dialect_(dialect), report_(report), index_(schema) {}

  void run() {
    for (Model& model : schema_.models)
      resolve_model(model, "Model");
    for (Model& trait : schema_.traits)
      resolve_model(trait, "Trait");
    for (View& view : schema_.views)
      resolve_view(view);
    collect_links();
    for (Model& model : schema_.models) {
      for (Field& field : model.fields) {
        if (field.type.kind == TypeKind::ImplicitManyToMany) classify_list(model, field);
      }
    }
  }

 private:
  void error(const Field& field, std::string_view label, std::string_view text) {
    report_.error(field.position, fmt::format("{}: {}", label, text));
  }

  void resolve_model(Model& model, std::string_view word) {
    const bool is_trait = word == "Trait";
    for (Field& field : model.fields) {
      const std::string label = fmt::format("{} '{}', field '{}'", word, model.name, field.name);
      if (!resolve_plain(field.type)) resolve_relation(field, label);
      for (FieldAttribute& attribute : field.attributes) {
        auto* value = std::get_if<Default>(&attribute);
        if (value == nullptr || value->kind != DefaultKind::Enum) continue;
        // A trait knows no sibling for sure: its hosts have their own copies of the field.
        const bool is_known =
            is_value_of_enum(field, *value) || (!is_trait && names_sibling(model, field, *value));
        if (!is_known && !is_trait) {
          error(field, label,
                fmt::format("@default({0}) — '{0}' is not a field or enum value",
                            value->value.as_text()));
        }
      }
    }
  }

  /// Scalars and enums.
  bool resolve_plain(FieldType& type) {
    if (const auto scalar = find_scalar_type(type.name, dialect_)) {
      type.kind = TypeKind::Scalar;
      type.scalar = *scalar;
      return true;
    }
    if (!index_.enums.contains(type.name)) return false;
    type.kind = TypeKind::Enum;
    return true;
  }

  void resolve_relation(Field& field, std::string_view label) {
    const bool has_relation = field.find<Relation>() != nullptr;
    if (index_.models.contains(field.type.name)) {
      // What @from takes from a model is no relation of this one, but has that model's shape.
      if (has_relation || field.find<From>() != nullptr) {
        field.type.kind = TypeKind::Relation;
        return;
      }
      if (field.type.array) {
        field.type.kind = TypeKind::ImplicitManyToMany;
        return;
      }
    }
    error(field, label, unknown_type_text(field.type.name, has_relation));
  }

  [[nodiscard]] std::string unknown_type_text(std::string_view name, bool has_relation) const {
    const Renaming* renaming = find_renaming(name);
    if (renaming != nullptr && dialect_ == Dialect::V1_0_6) {
      return fmt::format(
          "Type '{}' was renamed to '{}'. Update your schema (no aliases are accepted). Run "
          "'litestone codemod' to migrate .lite files automatically.",
          name, renaming->new_name);
    }
    return has_relation ? fmt::format("@relation references unknown model '{}'", name)
                        : fmt::format("unknown type '{}'", name);
  }

  void resolve_view(View& view) {
    for (ViewField& field : view.fields) {
      if (resolve_plain(field.type)) continue;
      report_.error(field.position, fmt::format("View '{}', field '{}': {}", view.name, field.name,
                                                unknown_type_text(field.type.name, false)));
    }
  }

  bool is_value_of_enum(const Field& field, const Default& value) {
    if (field.type.kind != TypeKind::Enum) return false;
    const Enum* owner = SchemaIndex::find(index_.enums, field.type.name);
    return index_.values.at(owner).contains(value.value.as_text());
  }

  /// Whether the default is a sibling's name; it then becomes a reference to it.
  bool names_sibling(const Model& model, const Field& field, Default& value) {
    const std::string& name = value.value.as_text();
    if (name == field.name || index_.find_field(model, name) == nullptr) return false;
    value.kind = DefaultKind::FieldReference;
    value.field = name;
    value.value = nullptr;
    return true;
  }

  /// What the fields of a model say about another model.
  struct Links {
    bool has_foreign_key = false;
    bool has_list = false;  // without @relation
  };

  void collect_links() {
    for (const Model& model : schema_.models) {
      for (const Field& field : model.fields) {
        const auto* relation = field.find<Relation>();
        Links& links = links_[&model][field.type.name];
        links.has_foreign_key |= relation != nullptr && relation->fields.has_value();
        links.has_list |= relation == nullptr && field.type.array;
      }
    }
  }

  /// `Model[]` without `@relation`: the list side of a foreign key that the target declares, or one
  /// of two lists that mirror each other.
  void classify_list(const Model& model, Field& field) {
    const Model* target = SchemaIndex::find(index_.models, field.type.name);
    const auto& links = links_[target];
    const auto back = links.find(model.name);
    const Links found = back == links.end() ? Links{} : back->second;
    if (found.has_foreign_key) {
      field.type.kind = TypeKind::Relation;
    } else if (target == &model) {
      // DEVIATION(litestone 6.8): the original accepts it and fails when it makes the join table,
      // whose two columns have one name.
      report_.error(field.position,
                    fmt::format("Implicit many-to-many: '{0}.{1}' relates '{0}' to itself, which "
                                "needs a model of its own for the links.",
                                model.name, field.name));
    } else if (!found.has_list) {
      report_.error(
          field.position,
          fmt::format("Implicit many-to-many: '{0}.{1}' references '{2}' but '{2}' has no "
                      "corresponding '{0}[]' field. Both sides must declare the relation.",
                      model.name, field.name, target->name));
    }
  }

  Schema& schema_;
  Dialect dialect_;
  Report& report_;
  SchemaIndex index_;
  std::unordered_map<const Model*, std::unordered_map<std::string_view, Links>> links_;
};

}  // namespace

std::optional<ScalarType> find_scalar_type(std::string_view name, Dialect dialect) {
  if (dialect == Dialect::V1_0_3 && is_new_name(name)) return std::nullopt;
  if (dialect == Dialect::V1_0_6 && find_renaming(name) != nullptr) return std::nullopt;
  return find_scalar_type(name);
}

void resolve_types(Schema& schema, Dialect dialect, Report& report) {
  Resolver(schema, dialect, report).run();
}

}  // namespace moonstone::lite
