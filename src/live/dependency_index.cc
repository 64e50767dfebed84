// Moonstone. Licence: see LICENSE.
#include "live/internal/dependency_index.h"

#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include "query/expr.h"
#include "query/row.h"

namespace moonstone::live {
namespace {

/// The integer that a double equals, if there is one.
std::optional<std::int64_t> exact_integer(double number) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (!(number >= -kTwoTo63 && number < kTwoTo63) || std::trunc(number) != number) return {};
  return static_cast<std::int64_t>(number);
}

/// The footprint itself, or its tables as wholes if it is too long.
query::FootprintPtr bounded(query::FootprintPtr footprint) {
  if (footprint->size() <= kDependenciesMax) return footprint;
  std::set<std::string_view> tables;
  for (const query::Dependency& dependency : *footprint)
    tables.insert(dependency.table);
  auto whole_tables = std::make_shared<query::Footprint>();
  for (const std::string_view table : tables) {
    query::Dependency dependency;
    dependency.kind = query::DependencyKind::Table;
    dependency.table = table;
    whole_tables->push_back(std::move(dependency));
  }
  return whole_tables;
}

}  // namespace

std::size_t DatabaseValueHash::operator()(const Value& value) const noexcept {
  switch (value.kind()) {
    case ValueKind::Integer:
      return std::hash<std::int64_t>{}(value.as_integer());
    case ValueKind::Number: {
      const auto integer = exact_integer(value.as_number());
      if (integer) return std::hash<std::int64_t>{}(*integer);
      return std::hash<double>{}(value.as_number());
    }
    case ValueKind::Text:
      return std::hash<std::string>{}(value.as_text());
    case ValueKind::Bytes:
      return std::hash<std::string>{}(value.as_bytes().data) + 1;
    case ValueKind::Undefined:
    case ValueKind::Null:
    case ValueKind::Boolean:
    case ValueKind::Array:
    case ValueKind::Object:
      break;  // null; the other kinds are no database values
  }
  return 0;
}

bool DatabaseValueEqual::operator()(const Value& a, const Value& b) const {
  return query::compare_values(a, b) == 0;
}

void DependencyIndex::add(QueryNumber query, query::FootprintPtr footprint) {
  std::unique_ptr<Owner>& owner = owners_[query];
  if (!owner) {
    owner = std::make_unique<Owner>();
    owner->query = query;
  }
  owner->footprints.push_back(bounded(std::move(footprint)));
  for (const query::Dependency& dependency : *owner->footprints.back()) {
    file(*owner, dependency);
  }
}

void DependencyIndex::remove(QueryNumber query) {
  const auto found = owners_.find(query);
  if (found == owners_.end()) return;
  for (const std::uint32_t slot_number : found->second->slots)
    unfile(slot_number);
  owners_.erase(found);
}

void DependencyIndex::find_touched(std::span<const query::Change> changes,
                                   std::vector<QueryNumber>& touched) {
  ++search_;
  touched_ = &touched;
  causes_.clear();
  for (position_ = 0; position_ < changes.size(); ++position_) {
    const query::Change& change = changes[position_];
    const auto table = tables_.find(change.table->name);
    if (table == tables_.end()) continue;
    ++change_;
    search_level(table->second,
                 {.before = change.before ? &*change.before : nullptr,
                  .after = change.after ? &*change.after : nullptr},
                 change);
  }
  touched_ = nullptr;
}

void DependencyIndex::search_level(const Level& level, Images images, const query::Change& change) {
  check_list(level.rest, change);
  for (const auto& [field, index] : level.fields) {
    Value before;
    Value after;
    if (images.before != nullptr) {
      before = query::comparable_field(query::StoredRowView(*images.before), field);
    }
    if (images.after != nullptr) {
      after = query::comparable_field(query::StoredRowView(*images.after), field);
    }
    const bool has_both = images.before != nullptr && images.after != nullptr;
    if (has_both && query::compare_values(before, after) == 0) {
      search_field(index, before, images, change);
      continue;
    }
    if (images.before != nullptr) {
      search_field(index, before, {.before = images.before, .after = nullptr}, change);
    }
    if (images.after != nullptr) {
      search_field(index, after, {.before = nullptr, .after = images.after}, change);
    }
  }
}

void DependencyIndex::search_field(const FieldIndex& index,
                                   const Value& value,
                                   Images images,
                                   const query::Change& change) {
  hits_.clear();
  index.ranges.stab(value, hits_);
  for (const std::uint32_t slot_number : hits_)
    check(slot_number, change);
  const auto equal = index.equal.find(value);
  if (equal != index.equal.end()) search_level(*equal->second, images, change);
}

void DependencyIndex::check_list(const List& list, const query::Change& change) {
  for (std::uint32_t slot = list.first; slot != kNone; slot = slots_[slot].next) {
    check(slot, change);
  }
}

void DependencyIndex::check(std::uint32_t slot_number, const query::Change& change) {
  Slot& slot = slots_[slot_number];
  if (slot.owner->touched_in == search_ || slot.checked_for == change_) return;
  slot.checked_for = change_;
  ++candidates_;
  if (!query::may_change(*slot.dependency, change)) return;
  slot.owner->touched_in = search_;
  touched_->push_back(slot.owner->query);
  causes_.push_back(position_);
}

std::uint32_t DependencyIndex::allocate_slot() {
  if (free_.empty()) {
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const std::uint32_t slot_number = free_.back();
  free_.pop_back();
  return slot_number;
}

void DependencyIndex::file(Owner& owner, const query::Dependency& dependency) {
  const std::uint32_t slot_number = allocate_slot();
  owner.slots.push_back(slot_number);
  Slot& slot = slots_[slot_number];
  slot.owner = &owner;
  slot.dependency = &dependency;
  slot.table = &*tables_.try_emplace(dependency.table).first;
  Level* level = &slot.table->second;
  auto step = slot.path.begin();
  for (query::AccessKey& key : query::access_path_of(dependency)) {
    step->level = level;
    step->field = &*level->fields.try_emplace(std::move(key.field)).first;
    FieldIndex& index = step->field->second;
    if (!key.equal) {
      Interval interval{.low = std::move(key.low), .high = std::move(key.high)};
      slot.range = index.ranges.insert(std::move(interval), slot_number);
      return;
    }
    step->equal = &*index.equal.try_emplace(*std::move(key.equal)).first;
    if (!step->equal->second) step->equal->second = std::make_unique<Level>();
    level = step->equal->second.get();
    ++step;
  }
  slot.list = &level->rest;
  link(*slot.list, slot_number);
}

void DependencyIndex::unfile(std::uint32_t slot_number) {
  const Slot slot = slots_[slot_number];
  if (slot.list != nullptr) unlink(*slot.list, slot_number);
  for (auto step = slot.path.rbegin(); step != slot.path.rend(); ++step) {
    if (step->field == nullptr) continue;  // the path is shorter
    FieldIndex& index = step->field->second;
    if (step->equal == nullptr) {
      index.ranges.erase(slot.range);
    } else if (step->equal->second->is_empty()) {
      index.equal.erase(index.equal.find(step->equal->first));
    }
    if (index.equal.empty() && index.ranges.empty()) {
      step->level->fields.erase(step->level->fields.find(step->field->first));
    }
  }
  if (slot.table->second.is_empty()) tables_.erase(tables_.find(slot.table->first));
  slots_[slot_number] = Slot{};
  free_.push_back(slot_number);
}

void DependencyIndex::link(List& list, std::uint32_t slot_number) {
  slots_[slot_number].next = list.first;
  if (list.first != kNone) slots_[list.first].previous = slot_number;
  list.first = slot_number;
}

void DependencyIndex::unlink(List& list, std::uint32_t slot_number) {
  const std::uint32_t previous = slots_[slot_number].previous;
  const std::uint32_t next = slots_[slot_number].next;
  (previous == kNone ? list.first : slots_[previous].next) = next;
  if (next != kNone) slots_[next].previous = previous;
}

}  // namespace moonstone::live
