// Moonstone. Licence: see LICENSE.
#include "orm/internal/method.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "orm/methods.h"

namespace moonstone::orm {
namespace {

constexpr std::string_view kGetters = "getters";
constexpr std::string_view kSetters = "setters";

struct Facts {
  std::string_view name;
  std::string_view hooked_as = {};   // the operation whose hooks it calls; empty: of none
  std::string_view hook_group = {};  // to which that operation belongs; empty: to none
};

/// In the order of the enumerators.
constexpr std::array<Facts, 26> kFacts = {{
    {"findMany", "findMany", kGetters},
    {"findFirst", "findFirst", kGetters},
    {"findFirstOrThrow", "findFirst", kGetters},
    {"findUnique", "findUnique", kGetters},
    {"findUniqueOrThrow", "findUnique", kGetters},
    {"findManyAndCount", "findMany", kGetters},
    {"findManyCursor", "findManyCursor", kGetters},
    {"count", "count", kGetters},
    {"exists", "exists", kGetters},
    {"aggregate"},
    {"groupBy"},
    {"search", "search", kGetters},
    {"query"},
    {"create", "create", kSetters},
    {"createMany", "createMany", kSetters},
    {"update", "update", kSetters},
    {"updateMany", "updateMany", kSetters},
    {"upsert"},  // the create or update in it calls its own
    {"upsertMany", "upsertMany", kSetters},
    {"remove", "remove", kSetters},
    {"removeMany", "removeMany", kSetters},
    {"delete", "delete", kSetters},
    {"deleteMany", "deleteMany", kSetters},
    {"restore", "restore"},
    {"transition", "update", kSetters},
    {"optimizeFts"},
}};
static_assert(static_cast<std::size_t>(Method::OptimizeFts) + 1 == kFacts.size());

constexpr auto kNames = [] {
  std::array<std::string_view, kFacts.size()> names;
  std::ranges::transform(kFacts, names.begin(), &Facts::name);
  return names;
}();

const Facts& facts_of(Method method) {
  return kFacts.at(static_cast<std::size_t>(method));
}

}  // namespace

std::optional<Method> find_method(std::string_view name) {
  const auto* const found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Method>(found - kNames.begin());
}

std::string_view name_of(Method method) {
  return facts_of(method).name;
}

std::string_view hook_operation(Method method) {
  return facts_of(method).hooked_as;
}

std::span<const std::string_view> method_names() {
  return kNames;
}

std::size_t read_method_count() {
  return static_cast<std::size_t>(Method::Query) + 1;
}

std::string_view hook_operation(std::string_view method) {
  const auto found = find_method(method);
  return found ? hook_operation(*found) : std::string_view();
}

std::string_view hook_group(std::string_view operation) {
  const auto found = find_method(operation);
  return found ? facts_of(*found).hook_group : std::string_view();
}

bool takes_list(std::string_view method) {
  return method == name_of(Method::Search) || method == name_of(Method::Transition);
}

}  // namespace moonstone::orm
