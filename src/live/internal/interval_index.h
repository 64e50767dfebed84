// Moonstone. Licence: see LICENSE.
#pragma once
// IntervalIndex: which of many closed intervals of database values contain a point.
//
// A treap over the lower ends; each node knows the greatest upper end below it, so that a search
// leaves out every subtree that ends before the point. Priorities come from a counter through a
// mixing function: the shape is reproducible and does not depend on the order of insertion.
// Invariants:
//  (1) In-order, lower ends never fall; a node's priority is not below its children's.
//  (2) max_high of a node names the node with the greatest upper end of its subtree.
// Threads: confined.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/value.h"

namespace moonstone::live {

/// Both ends belong to it; a missing end is open to infinity, null included. Ends are database
/// values (query::comparable). An interval whose ends are crossed contains nothing.
struct Interval {
  std::optional<Value> low;
  std::optional<Value> high;
};

class IntervalIndex {
 public:
  /// Names an interval until it is erased; then it may be given out again.
  using Handle = std::uint32_t;

  /// `payload` is what stab() reports. Cost: O(log n).
  Handle insert(Interval interval, std::uint32_t payload);
  /// Cost: O(log n).
  void erase(Handle handle);
  /// Appends the payloads of all intervals that contain `point`, in no particular order.
  /// Cost: O(log n + hits * log(n / hits)).
  void stab(const Value& point, std::vector<std::uint32_t>& payloads) const;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// Whether the invariants hold; for tests. Cost: O(n log n).
  [[nodiscard]] bool is_consistent() const;

 private:
  static constexpr std::uint32_t kNone = 0xffffffffU;

  struct Node {
    Interval interval;
    std::uint32_t payload = 0;
    std::uint32_t priority = 0;
    std::uint32_t left = kNone;
    std::uint32_t right = kNone;
    std::uint32_t parent = kNone;
    std::uint32_t max_high = kNone;
  };

  std::uint32_t allocate(Interval interval, std::uint32_t payload);
  [[nodiscard]] bool high_is_less(std::uint32_t a, std::uint32_t b) const;
  [[nodiscard]] bool low_is_less(std::uint32_t a, std::uint32_t b) const;
  void update(std::uint32_t node);
  void update_up(std::uint32_t node);
  void replace_child(std::uint32_t parent, std::uint32_t child, std::uint32_t replacement);
  void rotate_up(std::uint32_t node);
  void stab_below(std::uint32_t node,
                  const Value& point,
                  std::vector<std::uint32_t>& payloads) const;
  [[nodiscard]] std::uint32_t heavier_child(std::uint32_t node) const;
  [[nodiscard]] bool subtree_is_consistent(std::uint32_t node) const;

  std::vector<Node> nodes_;
  std::vector<std::uint32_t> free_;
  std::uint32_t root_ = kNone;
  std::size_t size_ = 0;
  std::uint64_t priorities_given_ = 0;
};

}  // namespace moonstone::live
