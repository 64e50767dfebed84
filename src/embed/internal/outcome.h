// Moonstone. Licence: see LICENSE.
#pragma once
// Results of the engine as outcomes of the public API.
// Threads: pure functions.

#include <string>
#include <type_traits>
#include <utility>

#include "base/json.h"
#include "base/result.h"
#include "base/value.h"
#include "moonstone/moonstone.h"

namespace moonstone::embed {

[[nodiscard]] inline Failure failure_of(const Error& error) {
  const Value* const details = error.details();
  return {.code = std::string(to_string(error.code())),
          .message = error.message(),
          .details_json = details == nullptr ? std::string() : to_json(*details)};
}

[[nodiscard]] inline std::unexpected<Failure> fail(const Error& error) {
  return std::unexpected(failure_of(error));
}

template <class T>
[[nodiscard]] Outcome<T> outcome_of(Result<T> result) {
  if (!result) return fail(result.error());
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return *std::move(result);
  }
}

}  // namespace moonstone::embed
