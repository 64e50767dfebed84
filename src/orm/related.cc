// Moonstone. Licence: see LICENSE.
#include "orm/internal/related.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

#include "orm/internal/key_index.h"

namespace moonstone::orm {
namespace {

using query::Attached;
using query::RowSet;
using schema::RelationKind;

const Value& cell(const RowSet& rows, std::size_t row, std::size_t column) {
  return rows.cells[row * rows.width() + column];
}

/// The distinct keys of a column.
KeyIndex keys_of(const RowSet& rows, std::size_t column) {
  KeyIndex index(rows.count);
  for (std::size_t row = 0; row < rows.count; ++row)
    index.add(cell(rows, row, column));
  return index;
}

Value key_list(const KeyIndex& index) {
  Array keys;
  keys.reserve(index.keys().size());
  for (const Value* key : index.keys())
    keys.push_back(*key);
  return keys;
}

Result<RowSet> read_for_keys(const Run& run, const Statement& statement, const KeyIndex& keys) {
  if (keys.keys().empty()) {
    RowSet none;
    none.model = statement.model;
    none.shape = statement.compiled->shape();
    return none;
  }
  const Value list = key_list(keys);
  return run_statement(run, statement, std::span(&list, 1));
}

/// Numbers in groups: those of group i are positions[begins[i]..begins[i + 1]).
struct Groups {
  std::vector<std::uint32_t> positions;
  std::vector<std::uint32_t> begins;

  [[nodiscard]] std::span<const std::uint32_t> group(std::uint32_t number) const {
    return std::span(positions).subspan(begins[number], begins[number + 1] - begins[number]);
  }
};

/// Puts item i into the group groups[i] (kNone: into none); the items of a group keep their order.
Groups make_groups(std::span<const std::uint32_t> groups, std::size_t group_count) {
  Groups result;
  result.begins.assign(group_count + 1, 0);
  for (const std::uint32_t group : groups) {
    if (group != KeyIndex::kNone) ++result.begins[group + 1];
  }
  for (std::size_t i = 0; i < group_count; ++i)
    result.begins[i + 1] += result.begins[i];
  result.positions.resize(result.begins.back());
  std::vector<std::uint32_t> next(result.begins.begin(), result.begins.end() - 1);
  for (std::size_t item = 0; item < groups.size(); ++item) {
    if (groups[item] == KeyIndex::kNone) continue;
    result.positions[next[groups[item]]++] = static_cast<std::uint32_t>(item);
  }
  return result;
}

/// The rows of the target by the number of the key that they have.
Groups group_rows(const RowSet& rows, std::size_t column, const KeyIndex& keys) {
  std::vector<std::uint32_t> groups(rows.count);
  for (std::size_t row = 0; row < rows.count; ++row)
    groups[row] = keys.find(cell(rows, row, column));
  return make_groups(groups, keys.keys().size());
}

/// A bound of each parent's list; `fallback` if there is none.
Result<std::int64_t> bound_of(const Run& run,
                              const std::vector<ParameterSource>& source,
                              std::int64_t fallback) {
  if (source.empty()) return fallback;
  std::vector<Value> values;
  MS_TRY_STATUS(fill_parameters(source, run.leaves, {}, values));
  return values.front().is_integer() ? values.front().as_integer() : fallback;
}

/// Which part of a list of `size` the bounds leave.
std::pair<std::size_t, std::size_t> part_of(std::size_t size,
                                            std::int64_t limit,
                                            std::int64_t offset) {
  const std::size_t begin =
      std::min(size, static_cast<std::size_t>(std::max<std::int64_t>(offset, 0)));
  if (limit < 0) return {begin, size};
  return {begin, begin + std::min(size - begin, static_cast<std::size_t>(limit))};
}

/// Gives each parent the rows that `groups` has under the number of its key.
void attach_groups(const RowSet& parents,
                   std::size_t column,
                   const KeyIndex& keys,
                   const Groups& groups,
                   Attached& attached) {
  attached.begins.reserve(parents.count + 1);
  attached.begins.push_back(0);
  for (std::size_t row = 0; row < parents.count; ++row) {
    const std::uint32_t number = keys.find(cell(parents, row, column));
    if (number != KeyIndex::kNone) {
      auto group = groups.group(number);
      if (attached.kind != Attached::Kind::Many && group.size() > 1) group = group.first(1);
      attached.positions.insert(attached.positions.end(), group.begin(), group.end());
    }
    attached.begins.push_back(static_cast<std::uint32_t>(attached.positions.size()));
  }
}

/// The targets of a many-to-many relation: by the number of the parent's key, in the order in which
/// the targets were read.
struct LinkedRows {
  RowSet rows;
  Groups groups;
};

Result<LinkedRows> read_linked(const Run& run,
                               const Links& links,
                               const Statement& targets,
                               std::size_t target_column,
                               const KeyIndex& keys) {
  LinkedRows linked;
  MS_TRY(const RowSet pairs, read_for_keys(run, links.pairs, keys));
  const KeyIndex target_keys = keys_of(pairs, 1);
  MS_TRY(linked.rows, read_for_keys(run, targets, target_keys));
  const Groups rows_of_target = group_rows(linked.rows, target_column, target_keys);
  const std::size_t parent_count = keys.keys().size();
  std::vector<std::vector<std::uint32_t>> lists(parent_count);
  for (std::size_t row = 0; row < pairs.count; ++row) {
    const std::uint32_t parent = keys.find(cell(pairs, row, 0));
    const std::uint32_t target = target_keys.find(cell(pairs, row, 1));
    if (parent == KeyIndex::kNone || target == KeyIndex::kNone) continue;
    const auto positions = rows_of_target.group(target);
    lists[parent].insert(lists[parent].end(), positions.begin(), positions.end());
  }
  linked.groups.begins.push_back(0);
  for (std::vector<std::uint32_t>& list : lists) {
    std::ranges::sort(list);
    linked.groups.positions.insert(linked.groups.positions.end(), list.begin(), list.end());
    linked.groups.begins.push_back(static_cast<std::uint32_t>(linked.groups.positions.size()));
  }
  return linked;
}

/// Cuts each group to what the bounds leave of it.
Groups cut_groups(const Groups& groups, std::int64_t limit, std::int64_t offset) {
  Groups cut;
  cut.begins.push_back(0);
  for (std::size_t i = 0; i + 1 < groups.begins.size(); ++i) {
    const auto group = groups.group(static_cast<std::uint32_t>(i));
    const auto [begin, end] = part_of(group.size(), limit, offset);
    cut.positions.insert(cut.positions.end(), group.begin() + static_cast<std::ptrdiff_t>(begin),
                         group.begin() + static_cast<std::ptrdiff_t>(end));
    cut.begins.push_back(static_cast<std::uint32_t>(cut.positions.size()));
  }
  return cut;
}

Result<LinkedRows> read_include(const Run& run, const Include& include, const KeyIndex& keys) {
  if (include.links) {
    MS_TRY(LinkedRows linked,
           read_linked(run, *include.links, include.rows, include.target_column, keys));
    if (include.limit.empty() && include.offset.empty()) return linked;
    MS_TRY(const std::int64_t limit, bound_of(run, include.limit, -1));
    MS_TRY(const std::int64_t offset, bound_of(run, include.offset, 0));
    linked.groups = cut_groups(linked.groups, limit, offset);
    return linked;
  }
  LinkedRows linked;
  MS_TRY(linked.rows, read_for_keys(run, include.rows, keys));
  linked.groups = group_rows(linked.rows, include.target_column, keys);
  return linked;
}

Status attach_include(const Run& run, const Include& include, RowSet& parents) {
  const KeyIndex keys = keys_of(parents, include.parent_column);
  Attached attached;
  attached.name = include.name;
  attached.kind =
      include.kind == RelationKind::BelongsTo ? Attached::Kind::One : Attached::Kind::Many;
  MS_TRY(LinkedRows linked, read_include(run, include, keys));
  if (include.related != nullptr) MS_TRY_STATUS(attach_related(run, *include.related, linked.rows));
  attach_groups(parents, include.parent_column, keys, linked.groups, attached);
  attached.rows = std::make_shared<const RowSet>(std::move(linked.rows));
  parents.attached.push_back(std::move(attached));
  return {};
}

/// The count of each key, by its number.
Result<std::vector<double>> read_counts(const Run& run,
                                        const RelationCount& count,
                                        const KeyIndex& keys) {
  std::vector<double> counts(keys.keys().size(), 0);
  if (count.links) {
    MS_TRY(const LinkedRows linked, read_linked(run, *count.links, count.rows, 0, keys));
    for (std::size_t i = 0; i < counts.size(); ++i)
      counts[i] = linked.groups.begins[i + 1] - linked.groups.begins[i];
    return counts;
  }
  MS_TRY(const RowSet groups, read_for_keys(run, count.rows, keys));
  for (std::size_t row = 0; row < groups.count; ++row) {
    const std::uint32_t number = keys.find(cell(groups, row, 0));
    if (number != KeyIndex::kNone) counts[number] = cell(groups, row, 1).to_double();
  }
  return counts;
}

Status attach_counts(const Run& run, const std::vector<RelationCount>& counts, RowSet& parents) {
  RowSet counted;
  auto shape = std::make_shared<query::RowShape>();
  for (const RelationCount& count : counts)
    shape->names.push_back(count.name);
  shape->is_hidden.assign(counts.size(), false);
  counted.shape = std::move(shape);
  counted.count = parents.count;
  counted.cells.assign(parents.count * counts.size(), Value(0.0));
  for (std::size_t column = 0; column < counts.size(); ++column) {
    const KeyIndex keys = keys_of(parents, counts[column].parent_column);
    MS_TRY(const std::vector<double> numbers, read_counts(run, counts[column], keys));
    for (std::size_t row = 0; row < parents.count; ++row) {
      const std::uint32_t number = keys.find(cell(parents, row, counts[column].parent_column));
      if (number != KeyIndex::kNone) counted.cells[row * counts.size() + column] = numbers[number];
    }
  }
  Attached attached{
      .name = "_count", .kind = Attached::Kind::Nested, .rows = {}, .positions = {}, .begins = {0}};
  for (std::uint32_t row = 0; row < parents.count; ++row) {
    attached.positions.push_back(row);
    attached.begins.push_back(row + 1);
  }
  attached.rows = std::make_shared<const RowSet>(std::move(counted));
  parents.attached.push_back(std::move(attached));
  return {};
}

}  // namespace

Status attach_related(const Run& run, const Related& related, RowSet& rows) {
  for (const Include& include : related.includes)
    MS_TRY_STATUS(attach_include(run, include, rows));
  if (!related.counts.empty()) MS_TRY_STATUS(attach_counts(run, related.counts, rows));
  return {};
}

}  // namespace moonstone::orm
