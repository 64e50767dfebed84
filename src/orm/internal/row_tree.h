// Moonstone. Licence: see LICENSE.
#pragma once
// RowTree: rows that were walked over a relation of their model to itself, as levels of a tree.
// Threads: pure functions. Source: litestone.md 32.4.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "query/row_set.h"

namespace moonstone::orm {

/// Deeper trees are refused: whoever writes or frees the answer goes down once for each level.
inline constexpr std::size_t kTreeLevelsMax = 1'000;

struct RowTreeColumns {
  struct Link {
    std::string label;  // what column `label` has in rows of this link
    std::size_t key = 0;
    std::size_t parent = 0;  // the foreign key
  };
  std::vector<Link> links;           // one, or several with labels
  std::optional<std::size_t> label;  // nothing: one link
  std::size_t depth = 0;
  bool is_upwards = false;  // rows were reached from their children
};

struct RowTree {
  static constexpr std::uint32_t kNoParent = static_cast<std::uint32_t>(-1);
  std::vector<std::vector<std::uint32_t>> levels;  // positions of rows; roots first, never empty
  std::vector<std::uint32_t> parents;              // by position
};

/// Each row is below the row that its foreign key names, if that is among the rows and the walk
/// went over it: so a cycle ends somewhere. Siblings are in the order of `order`, which has all
/// positions. Errors: LimitExceeded (reason "tree_levels").
[[nodiscard]] Result<RowTree> make_row_tree(const query::RowSet& rows,
                                            std::span<const std::uint32_t> order,
                                            const RowTreeColumns& columns);

/// "children" of the rows of one level. `below`: the rows of the next one, as tree.levels has them.
[[nodiscard]] query::Attached children_of(const RowTree& tree,
                                          std::size_t level,
                                          query::RowSetPtr below);

}  // namespace moonstone::orm
