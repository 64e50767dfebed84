// Moonstone. Licence: see LICENSE.
#include "orm/internal/model_rules.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/check.h"

namespace moonstone::orm {

using schema::FieldDefault;
using schema::FieldRole;
using schema::ModelField;

FieldRule make_field_rule(const schema::Catalog& catalog, const ModelField& field) {
  FieldRule rule{.field = &field};
  if (!field.enum_name.empty()) rule.enum_type = catalog.find_enum(field.enum_name);
  if (!field.json_type.empty()) rule.json_type = catalog.find_json_type(field.json_type);
  for (const schema::Validator& validator : field.validators) {
    if (validator.kind == schema::Validator::Kind::Regex) {
      rule.patterns.push_back(Pattern::compile(validator.text));
    }
  }
  return rule;
}

namespace {

ModelRules make_model_rules(const schema::Catalog& catalog, const schema::Model& model) {
  ModelRules rules{.model = &model};
  rules.fields.reserve(model.fields.size());
  for (const ModelField& field : model.fields) {
    rules.fields.push_back(make_field_rule(catalog, field));
    rules.has_sequences |= !field.sequence_scope.empty();
    rules.has_field_defaults |= field.default_value.kind == FieldDefault::Kind::Field;
    rules.has_derived |= field.role == FieldRole::Derived;
  }
  for (const FieldRule& rule : rules.fields) {
    if (rule.enum_type == nullptr || rule.enum_type->transitions.empty()) continue;
    rules.state_machine = &rule;
    break;
  }
  return rules;
}

}  // namespace

const FieldRule* ModelRules::find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(fields, [&](const FieldRule& rule) { return rule.field->name == name; });
  return found == fields.end() ? nullptr : &*found;
}

RuleBook::RuleBook(const schema::Catalog& catalog) : catalog_(catalog) {
  // Pointers into the elements are kept, so none may move.
  models_.reserve(catalog.models.size());
  for (const schema::Model& model : catalog.models)
    models_.push_back(make_model_rules(catalog, model));
  for (const schema::JsonType& type : catalog.json_types) {
    std::vector<FieldRule>& rules = json_types_.emplace_back();
    for (const ModelField& field : type.fields)
      rules.push_back(make_field_rule(catalog, field));
  }
}

const ModelRules& RuleBook::of(const schema::Model& model) const {
  const auto position = static_cast<std::size_t>(&model - catalog_.models.data());
  MS_CHECK(position < models_.size(), "a model of another catalog");
  return models_[position];
}

const std::vector<FieldRule>& RuleBook::of(const schema::JsonType& type) const {
  const auto position = static_cast<std::size_t>(&type - catalog_.json_types.data());
  MS_CHECK(position < json_types_.size(), "a type of another catalog");
  return json_types_[position];
}

std::vector<std::string> writable_names(const schema::Model& model) {
  std::vector<std::string> names;
  for (const ModelField& field : model.fields) {
    if (field.role == FieldRole::Computed || field.role == FieldRole::Generated) continue;
    names.push_back(field.name);
  }
  for (const schema::Relation& relation : model.relations)
    names.push_back(relation.name);
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  return names;
}

}  // namespace moonstone::orm
