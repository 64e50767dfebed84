// Moonstone. Licence: see LICENSE.
//
// Function calls, `@generated` and `@from`. Source: litestone.md 3.4
#include <unordered_map>

#include <fmt/format.h>

#include "schema/lite/internal/attribute_names.h"
#include "schema/lite/internal/graph.h"
#include "schema/lite/internal/stages.h"

namespace moonstone::lite {
namespace {

class DerivedCheck {
 public:
  DerivedCheck(const Model& model, const SchemaIndex& index, Report& report)
      : model_(model), index_(index), report_(report) {
    for (std::size_t i = 0; i < model.fields.size(); ++i)
      numbers_.emplace(model.fields[i].name, i);
  }

  void run() {
    Graph uses(model_.fields.size());
    for (std::size_t i = 0; i < model_.fields.size(); ++i) {
      const Field& field = model_.fields[i];
      for (const FieldAttribute& attribute : field.attributes) {
        if (const auto* call = std::get_if<FunctionCall>(&attribute)) {
          check(field, *call, uses[i]);
        } else if (const auto* generated = std::get_if<Generated>(&attribute)) {
          check(field, *generated, uses[i]);
        } else if (const auto* from = std::get_if<From>(&attribute)) {
          check(field, *from);
        }
      }
    }
    report_cycles(uses);
  }

 private:
  void error(const Field& field, std::string_view text) {
    report_.error(field.position, fmt::format("{}: {}", label_of(model_, field), text));
  }

  void check(const Field& field, const FunctionCall& call, std::vector<std::size_t>& uses) {
    const Function* function = SchemaIndex::find(index_.functions, call.function);
    if (function == nullptr) {
      error(field, fmt::format("@{0} references unknown function '{0}'", call.function));
      return;
    }
    if (function->parameters.size() != call.arguments.size()) {
      error(field, fmt::format("@{} expects {} argument(s) but got {}", call.function,
                               function->parameters.size(), call.arguments.size()));
    }
    for (const std::string& argument : call.arguments) {
      const auto found = numbers_.find(argument);
      if (found == numbers_.end()) {
        error(field, fmt::format("@{} argument '{}' is not a field on this model", call.function,
                                 argument));
      } else if (argument == field.name) {
        error(field, fmt::format("@{} cannot reference itself", call.function));
      } else {
        uses.push_back(found->second);
      }
    }
  }

  void check(const Field& field, const Generated& generated, std::vector<std::size_t>& uses) {
    for (const std::string& name : generated.fields) {
      const auto found = numbers_.find(name);
      if (found == numbers_.end()) {
        error(field, fmt::format("@generated references unknown field '{}'", name));
      } else if (name == field.name) {
        error(field, "@generated cannot reference itself");
      } else {
        uses.push_back(found->second);
      }
    }
  }

  void report_cycles(const Graph& uses) {
    const auto field_name = [this](std::size_t node) { return model_.fields[node].name; };
    for (const auto& cycle : walk(uses).cycles) {
      report_.error(model_.fields[cycle.front()].position,
                    fmt::format("Model '{}': circular @generated dependency detected: {}",
                                model_.name, join_cycle(cycle, " ↔ ", false, field_name)));
    }
  }

  void check(const Field& field, const From& from) {
    if (field.has(FieldFlag::Computed)) error(field, "@from conflicts with @computed");
    const Model* target = SchemaIndex::find(index_.models, from.target);
    if (target == nullptr) {
      error(field, fmt::format("@from references unknown model '{}'", from.target));
      return;
    }
    check_operation(field, from, *target);
    if (from.order_by && index_.find_field(*target, *from.order_by) == nullptr) {
      error(field, fmt::format("@from orderBy references unknown field '{}' on '{}'",
                               *from.order_by, target->name));
    }
  }

  void check_operation(const Field& field, const From& from, const Model& target) {
    const FieldType& type = field.type;
    switch (*from.operation) {
      case FromOperation::First:
      case FromOperation::Last:
        if (type.name == target.name && !type.array) break;
        error(field, fmt::format("@from {} requires the field type to be '{}' (got '{}')",
                                 word_of(*from.operation), target.name, type.name));
        break;
      case FromOperation::Count:
        if (type.is_scalar(ScalarType::Int) && !type.array) break;
        error(field, fmt::format("@from count requires an Integer field (got '{}')", type.name));
        break;
      case FromOperation::Exists:
        if (type.is_scalar(ScalarType::Boolean) && !type.array) break;
        error(field, fmt::format("@from exists requires a Boolean field (got '{}')", type.name));
        break;
      case FromOperation::Sum:
      case FromOperation::Max:
      case FromOperation::Min:
        if (index_.find_field(target, from.field) != nullptr) break;
        error(field, fmt::format("@from {} references unknown field '{}' on '{}'",
                                 word_of(*from.operation), from.field, target.name));
        break;
    }
  }

  const Model& model_;
  const SchemaIndex& index_;
  Report& report_;
  std::unordered_map<std::string_view, std::size_t> numbers_;
};

}  // namespace

void validate_derived_fields(const Schema& schema, const SchemaIndex& index, Report& report) {
  for (const Model& model : schema.models)
    DerivedCheck(model, index, report).run();
}

}  // namespace moonstone::lite
