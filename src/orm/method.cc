// Moonstone. Licence: see LICENSE.
#include "orm/internal/method.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "orm/methods.h"

namespace moonstone::orm {
namespace {

/// In the order of the enumerators.
constexpr std::array<std::string_view, 26> kNames = {"findMany",
                                                     "findFirst",
                                                     "findFirstOrThrow",
                                                     "findUnique",
                                                     "findUniqueOrThrow",
                                                     "findManyAndCount",
                                                     "findManyCursor",
                                                     "count",
                                                     "exists",
                                                     "aggregate",
                                                     "groupBy",
                                                     "search",
                                                     "query",
                                                     "create",
                                                     "createMany",
                                                     "update",
                                                     "updateMany",
                                                     "upsert",
                                                     "upsertMany",
                                                     "remove",
                                                     "removeMany",
                                                     "delete",
                                                     "deleteMany",
                                                     "restore",
                                                     "transition",
                                                     "optimizeFts"};
static_assert(static_cast<std::size_t>(Method::OptimizeFts) + 1 == kNames.size());

}  // namespace

std::optional<Method> find_method(std::string_view name) {
  const auto* const found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Method>(found - kNames.begin());
}

std::string_view name_of(Method method) {
  return kNames.at(static_cast<std::size_t>(method));
}

std::span<const std::string_view> method_names() {
  return kNames;
}

std::size_t read_method_count() {
  return static_cast<std::size_t>(Method::Query) + 1;
}

bool takes_list(std::string_view method) {
  return method == name_of(Method::Search) || method == name_of(Method::Transition);
}

}  // namespace moonstone::orm
