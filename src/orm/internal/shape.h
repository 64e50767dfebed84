// Moonstone. Licence: see LICENSE.
#pragma once
// Shape: what of a call's arguments decides its statements, apart from the values that do not.
//
// One walk gives the key (structure, names, and all values that decide a text: null, booleans,
// directions, raw SQL) and the leaves (the other values of conditions, limits and data) in a fixed
// order. Two calls with equal keys have the same plan, and leaf i of the one stands where leaf i of
// the other does.
// A decoder that makes a plan asks leaf_of(value): a value that is no leaf is in the key, so it may
// become part of the plan as it is.
// Invariants: (1) keys are injective: every text in them is preceded by its length. (2) Of a leaf
// only the kind is in the key, and an array's: whether it is empty, and what must not be in it.
// Threads: confined. Lifetime: the arguments outlive the shape.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/value.h"

namespace moonstone::orm {

class Shape {
 public:
  Shape() {
    key_.reserve(kKeyBytes);
    leaves_.reserve(kLeaves);
  }
  // Its memory is inside it.
  Shape(const Shape&) = delete;
  Shape& operator=(const Shape&) = delete;

  /// Text that is part of the key: the model, the method, a name.
  void add_text(std::string_view text);
  /// The options of a read: `where` and `having` are conditions, `limit` and `offset` leaves,
  /// `include` and `select` hold options again; everything else decides.
  void add_options(const Value& options);
  /// A condition: values that stand beside names and operators are leaves.
  void add_condition(const Value& where);
  /// Everything but raw SQL's values decides.
  void add_structure(const Value& value);
  /// One leaf, whatever it is: only its kind decides.
  void add_leaf(const Value& value);
  /// The members of an object as leaves (the data of a write, a cursor): names and kinds decide.
  void add_members(const Object& members);

  [[nodiscard]] std::string_view key() const { return key_; }
  [[nodiscard]] std::span<const Value* const> leaves() const { return leaves_; }
  /// Whether the arguments are nested beyond what a plan may be; the key is not complete then.
  [[nodiscard]] bool is_too_deep() const { return is_too_deep_; }

 private:
  enum class Place : unsigned char { Structure, Condition, Alternatives };

  void add_tag(char tag) { key_ += tag; }
  void add_scalar(const Value& value);
  void add_elements(const Array& elements);
  void add_list_leaf(const Value& list);
  void add_value(const Value& value, Place place, std::size_t depth);
  void add_object(const Object& object, Place place, std::size_t depth);
  bool add_raw(const Object& object);
  void add_options_at(const Value& options, std::size_t depth);
  void add_relations(const Value& relations, std::size_t depth);
  void add_counts(const Value& counts, std::size_t depth);
  bool enter(std::size_t depth);

  /// What most calls have; others take memory from the heap.
  static constexpr std::size_t kKeyBytes = 240;
  static constexpr std::size_t kLeaves = 16;

  std::array<std::byte, kKeyBytes + kLeaves * sizeof(void*) + 64> memory_;
  std::pmr::monotonic_buffer_resource arena_{memory_.data(), memory_.size()};
  std::pmr::string key_{&arena_};
  std::pmr::vector<const Value*> leaves_{&arena_};
  bool is_too_deep_ = false;
};

/// The leaves of a shape, to be found again by where they stand.
class LeafMap {
 public:
  explicit LeafMap(std::span<const Value* const> leaves);
  /// Position of the leaf, or kNone.
  [[nodiscard]] std::size_t find(const Value& value) const;
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

 private:
  std::unordered_map<const Value*, std::size_t> positions_;
};

/// The wire form of a tagged SQL text (litestone.md 11.1): {_litestoneRaw: true, sql, params}.
struct RawSql {
  const std::string* sql = nullptr;
  const Array* values = nullptr;  // null: none
};
/// `sql` is null if the value is no such object.
[[nodiscard]] RawSql raw_sql_of(const Value& value);

/// As JavaScript decides about options: undefined, null, false, 0 and "" are not.
[[nodiscard]] bool is_truthy(const Value& value);
[[nodiscard]] bool is_truthy(const Value* value);

/// The member, or null if the value is no object or has none, or it is undefined or null.
[[nodiscard]] const Value* option_of(const Value& options, std::string_view name);

}  // namespace moonstone::orm
