// Moonstone. Licence: see LICENSE.
#pragma once
// DependencyIndex: which queries may a change have touched, without visiting the others.
//
// Each dependency is filed under its access path: equality on a field in a hash table, a range in
// an IntervalIndex, anything else in the list of its table. What shares an equality is filed below
// it by a second key in the same way: pages of one group, say. A change looks up the fields that
// somebody depends on, with the row before and the row after; query::may_change decides on what is
// found.
// Invariants:
//  (1) A dependency is filed in exactly one place; a place without dependencies does not exist.
//  (2) Whatever may_change() affirms is found (the access path is a necessary condition).
// Threads: confined.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/value.h"
#include "live/internal/interval_index.h"
#include "live/internal/query_number.h"
#include "query/footprint.h"

namespace moonstone::live {

/// Dependencies kept for one query. A run that reads more documents one by one depends on their
/// tables as wholes instead: filing and removing them would cost more than running it too often.
inline constexpr std::size_t kDependenciesMax = 2'048;

/// Database values by query::compare_values: 1 and 1.0 are one key.
struct DatabaseValueHash {
  [[nodiscard]] std::size_t operator()(const Value& value) const noexcept;
};
struct DatabaseValueEqual {
  [[nodiscard]] bool operator()(const Value& a, const Value& b) const;
};

class DependencyIndex {
 public:
  DependencyIndex() = default;
  DependencyIndex(const DependencyIndex&) = delete;
  DependencyIndex& operator=(const DependencyIndex&) = delete;

  /// Files the dependencies of `footprint` for `query`, beside those it has.
  /// Cost: O(dependencies * log n).
  void add(QueryNumber query, query::FootprintPtr footprint);
  /// Forgets the query; nothing if it is unknown. Cost: O(its dependencies * log n).
  void remove(QueryNumber query);

  /// Appends each query that one of the changes may have touched, once.
  /// Cost: O(changes * (fields somebody depends on * log n + candidates)).
  void find_touched(std::span<const query::Change> changes, std::vector<QueryNumber>& touched);
  /// For each query that the last search appended, the position of the change that touched it.
  [[nodiscard]] std::span<const std::uint32_t> causes() const { return causes_; }

  /// Dependencies that were checked in full since the beginning.
  [[nodiscard]] std::uint64_t candidates() const { return candidates_; }
  /// Dependencies that are filed now.
  [[nodiscard]] std::size_t size() const { return slots_.size() - free_.size(); }

 private:
  static constexpr std::uint32_t kNone = 0xffffffffU;

  struct Owner {
    QueryNumber query;
    std::vector<query::FootprintPtr> footprints;
    std::vector<std::uint32_t> slots;
    std::uint64_t touched_in = 0;  // the search that reported it last
  };
  /// A doubly linked list through the slots.
  struct List {
    std::uint32_t first = kNone;
  };
  struct Level;
  using EqualMap =
      std::unordered_map<Value, std::unique_ptr<Level>, DatabaseValueHash, DatabaseValueEqual>;
  struct FieldIndex {
    EqualMap equal;
    IntervalIndex ranges;  // payload: the slot
  };
  /// A table, or what of it has a field equal to a value.
  struct Level {
    List rest;                                              // no further key
    std::map<std::string, FieldIndex, std::less<>> fields;  // few; ordered for reproducible runs

    [[nodiscard]] bool is_empty() const { return rest.first == kNone && fields.empty(); }
  };
  using TableMap = std::unordered_map<std::string, Level>;

  /// A key of an access path and where it leads. The pointers are to nodes of maps.
  struct Step {
    Level* level = nullptr;
    std::pair<const std::string, FieldIndex>* field = nullptr;
    EqualMap::value_type* equal = nullptr;  // null: the ranges of the field
  };
  /// One filed dependency and where it is filed.
  struct Slot {
    Owner* owner = nullptr;
    const query::Dependency* dependency = nullptr;
    TableMap::value_type* table = nullptr;
    std::array<Step, query::kAccessPathMax> path;  // filled from the front
    List* list = nullptr;                          // null: in the ranges of the last step
    IntervalIndex::Handle range = 0;
    std::uint32_t previous = kNone;
    std::uint32_t next = kNone;
    std::uint64_t checked_for = 0;  // the change it was checked against last
  };
  /// Rows of a change that lie on a level; null: that one does not.
  struct Images {
    const query::Row* before = nullptr;
    const query::Row* after = nullptr;
  };

  std::uint32_t allocate_slot();
  void file(Owner& owner, const query::Dependency& dependency);
  void unfile(std::uint32_t slot_number);
  void link(List& list, std::uint32_t slot_number);
  void unlink(List& list, std::uint32_t slot_number);
  void search_level(const Level& level, Images images, const query::Change& change);
  void search_field(const FieldIndex& index,
                    const Value& value,
                    Images images,
                    const query::Change& change);
  void check_list(const List& list, const query::Change& change);
  void check(std::uint32_t slot_number, const query::Change& change);

  std::unordered_map<QueryNumber, std::unique_ptr<Owner>, QueryNumberHash> owners_;
  TableMap tables_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t candidates_ = 0;

  // Of the search under way.
  std::uint64_t search_ = 0;
  std::uint64_t change_ = 0;
  std::vector<std::uint32_t> hits_;
  std::vector<QueryNumber>* touched_ = nullptr;
  std::uint32_t position_ = 0;         // of the change that is looked at
  std::vector<std::uint32_t> causes_;  // stays after the search
};

}  // namespace moonstone::live
