// Moonstone. Licence: see LICENSE.
#include "orm/internal/row_tree.h"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "orm/internal/key_index.h"

namespace moonstone::orm {
namespace {

using query::RowSet;

/// The parent of each row of one link.
void find_parents(const RowSet& rows,
                  const std::vector<std::uint32_t>& members,
                  const RowTreeColumns::Link& link,
                  const RowTreeColumns& columns,
                  std::vector<std::uint32_t>& parents) {
  KeyIndex keys(members.size());
  std::vector<std::uint32_t> row_of_key;
  for (const std::uint32_t row : members) {
    const std::uint32_t number = keys.add(rows.row(row)[link.key]);
    if (number == row_of_key.size()) row_of_key.push_back(row);
  }
  for (const std::uint32_t row : members) {
    const std::uint32_t number = keys.find(rows.row(row)[link.parent]);
    if (number == KeyIndex::kNone) continue;
    const std::uint32_t parent = row_of_key[number];
    const double own_depth = rows.row(row)[columns.depth].to_double();
    const double parent_depth = rows.row(parent)[columns.depth].to_double();
    const bool was_walked =
        columns.is_upwards ? parent_depth > own_depth : parent_depth < own_depth;
    if (was_walked) parents[row] = parent;
  }
}

/// The rows of each link, in order.
std::vector<std::vector<std::uint32_t>> members_of(const RowSet& rows,
                                                   std::span<const std::uint32_t> order,
                                                   const RowTreeColumns& columns) {
  std::vector<std::vector<std::uint32_t>> members(columns.links.size());
  for (const std::uint32_t row : order) {
    std::size_t link = 0;
    if (columns.label) {
      const std::string& label = rows.row(row)[*columns.label].as_text();
      while (columns.links[link].label != label)
        ++link;
    }
    members[link].push_back(row);
  }
  return members;
}

}  // namespace

Result<RowTree> make_row_tree(const RowSet& rows,
                              std::span<const std::uint32_t> order,
                              const RowTreeColumns& columns) {
  RowTree tree;
  tree.parents.assign(rows.count, RowTree::kNoParent);
  const auto members = members_of(rows, order, columns);
  for (std::size_t link = 0; link < members.size(); ++link)
    find_parents(rows, members[link], columns.links[link], columns, tree.parents);
  std::vector<std::vector<std::uint32_t>> children(rows.count);
  std::vector<std::uint32_t> level;
  for (const std::uint32_t row : order) {
    const std::uint32_t parent = tree.parents[row];
    (parent == RowTree::kNoParent ? level : children[parent]).push_back(row);
  }
  do {
    std::vector<std::uint32_t> next;
    for (const std::uint32_t row : level)
      next.insert(next.end(), children[row].begin(), children[row].end());
    tree.levels.push_back(std::exchange(level, std::move(next)));
    if (tree.levels.size() > kTreeLevelsMax) {
      return Error(ErrorCode::LimitExceeded,
                   fmt::format("recursive: a nested result has at most {} levels", kTreeLevelsMax),
                   "tree_levels");
    }
  } while (!level.empty());
  return tree;
}

query::Attached children_of(const RowTree& tree, std::size_t level, query::RowSetPtr below) {
  query::Attached attached;
  attached.name = "children";
  attached.kind = query::Attached::Kind::Many;
  attached.rows = std::move(below);
  attached.begins.push_back(0);
  static const std::vector<std::uint32_t> kNoRows;
  const bool has_next = level + 1 < tree.levels.size();
  const std::vector<std::uint32_t>& next = has_next ? tree.levels[level + 1] : kNoRows;
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> by_parent;
  for (std::uint32_t i = 0; i < next.size(); ++i)
    by_parent[tree.parents[next[i]]].push_back(i);
  for (const std::uint32_t row : tree.levels[level]) {
    if (const auto found = by_parent.find(row); found != by_parent.end()) {
      attached.positions.insert(attached.positions.end(), found->second.begin(),
                                found->second.end());
    }
    attached.begins.push_back(static_cast<std::uint32_t>(attached.positions.size()));
  }
  return attached;
}

}  // namespace moonstone::orm
