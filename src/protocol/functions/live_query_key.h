// Moonstone. Licence: see LICENSE.
#pragma once
// The key of a function's live query: which function with which arguments. Calls of equal keys
// share their runs, and what runs them after a deployment is found from the key alone.
//
// Threads: pure functions.

#include <optional>
#include <string>
#include <string_view>

#include "base/value.h"

namespace moonstone::protocol::functions {

struct NamedQuery {
  std::string function;
  Value args;  ///< undefined: the call had none, which is not the same query as one with null
};

/// Equal for calls whose arguments differ in the order of members only.
[[nodiscard]] std::string live_query_key(std::string_view function, const Value& args);

/// Nothing: the live query is not one of a function (`explain`).
[[nodiscard]] std::optional<NamedQuery> read_live_query_key(std::string_view key);

}  // namespace moonstone::protocol::functions
