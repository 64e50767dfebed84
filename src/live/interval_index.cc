// Moonstone. Licence: see LICENSE.
#include "live/internal/interval_index.h"

#include <utility>

#include "query/expr.h"

namespace moonstone::live {
namespace {

/// SplitMix64's finaliser: neighbouring counters give unrelated priorities.
std::uint32_t mix(std::uint64_t counter) {
  std::uint64_t z = counter * 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return static_cast<std::uint32_t>((z ^ (z >> 31U)) >> 32U);
}

bool starts_after(const Interval& interval, const Value& point) {
  return interval.low && query::compare_values(*interval.low, point) > 0;
}

bool ends_before(const Interval& interval, const Value& point) {
  return interval.high && query::compare_values(*interval.high, point) < 0;
}

}  // namespace

IntervalIndex::Handle IntervalIndex::insert(Interval interval, std::uint32_t payload) {
  const std::uint32_t node = allocate(std::move(interval), payload);
  ++size_;
  if (root_ == kNone) {
    root_ = node;
    return node;
  }
  std::uint32_t parent = root_;
  while (true) {
    std::uint32_t& child = low_is_less(node, parent) ? nodes_[parent].left : nodes_[parent].right;
    if (child == kNone) {
      child = node;
      break;
    }
    parent = child;
  }
  nodes_[node].parent = parent;
  while (nodes_[node].parent != kNone &&
         nodes_[nodes_[node].parent].priority < nodes_[node].priority) {
    rotate_up(node);
  }
  update_up(node);
  return node;
}

void IntervalIndex::erase(Handle handle) {
  for (std::uint32_t child = heavier_child(handle); child != kNone; child = heavier_child(handle)) {
    rotate_up(child);
  }
  const std::uint32_t parent = nodes_[handle].parent;
  replace_child(parent, handle, kNone);
  update_up(parent);
  nodes_[handle] = Node{};
  free_.push_back(handle);
  --size_;
}

void IntervalIndex::stab(const Value& point, std::vector<std::uint32_t>& payloads) const {
  stab_below(root_, point, payloads);
}

// Recursion is as deep as the treap: about 2 ln n.
void IntervalIndex::stab_below(std::uint32_t node,
                               const Value& point,
                               std::vector<std::uint32_t>& payloads) const {
  while (node != kNone && !ends_before(nodes_[nodes_[node].max_high].interval, point)) {
    stab_below(nodes_[node].left, point, payloads);
    if (starts_after(nodes_[node].interval, point)) return;
    if (!ends_before(nodes_[node].interval, point)) payloads.push_back(nodes_[node].payload);
    node = nodes_[node].right;
  }
}

std::uint32_t IntervalIndex::allocate(Interval interval, std::uint32_t payload) {
  std::uint32_t node = 0;
  if (free_.empty()) {
    node = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
  } else {
    node = free_.back();
    free_.pop_back();
  }
  nodes_[node].interval = std::move(interval);
  nodes_[node].payload = payload;
  nodes_[node].priority = mix(++priorities_given_);
  nodes_[node].max_high = node;
  return node;
}

bool IntervalIndex::high_is_less(std::uint32_t a, std::uint32_t b) const {
  const auto& high_a = nodes_[a].interval.high;
  const auto& high_b = nodes_[b].interval.high;
  if (!high_a) return false;
  return !high_b || query::compare_values(*high_a, *high_b) < 0;
}

bool IntervalIndex::low_is_less(std::uint32_t a, std::uint32_t b) const {
  const auto& low_a = nodes_[a].interval.low;
  const auto& low_b = nodes_[b].interval.low;
  if (!low_b) return false;
  return !low_a || query::compare_values(*low_a, *low_b) < 0;
}

void IntervalIndex::update(std::uint32_t node) {
  std::uint32_t greatest = node;
  for (const std::uint32_t child : {nodes_[node].left, nodes_[node].right}) {
    if (child != kNone && high_is_less(greatest, nodes_[child].max_high)) {
      greatest = nodes_[child].max_high;
    }
  }
  nodes_[node].max_high = greatest;
}

void IntervalIndex::update_up(std::uint32_t node) {
  for (; node != kNone; node = nodes_[node].parent)
    update(node);
}

void IntervalIndex::replace_child(std::uint32_t parent,
                                  std::uint32_t child,
                                  std::uint32_t replacement) {
  if (parent == kNone) {
    root_ = replacement;
  } else if (nodes_[parent].left == child) {
    nodes_[parent].left = replacement;
  } else {
    nodes_[parent].right = replacement;
  }
  if (replacement != kNone) nodes_[replacement].parent = parent;
}

void IntervalIndex::rotate_up(std::uint32_t node) {
  const std::uint32_t parent = nodes_[node].parent;
  replace_child(nodes_[parent].parent, parent, node);
  const bool is_left = nodes_[parent].left == node;
  std::uint32_t& inner = is_left ? nodes_[node].right : nodes_[node].left;
  (is_left ? nodes_[parent].left : nodes_[parent].right) = inner;
  if (inner != kNone) nodes_[inner].parent = parent;
  inner = parent;
  nodes_[parent].parent = node;
  update(parent);
  update(node);
}

std::uint32_t IntervalIndex::heavier_child(std::uint32_t node) const {
  const std::uint32_t left = nodes_[node].left;
  const std::uint32_t right = nodes_[node].right;
  if (left == kNone) return right;
  if (right == kNone) return left;
  return nodes_[left].priority > nodes_[right].priority ? left : right;
}

bool IntervalIndex::is_consistent() const {
  if (root_ == kNone) return size_ == 0;
  return nodes_[root_].parent == kNone && subtree_is_consistent(root_);
}

bool IntervalIndex::subtree_is_consistent(std::uint32_t node) const {
  std::uint32_t greatest = node;
  for (const std::uint32_t child : {nodes_[node].left, nodes_[node].right}) {
    if (child == kNone) continue;
    if (nodes_[child].parent != node || nodes_[child].priority > nodes_[node].priority) {
      return false;
    }
    if (!subtree_is_consistent(child)) return false;
    if (high_is_less(greatest, nodes_[child].max_high)) greatest = nodes_[child].max_high;
  }
  const std::uint32_t left = nodes_[node].left;
  const std::uint32_t right = nodes_[node].right;
  if (left != kNone && low_is_less(node, left)) return false;
  if (right != kNone && low_is_less(right, node)) return false;
  const std::uint32_t max_high = nodes_[node].max_high;
  return !high_is_less(greatest, max_high) && !high_is_less(max_high, greatest);
}

}  // namespace moonstone::live
