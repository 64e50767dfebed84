// Moonstone. Licence: see LICENSE.
#pragma once
// KeyIndex: numbers for the distinct keys of one column of rows, in the order of their first
// appearance; the hash table of joins.
// Threads: confined. Lifetime: the values outlive it.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/value.h"

namespace moonstone::orm {

class KeyIndex {
 public:
  static constexpr std::uint32_t kNone = static_cast<std::uint32_t>(-1);

  /// `count_max`: how many keys may be added.
  explicit KeyIndex(std::size_t count_max);

  /// The number of the key, new or known. NULL has none (kNone), it equals nothing.
  std::uint32_t add(const Value& key);
  /// kNone: unknown.
  [[nodiscard]] std::uint32_t find(const Value& key) const;
  [[nodiscard]] const std::vector<const Value*>& keys() const { return keys_; }

 private:
  [[nodiscard]] std::size_t slot_of(const Value& key) const;

  std::vector<std::uint32_t> slots_;  // numbers; a power of two, at most half full
  std::vector<const Value*> keys_;
};

}  // namespace moonstone::orm
