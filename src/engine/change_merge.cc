// Moonstone. Licence: see LICENSE.
#include "engine/change_merge.h"

#include <iterator>
#include <utility>

namespace moonstone::engine {

namespace {

/// Keys are unique in their table only.
std::string row_key(const query::Change& change) {
  return change.table->name + '\0' + change.key;
}

}  // namespace

void ChangeMerge::add(std::vector<query::Change> changes) {
  if (changes_.empty()) {  // the common case: one mutation, or the first of a group
    changes_ = std::move(changes);
    return;
  }
  if (position_by_key_.empty()) {
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      position_by_key_.emplace(row_key(changes_[i]), i);
    }
  }
  for (query::Change& change : changes) {
    const auto [entry, is_new] = position_by_key_.emplace(row_key(change), changes_.size());
    if (is_new) {
      changes_.push_back(std::move(change));
    } else {
      changes_[entry->second].after = std::move(change.after);
      shared_row_ = true;
    }
  }
}

std::vector<query::Change> ChangeMerge::take() {
  if (shared_row_) {
    std::erase_if(changes_,
                  [](const query::Change& change) { return change.before == change.after; });
  }
  position_by_key_.clear();
  shared_row_ = false;
  return std::exchange(changes_, {});
}

}  // namespace moonstone::engine
