// Moonstone. Licence: see LICENSE.
#include "orm/internal/method.h"

#include <algorithm>
#include <array>
#include <cstddef>

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

}  // namespace moonstone::orm
