// Moonstone. Licence: see LICENSE.
#pragma once
// QueryNumber: names a live query inside this module; rises in the order of registration and is
// never used twice.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace moonstone::live {

struct QueryNumber {
  std::uint64_t value = 0;
  friend auto operator<=>(const QueryNumber&, const QueryNumber&) = default;
};

struct QueryNumberHash {
  [[nodiscard]] std::size_t operator()(QueryNumber number) const noexcept {
    return std::hash<std::uint64_t>{}(number.value);
  }
};

}  // namespace moonstone::live
