// Moonstone. Licence: see LICENSE.
#include "runtime/model_functions.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "orm/methods.h"

namespace moonstone::runtime {
namespace {

using schema::FieldRole;

constexpr std::string_view kAll = "all";
constexpr std::array<std::string_view, 5> kEvents = {"create", "update", "remove", "transition",
                                                     "change"};

bool is_among(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

Error refused(std::string message) {
  return {ErrorCode::InvalidArgument, std::move(message), "build"};
}

std::vector<std::string> texts_in(const Object& object, std::string_view name) {
  std::vector<std::string> texts;
  const Value* const list = object.find(name);
  if (list == nullptr || !list->is_array()) return texts;
  for (const Value& text : list->as_array()) {
    if (text.is_text()) texts.push_back(text.as_text());
  }
  return texts;
}

/// What hooks may be called for (litestone.md 29), without the groups.
std::vector<std::string_view> hook_operations() {
  std::vector<std::string_view> operations;
  for (const std::string_view method : orm::method_names()) {
    if (orm::hook_operation(method) == method) operations.push_back(method);
  }
  return operations;
}

/// Whether hooks of that name are called around reads.
bool hears_reads(std::string_view name) {
  return name == kAll || name == "getters" || orm::hook_group(name) == "getters";
}

Status read_hooks(const Object& described,
                  std::string_view when,
                  std::string_view place,
                  std::set<std::string, std::less<>>& names) {
  for (std::string& name : texts_in(described, when)) {
    const bool is_group = name == kAll || name == "getters" || name == "setters";
    if (!is_group && orm::hook_operation(name) != name) {
      return refused(fmt::format(
          "{}: hooks.{}.{} is no operation; there are {}, and the groups setters, getters and all",
          place, when, name, fmt::join(hook_operations(), ", ")));
    }
    names.insert(std::move(name));
  }
  return {};
}

class Reader {
 public:
  Reader(const schema::Catalog& catalog,
         const std::function<bool(const std::string&)>& can_be_scheduled)
      : catalog_(catalog), can_be_scheduled_(can_be_scheduled) {}

  Result<ModelFunctionsPtr> read(const Object& described) {
    auto functions = std::make_shared<ModelFunctions>();
    if (const Value* const module = described.find("module"); module != nullptr) {
      functions->module = module->as_text();
    }
    if (const Value* const every = described.find("every"); every != nullptr) {
      MS_TRY_STATUS(read_shared(every->as_object(), "defineModels", functions->every));
    }
    if (const Value* const models = described.find("models"); models != nullptr) {
      for (const auto& [name, value] : models->as_object())
        MS_TRY_STATUS(read_model(name, value.as_object(), *functions));
    }
    note_kinds(functions->every, *functions);
    for (const auto& [name, model] : functions->models)
      note_kinds(model, *functions);
    return ModelFunctionsPtr(std::move(functions));
  }

 private:
  [[nodiscard]] const schema::Model* find(const std::string& name) const {
    for (const schema::Model& model : catalog_.models) {
      if (!model.is_join_table && (model.accessor == name || model.name == name)) return &model;
    }
    return nullptr;
  }

  Status read_model(const std::string& name, const Object& described, ModelFunctions& functions) {
    const schema::Model* const model = find(name);
    const std::string place = fmt::format("defineModels: {}", name);
    if (model == nullptr) {
      std::vector<std::string_view> known;
      for (const schema::Model& each : catalog_.models) {
        if (!each.is_join_table) known.push_back(each.accessor);
      }
      return refused(fmt::format("{} is no model of schema.lite; there are {}", place,
                                 fmt::join(known, ", ")));
    }
    if (functions.models.contains(model->name)) {
      return refused(fmt::format("{} is there twice", place));
    }
    ModelFunctions::OfModel own;
    MS_TRY_STATUS(read_shared(described, place, own));
    own.computed = texts_in(described, "computed");
    own.defaults = texts_in(described, "defaults");
    const Value* const rules = described.find("hasRules");
    own.has_rules = rules != nullptr && *rules == Value(true);
    MS_TRY_STATUS(check_fields(*model, place, own));
    functions.models.emplace(model->name, std::move(own));
    return {};
  }

  Status read_shared(const Object& described, std::string_view place, ModelFunctions::OfModel& to) {
    MS_TRY_STATUS(read_hooks(described, "before", place, to.before));
    MS_TRY_STATUS(read_hooks(described, "after", place, to.after));
    const Value* const events = described.find("events");
    if (events == nullptr || !events->is_object()) return {};
    for (const auto& [event, value] : events->as_object()) {
      if (!is_among(kEvents, event)) {
        return refused(fmt::format("{}: events.{} is no event; there are {}", place, event,
                                   fmt::join(kEvents, ", ")));
      }
      std::vector<std::string> listeners = texts_in(events->as_object(), event);
      for (const std::string& listener : listeners) {
        if (can_be_scheduled_(listener)) continue;
        return refused(fmt::format("{}: events.{} names {}, which is no mutation or action", place,
                                   event, listener));
      }
      to.events.emplace(event, std::move(listeners));
    }
    return {};
  }

  static Status check_fields(const schema::Model& model,
                             std::string_view place,
                             const ModelFunctions::OfModel& own) {
    for (const std::string& name : own.computed) {
      const schema::ModelField* const field = model.find_field(name);
      const bool is_taken = (field != nullptr && field->role != FieldRole::Computed) ||
                            model.find_relation(name) != nullptr;
      if (is_taken) {
        return refused(fmt::format(
            "{}: computed.{} is stored or a relation; declare it @computed, or choose another name",
            place, name));
      }
    }
    for (const std::string& name : own.defaults) {
      const schema::ModelField* const field = model.find_field(name);
      if (field != nullptr && field->role == FieldRole::Stored) continue;
      return refused(fmt::format("{}: defaults.{} is no stored field", place, name));
    }
    return {};
  }

  static void note_kinds(const ModelFunctions::OfModel& own, ModelFunctions& functions) {
    const auto has_read = [](const auto& names) { return std::ranges::any_of(names, hears_reads); };
    functions.has_hooks = functions.has_hooks || !own.before.empty() || !own.after.empty();
    functions.has_read_hooks =
        functions.has_read_hooks || has_read(own.before) || has_read(own.after);
    functions.has_listeners = functions.has_listeners || !own.events.empty();
  }

  const schema::Catalog& catalog_;
  const std::function<bool(const std::string&)>& can_be_scheduled_;
};

}  // namespace

const ModelFunctions::OfModel* ModelFunctions::find(std::string_view model) const {
  const auto found = models.find(model);
  return found == models.end() ? nullptr : &found->second;
}

bool has_hook_for(const std::set<std::string, std::less<>>& names, std::string_view operation) {
  return !names.empty() && (names.contains(operation) || names.contains(kAll) ||
                            names.contains(orm::hook_group(operation)));
}

Result<ModelFunctionsPtr> read_model_functions(
    const Object& described,
    const schema::Catalog* catalog,
    const std::function<bool(const std::string&)>& can_be_scheduled) {
  if (catalog == nullptr) {
    return refused("defineModels is for projects whose schema is a schema.lite file");
  }
  return Reader(*catalog, can_be_scheduled).read(described);
}

}  // namespace moonstone::runtime
