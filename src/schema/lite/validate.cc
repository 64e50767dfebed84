// Moonstone. Licence: see LICENSE.
//
// Declarations, models and their attributes. Source: litestone.md 3.4
#include <algorithm>
#include <cctype>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "schema/lite/gate.h"
#include "schema/lite/internal/stages.h"
#include "schema/lite/names.h"

namespace moonstone::lite {
namespace {

constexpr std::string_view kMainDatabase = "main";

template <class T>
void fill(std::unordered_map<std::string_view, const T*>& map, const std::vector<T>& all) {
  for (const T& one : all)
    map.emplace(one.name, &one);
}

class DuplicateCheck {
 public:
  DuplicateCheck(std::string_view what, Report& report) : what_(what), report_(report) {}

  template <class T>
  void add(const std::vector<T>& all) {
    for (const T& one : all) {
      if (seen_.insert(one.name).second) continue;
      report_.error(one.position, fmt::format("{} '{}'", what_, one.name));
    }
  }

 private:
  std::string what_;
  Report& report_;
  std::unordered_set<std::string_view> seen_;
};

void check_duplicates(const Schema& schema, Report& report) {
  DuplicateCheck declarations("Duplicate declaration name", report);
  declarations.add(schema.models);
  declarations.add(schema.enums);
  declarations.add(schema.views);
  DuplicateCheck("Duplicate database name", report).add(schema.databases);
  DuplicateCheck("Duplicate function name", report).add(schema.functions);
  for (const Model& model : schema.models) {
    DuplicateCheck(fmt::format("Model '{}': duplicate field", model.name), report)
        .add(model.fields);
  }
  for (const Model& type : schema.types) {
    DuplicateCheck(fmt::format("Type '{}': duplicate field", type.name), report).add(type.fields);
  }
  for (const View& view : schema.views) {
    DuplicateCheck(fmt::format("View '{}': duplicate field", view.name), report).add(view.fields);
  }
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// Two models of one table would take each other's rows for their own, and of two with one accessor
/// a client would have the first only. SQLite ignores the case of names.
void check_tables(const Schema& schema, Report& report) {
  std::unordered_map<std::string, const Model*> tables;
  std::unordered_map<std::string, const Model*> accessors;
  for (const Model& model : schema.models) {
    const auto* const database = model.find<DatabaseOf>();
    const std::string table = table_name_of(model);
    const std::string place = (database == nullptr ? std::string(kMainDatabase) : database->name) +
                              "/" + lower_case(table);
    const Model& other = *tables.emplace(place, &model).first->second;
    const Model& named = *accessors.emplace(accessor_of(model.name), &model).first->second;
    const bool is_shared = model.has(ModelFlag::External) || other.has(ModelFlag::External);
    if (other.name != model.name && !is_shared) {
      report.error(model.position,
                   fmt::format("Model '{}': the table \"{}\" is that of the model '{}'; choose "
                               "another with @@map",
                               model.name, table, other.name));
    } else if (named.name != model.name) {
      report.error(model.position,
                   fmt::format("Model '{}': a client calls it {}, like the model '{}'", model.name,
                               accessor_of(model.name), named.name));
    }
  }
}

/// Whether the field has a column that an index can cover.
bool is_column(const Field& field) {
  return field.type.kind != TypeKind::Relation && field.type.kind != TypeKind::ImplicitManyToMany &&
         !field.has(FieldFlag::Computed) && field.find<From>() == nullptr;
}

void check_index(const Model& model,
                 const std::vector<std::string>& names,
                 std::string_view attribute,
                 const SchemaIndex& index,
                 Report& report) {
  for (const std::string& name : names) {
    const Field* field = index.find_field(model, name);
    if (field == nullptr) {
      report.error(model.position, fmt::format("Model '{}': @@{} references unknown field '{}'",
                                               model.name, attribute, name));
    } else if (!is_column(*field)) {
      report.error(model.position,
                   fmt::format("Model '{}': @@{} references '{}', which is not stored in a column",
                               model.name, attribute, name));
    } else if (field->type.is_scalar(ScalarType::Json)) {
      report.warn(model.position,
                  fmt::format("Model '{}': @@{} covers the Json field '{}', which is indexed by "
                              "its text",
                              model.name, attribute, name));
    }
  }
}

bool has_policy(const Model& model, PolicyEffect effect) {
  return std::ranges::any_of(model.attributes, [effect](const ModelAttribute& attribute) {
    const auto* policy = std::get_if<Policy>(&attribute);
    return policy != nullptr && policy->effect == effect;
  });
}

void check_attributes(const Model& model, const SchemaIndex& schema, Report& report) {
  for (const ModelAttribute& attribute : model.attributes) {
    if (const auto* index = std::get_if<Index>(&attribute)) {
      check_index(model, index->fields, index->unique ? "uniqueIndex" : "index", schema, report);
    } else if (const auto* full_text = std::get_if<FullText>(&attribute)) {
      check_index(model, full_text->fields, "fts", schema, report);
    } else if (const auto* gate = std::get_if<Gate>(&attribute)) {
      const auto levels = parse_gate(gate->value);
      if (!levels) {
        report.error(model.position,
                     fmt::format("{} (model '{}')", levels.error().message(), model.name));
      }
    }
  }
  if (has_policy(model, PolicyEffect::Deny) && !has_policy(model, PolicyEffect::Allow)) {
    report.warn(model.position,
                fmt::format("Model '{}' has @@deny but no @@allow — everything that no @@deny "
                            "matches stays open to everybody",
                            model.name));
  }
  if (!model.has(ModelFlag::External)) return;
  const auto warn_external = [&](std::string_view other) {
    report.warn(model.position,
                fmt::format("Model '{}' is @@external: its {} needs columns and tables that are "
                            "not made for it",
                            model.name, other));
  };
  if (model.find<SoftDelete>() != nullptr) warn_external("@@softDelete");
  if (model.find<FullText>() != nullptr) warn_external("@@fts");
}

/// Removing a parent softly leaves its children behind unless somebody says what should happen.
void check_soft_delete(const Model& model, const SchemaIndex& index, Report& report) {
  const auto* soft_delete = model.find<SoftDelete>();
  if (soft_delete == nullptr || soft_delete->cascade) return;
  for (const Field& field : model.fields) {
    if (field.type.kind != TypeKind::Relation || !field.type.array) continue;
    if (field.has(FieldFlag::HardDelete)) continue;
    const Model* child = SchemaIndex::find(index.models, field.type.name);
    if (child == nullptr || child->find<SoftDelete>() == nullptr) continue;
    report.warn(field.position,
                fmt::format("{}: removing a '{}' leaves its '{}' rows — use @@softDelete(cascade) "
                            "to remove them with it, or @hardDelete on this field to delete them",
                            label_of(model, field), model.name, child->name));
  }
}

}  // namespace

SchemaIndex::SchemaIndex(const Schema& schema) {
  fill(models, schema.models);
  fill(enums, schema.enums);
  fill(functions, schema.functions);
  fill(types, schema.types);
  fill(databases, schema.databases);
  for (const Model& model : schema.models)
    fill(fields[&model], model.fields);
  for (const Enum& one : schema.enums) {
    auto& names = values[&one];
    for (const EnumValue& value : one.values)
      names.insert(value.name);
  }
}

void Report::add(std::vector<Problem>& problems, Problem problem) {
  if (problems.size() > kProblemsMax) return;
  if (problems.size() == kProblemsMax) {
    problem.text = fmt::format("There are more than {} of these", kProblemsMax);
  }
  problems.push_back(std::move(problem));
}

std::string label_of(const Model& model, const Field& field) {
  return fmt::format("Model '{}', field '{}'", model.name, field.name);
}

void validate_models(const Schema& schema, const SchemaIndex& index, Report& report) {
  for (const Model& model : schema.models) {
    check_attributes(model, index, report);
    check_soft_delete(model, index, report);
  }
}

void validate(const Schema& schema, Report& report) {
  const SchemaIndex index(schema);
  check_duplicates(schema, report);
  check_tables(schema, report);
  validate_databases(schema, index, report);
  validate_enums_and_views(schema, index, report);
  validate_fields(schema, index, report);
  validate_derived_fields(schema, index, report);
  validate_models(schema, index, report);
}

}  // namespace moonstone::lite
