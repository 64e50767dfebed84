// Moonstone. Licence: see LICENSE.
//
// Traits: what `@@trait(X)` puts into a model. Source: litestone.md 3.4 and 3.6 step 1
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "schema/lite/internal/graph.h"
#include "schema/lite/internal/stages.h"

namespace moonstone::lite {
namespace {

/// What a trait or all traits of one host provide, with what they use themselves.
struct Members {
  std::vector<Field> fields;
  std::vector<ModelAttribute> attributes;
  /// Which trait, as the host names it, provides a field.
  std::unordered_map<std::string, std::string> providers;
};

class Splicer {
 public:
  Splicer(Schema& schema, const ParseLimits& limits, Report& report)
      : schema_(schema), limits_(limits), report_(report) {}

  void run() {
    for (std::size_t i = 0; i < schema_.traits.size(); ++i) {
      const Model& trait = schema_.traits[i];
      if (!traits_.emplace(trait.name, i).second) {
        report_.error(trait.position, fmt::format("Duplicate trait '{}'", trait.name));
      }
      check_members(trait);
    }
    check_uses(schema_.traits, "Trait");
    check_uses(schema_.models, "Model");
    if (!report_.errors.empty()) return;

    const GraphWalk order = walk(graph());
    report_cycles(order);
    if (!report_.errors.empty()) return;

    members_.resize(schema_.traits.size());
    for (const std::size_t trait : order.order) {
      flatten(trait);
      if (!report_.errors.empty()) return;
    }
    std::size_t all_fields = 0;
    for (Model& model : schema_.models) {
      splice(model);
      all_fields += model.fields.size();
      if (all_fields > limits_.all_fields_max) {
        report_.error(model.position,
                      fmt::format("The models have more than {} fields", limits_.all_fields_max));
        return;
      }
    }
  }

 private:
  void check_members(const Model& trait) {
    const auto refuse = [&](const Position& position, std::string_view what) {
      report_.error(position,
                    fmt::format("Trait '{}': {} is not allowed in a trait", trait.name, what));
    };
    for (const Field& field : trait.fields) {
      if (field.has(FieldFlag::Id)) refuse(field.position, "@id");
    }
    if (trait.find<TableMap>() != nullptr) refuse(trait.position, "@@map");
    if (trait.find<DatabaseOf>() != nullptr) refuse(trait.position, "@@db");
    if (trait.find<FullText>() != nullptr) refuse(trait.position, "@@fts");
  }

  void check_uses(const std::vector<Model>& hosts, std::string_view word) {
    for (const Model& host : hosts) {
      for (const std::string& name : uses_of(host)) {
        if (traits_.contains(name)) continue;
        report_.error(host.position,
                      fmt::format("{} '{}': unknown trait '{}'", word, host.name, name));
      }
    }
  }

  static std::vector<std::string> uses_of(const Model& host) {
    std::vector<std::string> names;
    for (const ModelAttribute& attribute : host.attributes) {
      if (const auto* use = std::get_if<TraitUse>(&attribute)) names.push_back(use->name);
    }
    return names;
  }

  [[nodiscard]] Graph graph() const {
    Graph graph(schema_.traits.size());
    for (std::size_t i = 0; i < graph.size(); ++i) {
      for (const std::string& name : uses_of(schema_.traits[i])) {
        graph[i].push_back(traits_.at(name));
      }
    }
    return graph;
  }

  void report_cycles(const GraphWalk& order) {
    const auto name_of = [this](std::size_t node) { return schema_.traits[node].name; };
    for (const auto& cycle : order.cycles) {
      report_.error(schema_.traits[cycle.front()].position,
                    "Trait cycle detected: " + join_cycle(cycle, " → ", true, name_of));
    }
    for (std::size_t i = 0; i < order.heights.size() && order.cycles.empty(); ++i) {
      if (order.heights[i] <= limits_.nesting_max) continue;
      report_.error(schema_.traits[i].position,
                    fmt::format("Traits are nested more than {} levels deep", limits_.nesting_max));
      return;
    }
  }

  /// The members of the traits that the host uses, in order.
  Members members_used_by(const Model& host, std::string_view label) {
    Members result;
    for (const std::string& use : uses_of(host)) {
      const Members& used = members_[traits_.at(use)];
      for (const Field& field : used.fields) {
        const auto [provider, is_new] = result.providers.emplace(field.name, use);
        if (is_new) {
          result.fields.push_back(field);
        } else {
          report_both(host.position, label, field.name, {provider->second, use});
        }
      }
      result.attributes.insert(result.attributes.end(), used.attributes.begin(),
                               used.attributes.end());
      if (!fits(host, result)) break;
    }
    return result;
  }

  void report_both(const Position& position,
                   std::string_view label,
                   std::string_view field,
                   const std::pair<std::string_view, std::string_view>& traits) {
    report_.error(position,
                  fmt::format("{}: field '{}' provided by both @@trait({}) and @@trait({})", label,
                              field, traits.first, traits.second));
  }

  bool fits(const Model& host, const Members& members) {
    if (members.fields.size() + host.fields.size() > limits_.fields_max) {
      report_.error(host.position,
                    fmt::format("'{}' has more than {} fields", host.name, limits_.fields_max));
      return false;
    }
    if (members.attributes.size() + host.attributes.size() > limits_.attributes_max) {
      report_.error(host.position, fmt::format("'{}' has more than {} attributes", host.name,
                                               limits_.attributes_max));
      return false;
    }
    return true;
  }

  void flatten(std::size_t index) {
    const Model& trait = schema_.traits[index];
    const std::string label = fmt::format("Trait '{}'", trait.name);
    Members members = members_used_by(trait, label);
    for (const Field& field : trait.fields) {
      const auto provider = members.providers.find(field.name);
      if (provider != members.providers.end()) {
        report_both(field.position, label, field.name, {provider->second, trait.name});
      }
      members.fields.push_back(field);
    }
    append_own_attributes(trait, members.attributes);
    members_[index] = std::move(members);
  }

  static void append_own_attributes(const Model& host, std::vector<ModelAttribute>& attributes) {
    for (const ModelAttribute& attribute : host.attributes) {
      if (!std::holds_alternative<TraitUse>(attribute)) attributes.push_back(attribute);
    }
  }

  void splice(Model& model) {
    if (model.find<TraitUse>() == nullptr) return;
    Members members = members_used_by(model, fmt::format("Model '{}'", model.name));
    std::unordered_set<std::string_view> own;
    for (const Field& field : model.fields)
      own.insert(field.name);
    // What the model declares itself wins.
    std::erase_if(members.fields, [&own](const Field& field) { return own.contains(field.name); });
    for (Field& field : model.fields)
      members.fields.push_back(std::move(field));
    append_own_attributes(model, members.attributes);
    model.fields = std::move(members.fields);
    model.attributes = std::move(members.attributes);
  }

  Schema& schema_;
  const ParseLimits& limits_;
  Report& report_;
  std::unordered_map<std::string, std::size_t> traits_;
  std::vector<Members> members_;  // by index of the trait
};

}  // namespace

void splice_traits(Schema& schema, const ParseLimits& limits, Report& report) {
  Splicer(schema, limits, report).run();
}

}  // namespace moonstone::lite
