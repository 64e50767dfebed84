// Moonstone. Licence: see LICENSE.
#pragma once
// ModelFunctions: what the functions of a project add to its models (defineModels): computed
// fields, defaults, rules for data, hooks and listeners. Here stands which there are; they are run
// by model_host.h.
// Threads: immutable after reading. Source: litestone.md 28, 29, 32.3.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "schema/catalog.h"

namespace moonstone::runtime {

struct ModelFunctions {
  struct OfModel {
    std::vector<std::string> computed{};  // names of fields, in the order of the object
    std::vector<std::string> defaults{};
    bool has_rules = false;
    std::set<std::string, std::less<>> before{};  // operations, "setters", "getters", "all"
    std::set<std::string, std::less<>> after{};
    /// Functions to schedule, by "create", "update", "remove", "transition" and "change".
    std::map<std::string, std::vector<std::string>, std::less<>> events{};
  };

  std::string module;                                    // whose default export they are
  std::map<std::string, OfModel, std::less<>> models{};  // by the model's name
  OfModel every{};                                       // hooks and listeners of all models
  bool has_hooks = false;                                // around writes or reads
  bool has_read_hooks = false;
  bool has_listeners = false;

  /// Null: the model has none of its own.
  [[nodiscard]] const OfModel* find(std::string_view model) const;
};
using ModelFunctionsPtr = std::shared_ptr<const ModelFunctions>;

/// Whether hooks under one of the names are called for the operation.
[[nodiscard]] bool has_hook_for(const std::set<std::string, std::less<>>& names,
                                std::string_view operation);

/// Reads what prelude/bundle.js has described. `catalog` null: the project has no models.
/// `functions`: whether a project has a function of that name that can be scheduled.
/// Errors: InvalidArgument naming the model, and what is unknown or not allowed.
[[nodiscard]] Result<ModelFunctionsPtr> read_model_functions(
    const Object& described,
    const schema::Catalog* catalog,
    const std::function<bool(const std::string&)>& can_be_scheduled);

}  // namespace moonstone::runtime
