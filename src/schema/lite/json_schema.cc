// Moonstone. Licence: see LICENSE.
#include "schema/lite/json_schema.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "schema/lite/ast_json.h"
#include "schema/lite/gate.h"
#include "schema/lite/internal/attribute_names.h"
#include "schema/lite/internal/field_roles.h"
#include "schema/lite/internal/json_schema_field.h"

namespace moonstone::lite {
namespace {

constexpr std::string_view kDraft = "https://json-schema.org/draft-07/schema";

Array texts(const std::optional<std::vector<std::string>>& all) {
  if (!all) return {};
  return {all->begin(), all->end()};
}

Object file_schema() {
  const Object text{{"type", "string"}};
  const Object text_or_null{{"type", Array{"string", "null"}}};
  Object properties{{"key", text},
                    {"bucket", text},
                    {"provider", text},
                    {"endpoint", text_or_null},
                    {"publicBase", text_or_null},
                    {"size", Object{{"type", "integer"}}},
                    {"mime", text},
                    {"uploadedAt", Object{{"type", "string"}, {"format", "date-time"}}}};
  return {{"type", "object"},
          {"title", "FileRef"},
          {"properties", std::move(properties)},
          {"required", Array{"key"}}};
}

/// Whether a client may see the field if its policy lets it.
bool is_readable_under_policy(const Field& field) {
  return std::ranges::any_of(field.attributes, [](const FieldAttribute& attribute) {
    const auto* allow = std::get_if<FieldAllow>(&attribute);
    return allow != nullptr &&
           std::ranges::find(allow->operations, "read") != allow->operations.end();
  });
}

class Generator {
 public:
  Generator(const Schema& schema, const JsonSchemaOptions& options)
      : schema_(schema), options_(options) {
    for (const auto* group : {&schema.models, &schema.types}) {
      for (const Model& owner : *group) {
        for (const Field& field : owner.fields) {
          const auto* reference = field.find<TypeReference>();
          if (reference != nullptr && !reference->strict) open_types_.insert(reference->name);
        }
      }
    }
  }

  Object run() {
    Object definitions;
    for (const Model& model : schema_.models)
      definitions.set(model.name, model_schema(model));
    if (!options_.inline_enums) {
      for (const Enum& subject : schema_.enums) {
        definitions.set(subject.name, enum_schema(subject));
      }
    }
    for (const Model& type : schema_.types)
      definitions.set(type.name, type_schema(type));
    if (uses_files()) definitions.set("FileRef", file_schema());

    Object root{{"$schema", kDraft}};
    if (options_.title) root.append("title", *options_.title);
    if (options_.format == JsonSchemaFormat::Definitions) {
      root.append("$defs", std::move(definitions));
    } else {
      for (Member& member : definitions)
        root.set(member.name, std::move(member.value));
    }
    return root;
  }

 private:
  static Object enum_schema(const Enum& subject) {
    Object result = enum_values_schema(subject);
    result.append("title", subject.name);
    if (!subject.comments.empty()) result.append("description", joined_lines(subject.comments));
    if (subject.transitions) {
      result.append("x-litestone-transitions", transitions_to_json(*subject.transitions));
    }
    return result;
  }

  [[nodiscard]] bool uses_files() const {
    return std::ranges::any_of(schema_.models, [](const Model& model) {
      return std::ranges::any_of(
          model.fields, [](const Field& field) { return field.type.is_scalar(ScalarType::File); });
    });
  }

  Object type_schema(const Model& type) {
    Object properties;
    Array required;
    for (const Field& field : type.fields) {
      Object one = value_schema(field, schema_, options_);
      if (field.type.optional) one = nullable(std::move(one));
      add_annotations(field, options_, one);
      properties.set(field.name, std::move(one));
      if (!field.type.optional && field.find<Default>() == nullptr) {
        required.emplace_back(field.name);
      }
    }
    Object result{{"type", "object"}, {"title", type.name}};
    if (!type.comments.empty()) result.append("description", joined_lines(type.comments));
    result.append("properties", std::move(properties));
    // A schema must not refuse what one of the fields of this type accepts.
    if (!open_types_.contains(type.name)) result.append("additionalProperties", false);
    if (!required.empty()) result.append("required", std::move(required));
    return result;
  }

  [[nodiscard]] bool is_data() const { return options_.mode != JsonSchemaMode::Full; }

  [[nodiscard]] bool is_shown(const Field& field) const {
    if (is_relation(field)) return false;
    if (options_.audience == Audience::Client) {
      if (field.find<Guarded>() != nullptr || field.find<Secret>() != nullptr) return false;
      // A client may write what is encrypted, but never reads it.
      if (!is_data() && field.find<Encrypted>() != nullptr) return false;
    }
    if (!is_data()) return true;
    if (field.has(FieldFlag::Id)) return false;
    if (derivation_of(field) != Derivation::None) return options_.include_computed;
    if (field.name == "deletedAt") return options_.include_deleted_at;
    return !is_managed_time(field.name) || options_.include_timestamps;
  }

  [[nodiscard]] bool is_required(const Field& field) const {
    if (field.type.optional || options_.mode == JsonSchemaMode::Update) return false;
    if (options_.mode == JsonSchemaMode::Full) return true;
    return derivation_of(field) == Derivation::None && field.find<Default>() == nullptr &&
           !has_value_by_itself(field);
  }

  Object model_schema(const Model& model) {
    Object properties;
    Array required;
    for (const Field& field : model.fields) {
      if (!is_shown(field)) continue;
      const bool is_conditional =
          options_.audience == Audience::Client && is_readable_under_policy(field);
      Object one = value_schema(field, schema_, options_);
      if (field.type.optional) {
        one = nullable(std::move(one));
      } else if (is_conditional) {
        one = Object{{"anyOf", Array{std::move(one), Object{{"type", "null"}}}}};
      }
      add_annotations(field, options_, one);
      if (is_conditional) one.set("x-litestone-read-policy", true);
      properties.set(field.name, std::move(one));
      if (is_required(field) && !is_conditional) required.emplace_back(field.name);
    }
    Object result{{"type", "object"}, {"title", model.name}};
    if (!model.comments.empty()) result.append("description", joined_lines(model.comments));
    result.append("properties", std::move(properties));
    result.append("additionalProperties", false);
    if (!required.empty()) result.append("required", std::move(required));
    add_model_marks(model, result);
    return result;
  }

  static void add_model_marks(const Model& model, Object& result) {
    if (model.find<Policy>() != nullptr) result.append("x-litestone-policies", true);
    if (const auto* gate = model.find<Gate>()) {
      if (const auto levels = parse_gate(gate->value)) {
        result.append("x-gate", Object{{"read", levels->read},
                                       {"create", levels->create},
                                       {"update", levels->update},
                                       {"delete", levels->remove}});
      }
    }
    Array relations;
    for (const Field& field : model.fields) {
      if (is_relation(field)) relations.emplace_back(relation_schema(field));
    }
    if (!relations.empty()) result.append("x-relations", std::move(relations));
  }

  static Object relation_schema(const Field& field) {
    Object result{{"field", field.name}, {"model", field.type.name}};
    if (field.type.kind == TypeKind::ImplicitManyToMany) {
      result.append("type", "m2m");
      return result;
    }
    const auto* found = field.find<Relation>();
    const Relation relation = found == nullptr ? Relation{} : *found;
    result.append("type", field.type.array ? "hasMany" : "belongsTo");
    result.append("fields", texts(relation.fields));
    result.append("references", texts(relation.references));
    result.append("onDelete",
                  relation.on_delete ? Value(word_of(*relation.on_delete)) : Value(nullptr));
    result.append("optional", field.type.optional);
    return result;
  }

  const Schema& schema_;
  const JsonSchemaOptions& options_;
  std::unordered_set<std::string_view> open_types_;  // used with `strict: false` somewhere
};

}  // namespace

Object generate_json_schema(const Schema& schema, const JsonSchemaOptions& options) {
  return Generator(schema, options).run();
}

}  // namespace moonstone::lite
