// Moonstone. Licence: see LICENSE.
#include "schema/lite/catalog.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "schema/lite/ast_from_json.h"
#include "schema/lite/ast_json.h"
#include "schema/lite/internal/catalog_fields.h"
#include "schema/lite/internal/json_reader.h"

namespace moonstone::lite {
namespace {

constexpr std::string_view kMainDatabase = "main";
constexpr std::string_view kDefaultKey = "id";

std::string_view action_text(ReferentialAction action) {
  switch (action) {
    case ReferentialAction::Cascade:
      return "Cascade";
    case ReferentialAction::SetNull:
      return "SetNull";
    case ReferentialAction::Restrict:
      return "Restrict";
    case ReferentialAction::NoAction:
      return "NoAction";
  }
  return "";
}

std::string optional_action(const std::optional<ReferentialAction>& action) {
  return action ? std::string(action_text(*action)) : std::string();
}

std::string database_of(const Model& model) {
  const auto* const found = model.find<DatabaseOf>();
  return found == nullptr ? std::string(kMainDatabase) : found->name;
}

std::string lower_all(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

class CatalogMaker {
 public:
  CatalogMaker(const Schema& schema, const CatalogOptions& options)
      : schema_(schema), options_(options) {}

  Result<schema::CatalogPtr> make() {
    add_types();
    for (const Model& model : schema_.models) {
      if (database_of(model) == options_.database) add_model(model);
    }
    for (const Model& model : schema_.models) {
      if (model_positions_.contains(model.name)) add_own_relations(model);
    }
    for (const Model& model : schema_.models) {
      if (model_positions_.contains(model.name)) add_children(model);
    }
    for (const Model& model : schema_.models) {
      if (model_positions_.contains(model.name)) MS_TRY_STATUS(add_derived(model));
    }
    for (const View& view : schema_.views) {
      if (view.database.value_or(std::string(kMainDatabase)) == options_.database) add_view(view);
    }
    catalog_.source = Object{{"schema", schema_to_json(schema_)},
                             {"database", options_.database},
                             {"pluralize", options_.pluralize == Pluralize::Yes}};
    return std::make_shared<const schema::Catalog>(std::move(catalog_));
  }

 private:
  void add_types() {
    for (const Enum& declared : schema_.enums) {
      schema::EnumType type{.name = declared.name, .values = {}, .transitions = {}};
      for (const EnumValue& value : declared.values)
        type.values.push_back(value.name);
      if (declared.transitions) {
        for (const Transition& transition : *declared.transitions)
          type.transitions.push_back({transition.name, transition.from, transition.to});
      }
      catalog_.enums.push_back(std::move(type));
    }
    for (const Model& declared : schema_.types) {
      schema::JsonType type{.name = declared.name, .fields = {}};
      for (const Field& field : declared.fields)
        type.fields.push_back(make_model_field(schema_, declared, field));
      catalog_.json_types.push_back(std::move(type));
    }
  }

  void add_model(const Model& declared) {
    schema::Model model;
    model.name = declared.name;
    model.accessor = accessor_of(declared.name);
    model.table = table_name_of(declared, options_.pluralize);
    model.database = options_.database;
    model.comments = declared.comments;
    for (const Field& field : declared.fields) {
      const bool is_relation =
          field.type.kind == TypeKind::Relation || field.type.kind == TypeKind::ImplicitManyToMany;
      if (is_relation && field.find<From>() == nullptr) continue;
      model.fields.push_back(make_model_field(schema_, declared, field));
      if (field.has(FieldFlag::Id)) model.key.push_back(field.name);
    }
    for (const ModelAttribute& attribute : declared.attributes)
      std::visit([&](const auto& which) { apply(which, model); }, attribute);
    model_positions_.emplace(model.name, catalog_.models.size());
    catalog_.models.push_back(std::move(model));
  }

  static void apply(const ModelFlag& flag, schema::Model& model) {
    if (flag == ModelFlag::NoStrict) model.is_strict = false;
    if (flag == ModelFlag::External) model.is_external = true;
  }
  static void apply(const Index& index, schema::Model& model) {
    (index.unique ? model.uniques : model.indexes).push_back({index.fields});
  }
  static void apply(const FullText& text, schema::Model& model) {
    model.search_fields = text.fields;
  }
  static void apply(const SoftDelete& soft_delete, schema::Model& model) {
    model.has_soft_delete = true;
    model.soft_delete_cascades = soft_delete.cascade;
  }
  static void apply(const Templates& templates, schema::Model& model) {
    model.template_field = templates.field;
  }
  // Names were used already; policies, gates and logs belong to faces that read the tree.
  static void apply(const TableMap& /*map*/, schema::Model& /*model*/) {}
  static void apply(const Policy& /*policy*/, schema::Model& /*model*/) {}
  static void apply(const Gate& /*gate*/, schema::Model& /*model*/) {}
  static void apply(const Log& /*log*/, schema::Model& /*model*/) {}
  static void apply(const DatabaseOf& /*database*/, schema::Model& /*model*/) {}
  static void apply(const TraitUse& /*use*/, schema::Model& /*model*/) {}

  void add_own_relations(const Model& declared) {
    for (const Field& field : declared.fields) {
      const auto target = model_positions_.find(field.type.name);
      if (target == model_positions_.end() || field.find<From>() != nullptr) continue;
      if (field.type.kind == TypeKind::ImplicitManyToMany) {
        add_many_to_many(declared, field, target->second);
      } else if (field.type.kind == TypeKind::Relation) {
        add_belongs_to(declared, field, target->second);
      }
    }
  }

  void add_belongs_to(const Model& declared, const Field& field, std::size_t target) {
    const auto* const relation = field.find<Relation>();
    if (relation == nullptr || !relation->fields || relation->fields->empty()) return;
    std::vector<std::string> referenced =
        relation->references.value_or(std::vector<std::string>{std::string(kDefaultKey)});
    referenced.resize(relation->fields->size(), std::string(kDefaultKey));
    model_of(declared).relations.push_back({
        .name = field.name,
        .kind = schema::RelationKind::BelongsTo,
        .target = target,
        .own_fields = *relation->fields,
        .target_fields = std::move(referenced),
        .on_delete = optional_action(relation->on_delete),
        .on_update = optional_action(relation->on_update),
        .join_table = {},
        .join_own = {},
        .join_target = {},
    });
  }

  void add_many_to_many(const Model& declared, const Field& field, std::size_t target) {
    const std::string other = catalog_.models[target].name;  // the list of models may move
    const schema::Model& table = catalog_.models[join_table_of(declared.name, other)];
    const bool is_first = declared.name <= other;
    model_of(declared).relations.push_back({
        .name = field.name,
        .kind = schema::RelationKind::ManyToMany,
        .target = target,
        .own_fields = {std::string(kDefaultKey)},
        .target_fields = {std::string(kDefaultKey)},
        .on_delete = {},
        .on_update = {},
        .join_table = table.table,
        .join_own = table.fields[is_first ? 0 : 1].name,
        .join_target = table.fields[is_first ? 1 : 0].name,
    });
  }

  /// The position of the join table of two models; made at the first of them (litestone.md 6.8).
  std::size_t join_table_of(const std::string& one, const std::string& two) {
    const auto [a, b] = std::minmax(one, two);
    schema::Model table;
    table.table = lower_all(fmt::format("_{}_{}", a, b));
    table.name = table.table;
    if (const auto known = model_positions_.find(table.name); known != model_positions_.end()) {
      return known->second;
    }
    table.database = options_.database;
    table.is_join_table = true;
    const std::array<std::string, 2> sides = {a, b};
    for (std::size_t side = 0; side < sides.size(); ++side) {
      std::string column = accessor_of(sides[side]) + "Id";
      // A model that is related to itself has both ends in one table.
      if (side == 1 && a == b) column = "related" + sides[side] + "Id";
      const std::size_t target = model_positions_.at(sides[side]);
      table.fields.push_back(join_column(column, catalog_.models[target]));
      table.key.push_back(column);
      table.relations.push_back({.name = accessor_of(sides[side]),
                                 .kind = schema::RelationKind::BelongsTo,
                                 .target = target,
                                 .own_fields = {column},
                                 .target_fields = {std::string(kDefaultKey)},
                                 .on_delete = "Cascade",
                                 .on_update = {},
                                 .join_table = {},
                                 .join_own = {},
                                 .join_target = {}});
    }
    table.accessor = table.name;
    model_positions_.emplace(table.name, catalog_.models.size());
    catalog_.models.push_back(std::move(table));
    return catalog_.models.size() - 1;
  }

  static schema::ModelField join_column(const std::string& name, const schema::Model& target) {
    schema::ModelField column;
    column.name = name;
    column.column = name;
    column.scalar = schema::ScalarKind::Integer;
    column.is_id = true;
    // The original knows whole numbers as keys only; others work here as well.
    if (const schema::ModelField* const key = target.find_field(kDefaultKey)) {
      column.scalar = key->scalar;
    }
    return column;
  }

  /// What belongs to this model seen from its targets.
  void add_children(const Model& declared) {
    std::vector<std::size_t> seen;
    // Copied: relations are added while they are walked, if a model belongs to itself.
    const std::vector<schema::Relation> own = model_of(declared).relations;
    for (const schema::Relation& relation : own) {
      if (relation.kind != schema::RelationKind::BelongsTo) continue;
      if (std::ranges::find(seen, relation.target) != seen.end()) continue;
      seen.push_back(relation.target);
      add_has_many(declared, relation);
    }
  }

  void add_has_many(const Model& child, const schema::Relation& belongs_to) {
    schema::Model& parent = catalog_.models[belongs_to.target];
    const Model& declared = *schema_.find_model(parent.name);
    const auto list = std::ranges::find_if(declared.fields, [&](const Field& field) {
      return field.type.kind == TypeKind::Relation && field.type.array &&
             field.type.name == child.name;
    });
    const bool is_implied = list == declared.fields.end();
    std::string name = is_implied ? child.name : list->name;
    if (parent.find_relation(name) != nullptr) return;
    parent.relations.push_back({
        .name = std::move(name),
        .kind = schema::RelationKind::HasMany,
        .target = model_positions_.at(child.name),
        .own_fields = belongs_to.target_fields,
        .target_fields = belongs_to.own_fields,
        .on_delete = {},
        .on_update = {},
        .is_hard_delete = !is_implied && list->has(FieldFlag::HardDelete),
        .join_table = {},
        .join_own = {},
        .join_target = {},
        .is_implied = is_implied,
    });
  }

  Status add_derived(const Model& declared) {
    schema::Model& model = model_of(declared);
    for (const Field& field : declared.fields) {
      const auto* const from = field.find<From>();
      if (from == nullptr) continue;
      const auto target = model_positions_.find(from->target);
      if (target == model_positions_.end() || !from->operation) {
        return Error(ErrorCode::InvalidArgument,
                     fmt::format("Model '{}', field '{}': @from names no model of its database",
                                 declared.name, field.name),
                     "schema");
      }
      const auto found = std::ranges::find(model.fields, field.name, &schema::ModelField::name);
      found->derived = make_derived_field(*from, target->second);
      join_derived(model, catalog_.models[target->second], *found->derived);
    }
    return {};
  }

  /// By which fields the rows of the target belong to those of the model.
  void join_derived(const schema::Model& model,
                    const schema::Model& target,
                    schema::DerivedField& derived) const {
    for (const schema::Relation& relation : target.relations) {
      if (relation.kind != schema::RelationKind::BelongsTo) continue;
      if (&catalog_.models[relation.target] != &model) continue;
      derived.target_field = relation.own_fields.front();
      derived.own_field = relation.target_fields.front();
      return;
    }
    derived.target_field = model.accessor + "Id";
    derived.own_field = kDefaultKey;
  }

  void add_view(const View& view) {
    schema::Model model;
    model.name = view.name;
    model.accessor = accessor_of(view.name);
    model.table = view.name;
    model.database = options_.database;
    model.comments = view.comments;
    model.is_view = true;
    model.is_materialized = view.materialized;
    model.view_sql = view.sql;
    model.refresh_on = view.refresh_on;
    for (const ViewField& field : view.fields) {
      model.fields.push_back(make_view_field(field));
      if (field.name == kDefaultKey) model.key.push_back(field.name);
    }
    catalog_.models.push_back(std::move(model));
  }

  schema::Model& model_of(const Model& declared) {
    return catalog_.models[model_positions_.at(declared.name)];
  }

  const Schema& schema_;
  const CatalogOptions& options_;
  schema::Catalog catalog_;
  std::map<std::string, std::size_t, std::less<>> model_positions_;
};

}  // namespace

Result<schema::CatalogPtr> make_catalog(const Schema& schema, const CatalogOptions& options) {
  return CatalogMaker(schema, options).make();
}

Result<schema::CatalogPtr> load_catalog(const Value& source) {
  const auto damaged = [](const Error& cause) {
    return Error(ErrorCode::Corruption, "the stored schema is damaged: " + cause.message(),
                 "corrupt");
  };
  const JsonReader json(source, "$");
  const Value* const tree = json.find("schema");
  if (tree == nullptr) return damaged(json.wrong("there is no schema"));
  auto schema = schema_from_json(*tree);
  if (!schema) return damaged(schema.error());
  const CatalogOptions options{
      .database = json.optional_text("database").value_or(std::string(kMainDatabase)),
      .pluralize = json.flag("pluralize", false) ? Pluralize::Yes : Pluralize::No};
  auto catalog = make_catalog(*schema, options);
  if (!catalog) return damaged(catalog.error());
  return catalog;
}

}  // namespace moonstone::lite
