// Moonstone. Licence: see LICENSE.
#pragma once
// Result<T>: a value or an Error, and the macros that hand errors upwards.
//
// Result derives from std::expected only to make it [[nodiscard]]: an ignored error is a bug.
// MS_TRY(auto row, txn.get(key)) declares `row` or returns the error to the caller.

#include <expected>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace moonstone {

template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using Base = std::expected<T, Error>;
  using Base::Base;
  Result(Error error)
      : Base(std::unexpected(std::move(error))) {
  }  // NOLINT(google-explicit-constructor): return Error{..} reads well

  /// Drops the outcome on purpose; `why` stands in the code for the reader.
  void ignore(std::string_view /*why*/) const {}
};

/// A Result without a value.
using Status = Result<void>;

/// Success, spelled out where `return {};` would be obscure.
[[nodiscard]] inline Status ok() {
  return {};
}

}  // namespace moonstone

#define MS_CONCAT_INNER(a, b) a##b
#define MS_CONCAT(a, b) MS_CONCAT_INNER(a, b)

/// Declares `declaration` from the value of `expression`, or returns its error.
#define MS_TRY(declaration, ...) \
  MS_TRY_IMPL(MS_CONCAT(ms_result_, __COUNTER__), declaration, __VA_ARGS__)
#define MS_TRY_IMPL(temporary, declaration, ...)                           \
  auto&& temporary = (__VA_ARGS__);                                        \
  if (!temporary) return ::moonstone::Error(std::move(temporary).error()); \
  declaration = *std::move(temporary)

/// Evaluates a Status (or a Result whose value is not needed) and returns its error, if any.
#define MS_TRY_STATUS(...)                                     \
  do {                                                         \
    if (auto&& ms_status = (__VA_ARGS__); !ms_status) {        \
      return ::moonstone::Error(std::move(ms_status).error()); \
    }                                                          \
  } while (false)
