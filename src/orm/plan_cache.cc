// Moonstone. Licence: see LICENSE.
#include "orm/internal/plan_cache.h"

namespace moonstone::orm {

CachedPlanPtr PlanCache::find(std::string_view key) {
  const auto state = state_.lock();
  // Often it is the last one again, and comparing keys costs less than hashing one.
  if (!state->entries.empty() && state->entries.front().first == key) {
    return state->entries.front().second;
  }
  const auto found = state->by_key.find(key);
  if (found == state->by_key.end()) return nullptr;
  state->entries.splice(state->entries.begin(), state->entries, found->second);
  return found->second->second;
}

void PlanCache::put(std::string key, CachedPlanPtr plan) {
  if (key.size() > kPlanKeyBytesMax) return;
  CachedPlanPtr dropped;  // is destroyed after the lock
  const auto state = state_.lock();
  if (const auto known = state->by_key.find(key); known != state->by_key.end()) {
    dropped = std::exchange(known->second->second, std::move(plan));
    return;
  }
  state->entries.emplace_front(std::move(key), std::move(plan));
  state->by_key.emplace(state->entries.front().first, state->entries.begin());
  if (state->entries.size() <= kPlansMax) return;
  dropped = state->entries.back().second;
  state->by_key.erase(state->entries.back().first);
  state->entries.pop_back();
}

void PlanCache::erase(std::string_view key) {
  const auto state = state_.lock();
  const auto found = state->by_key.find(key);
  if (found == state->by_key.end()) return;
  const auto entry = found->second;
  state->by_key.erase(found);
  state->entries.erase(entry);
}

std::size_t PlanCache::size() {
  return state_.lock()->entries.size();
}

}  // namespace moonstone::orm
