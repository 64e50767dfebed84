// Moonstone. Licence: see LICENSE.
#pragma once
// Cycles and heights of a small directed graph: traits in traits, types in types, generated columns
// that use each other.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moonstone::lite {

/// Nodes by index, and the nodes that each one leads to.
using Graph = std::vector<std::vector<std::size_t>>;

struct GraphWalk {
  /// Each as its nodes in order, beginning with the one that the walk met first. At most
  /// kCyclesMax: further ones help nobody.
  std::vector<std::vector<std::size_t>> cycles;
  /// Every node after all that it leads to. Meaningful without cycles only, as are the heights.
  std::vector<std::size_t> order;
  std::vector<std::size_t> heights;  // 1 for a node that leads nowhere
};

inline constexpr std::size_t kCyclesMax = 20;

/// Walks depth first, from the first node on, without recursion. Cost: linear.
[[nodiscard]] GraphWalk walk(const Graph& graph);

/// The names with the separator between them; `is_closed` repeats the first at the end.
template <class NameOf>
[[nodiscard]] std::string join_cycle(const std::vector<std::size_t>& cycle,
                                     std::string_view separator,
                                     bool is_closed,
                                     const NameOf& name_of) {
  std::string text;
  for (const std::size_t node : cycle) {
    if (!text.empty()) text += separator;
    text += name_of(node);
  }
  if (is_closed) {
    text += separator;
    text += name_of(cycle.front());
  }
  return text;
}

}  // namespace moonstone::lite
