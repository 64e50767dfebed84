// Moonstone. Licence: see LICENSE.
//
// `type` declarations: the shapes of typed JSON fields. Source: litestone.md 3.4
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "schema/lite/internal/attribute_names.h"
#include "schema/lite/internal/graph.h"
#include "schema/lite/internal/stages.h"

namespace moonstone::lite {
namespace {

/// The name of an attribute that has no meaning inside of JSON, or nothing.
std::string_view forbidden_name_of(const FieldAttribute& attribute) {
  if (const auto* flag = std::get_if<FieldFlag>(&attribute)) {
    if (*flag == FieldFlag::Id) return "@id";
    if (*flag == FieldFlag::Unique) return "@unique";
    if (*flag == FieldFlag::UpdatedAt) return "@updatedAt";
  }
  if (std::holds_alternative<FieldMap>(attribute)) return "@map";
  if (std::holds_alternative<Relation>(attribute)) return "@relation";
  if (std::holds_alternative<Generated>(attribute)) return "@generated";
  if (std::holds_alternative<From>(attribute)) return "@from";
  if (std::holds_alternative<Encrypted>(attribute)) return "@encrypted";
  if (std::holds_alternative<Guarded>(attribute)) return "@guarded";
  if (std::holds_alternative<Secret>(attribute)) return "@secret";
  return {};
}

struct AttributeName {
  std::string_view operator()(ModelFlag flag) const { return word_of(flag); }
  std::string_view operator()(const Index& index) const {
    return index.unique ? "unique" : "index";
  }
  std::string_view operator()(const FullText&) const { return "fts"; }
  std::string_view operator()(const TableMap&) const { return "map"; }
  std::string_view operator()(const SoftDelete&) const { return "softDelete"; }
  std::string_view operator()(const Templates&) const { return "hasTemplates"; }
  std::string_view operator()(const Policy& policy) const {
    return policy.effect == PolicyEffect::Allow ? "allow" : "deny";
  }
  std::string_view operator()(const Gate&) const { return "gate"; }
  std::string_view operator()(const Log&) const { return "log"; }
  std::string_view operator()(const DatabaseOf&) const { return "db"; }
  std::string_view operator()(const TraitUse&) const { return "trait"; }
};

class Checker {
 public:
  Checker(Schema& schema, const ParseOptions& options, Report& report)
      : schema_(schema), options_(options), report_(report), index_(schema) {}

  void run() {
    std::unordered_map<std::string_view, std::size_t> numbers;
    for (std::size_t i = 0; i < schema_.types.size(); ++i) {
      Model& type = schema_.types[i];
      if (!numbers.emplace(type.name, i).second) {
        report_.error(type.position, fmt::format("Duplicate type '{}'", type.name));
      }
      check(type);
    }
    report_cycles(numbers);
  }

 private:
  void check(Model& type) {
    for (const ModelAttribute& attribute : type.attributes) {
      report_.error(type.position, fmt::format("Type '{}': @@{} not allowed in a type", type.name,
                                               std::visit(AttributeName{}, attribute)));
    }
    for (Field& field : type.fields) {
      const std::string label = fmt::format("Type '{}', field '{}'", type.name, field.name);
      resolve(field, label);
      for (const FieldAttribute& attribute : field.attributes) {
        const std::string_view name = forbidden_name_of(attribute);
        if (!name.empty()) refuse(field, label, fmt::format("{} not allowed in a type", name));
      }
      check_default(field, label);
      check_type_reference(field, label, index_, report_);
    }
  }

  void refuse(const Field& field, std::string_view label, std::string_view what) {
    report_.error(field.position, fmt::format("{}: {}", label, what));
  }

  void resolve(Field& field, std::string_view label) {
    FieldType& type = field.type;
    if (const auto scalar = find_scalar_type(type.name, options_.dialect)) {
      type.kind = TypeKind::Scalar;
      type.scalar = *scalar;
      if (*scalar == ScalarType::File || *scalar == ScalarType::Bytes) {
        refuse(field, label, fmt::format("{} fields are not allowed in a type", type.name));
      }
    } else if (index_.enums.contains(type.name)) {
      type.kind = TypeKind::Enum;
    } else {
      refuse(field, label, fmt::format("unknown type '{}'", type.name));
    }
  }

  void check_default(const Field& field, std::string_view label) {
    constexpr std::array<std::string_view, 5> kCalls{"now", "cuid", "ulid", "uuid", "auth"};
    const auto* value = field.find<Default>();
    if (value == nullptr || value->kind != DefaultKind::Call) return;
    if (std::ranges::find(kCalls, value->function) == kCalls.end()) return;
    refuse(field, label, fmt::format("@default({}()) not allowed in a type", value->function));
  }

  void report_cycles(const std::unordered_map<std::string_view, std::size_t>& numbers) {
    Graph graph(schema_.types.size());
    for (std::size_t i = 0; i < graph.size(); ++i) {
      for (const Field& field : schema_.types[i].fields) {
        const auto* reference = field.find<TypeReference>();
        if (reference == nullptr) continue;
        const auto target = numbers.find(reference->name);
        if (target != numbers.end()) graph[i].push_back(target->second);
      }
    }
    const GraphWalk order = walk(graph);
    const auto name_of = [this](std::size_t node) { return schema_.types[node].name; };
    for (const auto& cycle : order.cycles) {
      report_.error(schema_.types[cycle.front()].position,
                    "Type cycle detected: " + join_cycle(cycle, " → ", true, name_of));
    }
    const std::size_t height = order.heights.empty() ? 0 : *std::ranges::max_element(order.heights);
    if (order.cycles.empty() && height > options_.limits.nesting_max) {
      report_.error(
          schema_.types.front().position,
          fmt::format("Types are nested more than {} levels deep", options_.limits.nesting_max));
    }
  }

  Schema& schema_;
  const ParseOptions& options_;
  Report& report_;
  SchemaIndex index_;
};

}  // namespace

void check_type_declarations(Schema& schema, const ParseOptions& options, Report& report) {
  Checker(schema, options, report).run();
}

void check_type_reference(const Field& field,
                          std::string_view label,
                          const SchemaIndex& index,
                          Report& report) {
  const auto* reference = field.find<TypeReference>();
  if (reference == nullptr) return;
  if (!index.types.contains(reference->name)) {
    report.error(field.position, fmt::format("{}: unknown type '{}'", label, reference->name));
  }
  if (!field.type.is_scalar(ScalarType::Json)) {
    report.error(field.position, fmt::format("{}: @type({}) requires the field to be Json (got {})",
                                             label, reference->name, field.type.name));
  }
}

}  // namespace moonstone::lite
