// Moonstone. Licence: see LICENSE.
#pragma once
// PlanCache: plans by the shape of the calls that they are for; the least recently used go.
// Threads: synchronised.

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/guarded.h"

namespace moonstone::orm {

/// What a shape was compiled to. Whoever put it under a key knows its type.
class CachedPlan {
 public:
  virtual ~CachedPlan() = default;
};
using CachedPlanPtr = std::shared_ptr<const CachedPlan>;

/// Plans kept: an application has some hundred shapes of calls; a plan is a few KiB.
inline constexpr std::size_t kPlansMax = 1'000;
/// Longer keys are not kept: they hold long raw SQL or lists, which seldom come again.
inline constexpr std::size_t kPlanKeyBytesMax = 16 * 1024;

class PlanCache {
 public:
  /// Null if there is none.
  [[nodiscard]] CachedPlanPtr find(std::string_view key);
  void put(std::string key, CachedPlanPtr plan);
  void erase(std::string_view key);
  [[nodiscard]] std::size_t size();

 private:
  using Entry = std::pair<const std::string, CachedPlanPtr>;
  struct State {
    std::list<Entry> entries;  // the most recently used first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key;
  };
  Guarded<State> state_;
};

}  // namespace moonstone::orm
