// Moonstone. Licence: see LICENSE.
#pragma once
// Methods of models, by their names.
// Threads: pure functions. Source: litestone.md 9, 10.1, 29.

#include <optional>
#include <string_view>

namespace moonstone::orm {

enum class Method : unsigned char {
  // reads:
  FindMany,
  FindFirst,
  FindFirstOrThrow,
  FindUnique,
  FindUniqueOrThrow,
  FindManyAndCount,
  FindManyCursor,
  Count,
  Exists,
  Aggregate,
  GroupBy,
  Search,
  Query,
  // writes:
  Create,
  CreateMany,
  Update,
  UpdateMany,
  Upsert,
  UpsertMany,
  Remove,
  RemoveMany,
  Delete,
  DeleteMany,
  Restore,
  Transition,
  OptimizeFts,
};

[[nodiscard]] std::optional<Method> find_method(std::string_view name);
[[nodiscard]] std::string_view name_of(Method method);
/// The operation whose hooks a method calls (litestone.md 29); empty: it calls none.
[[nodiscard]] std::string_view hook_operation(Method method);
[[nodiscard]] inline bool is_read(Method method) {
  return method <= Method::Query;
}

}  // namespace moonstone::orm
