// Moonstone. Licence: see LICENSE.
#pragma once
// Exchange: how values cross between JavaScript and C++ without a call for each of them.
//
// Both sides share one ArrayBuffer: first `capacity` doubles (slots), then `capacity` bytes (tags).
// A value is a tag and a slot, and what belongs to it follows; all its text stands, in the same
// order, in one string that goes over beside the buffer, and a slot says how many UTF-16 units of
// it are meant. packages/orm/src/exchange.ts is the other side: never change one alone.
//
//   value  = Undefined | Null | False | True | Number <double> | Integer <units of digits>
//          | Text <units> | Bytes <count> raw slots.. | Array <count> value..
//          | Object <count> (key value)..
//   key    = Text <units> | NewKey <units> | Key <number>
//   rows   = shape.. Rows <number> | Number <count> | Number <attached> | attached.. | cells..
//   shape  = Shape <number> | Text model | Number <columns> | (Text name, True if hidden)..
//   attached = Text <units> | Number <kind> | Number begins.. | Number positions.. | rows
//
// A NewKey gets the next number on both sides. A shape goes over before its first rows. Threads:
// confined to the thread of JavaScript.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/value.h"
#include "orm/orm.h"
#include "query/row_set.h"
#include "store/store.h"

namespace moonstone::node {

/// Shared with exchange.ts: never renumber one side alone.
enum class Tag : std::uint8_t {
  Undefined = 0,
  Null = 1,
  False = 2,
  True = 3,
  Number = 4,
  Integer = 5,
  Text = 6,
  Bytes = 7,
  Array = 8,
  Object = 9,
  Key = 10,
  NewKey = 11,
  Rows = 12,
  Shape = 13,
};

/// Slots before the first value: [operation or status, three operands or facts of an answer, ..].
inline constexpr std::size_t kHeaderSlots = 8;

/// Names of members that JavaScript has sent and both sides know by number.
class KeyTable {
 public:
  /// Precondition: `number` came from JavaScript for a key of this table.
  [[nodiscard]] const std::string& name(std::size_t number) const { return names_[number]; }
  [[nodiscard]] std::size_t size() const { return names_.size(); }
  void add(std::string name) { names_.push_back(std::move(name)); }

 private:
  std::vector<std::string> names_;
};

/// Reads the values that JavaScript has put into the buffer.
class ExchangeReader {
 public:
  ExchangeReader(std::span<const double> slots,
                 std::span<const std::uint8_t> tags,
                 std::string_view text,
                 KeyTable& keys)
      : slots_(slots), tags_(tags), text_(text), keys_(keys) {}

  /// The next value. What does not follow the grammar reads as undefined.
  [[nodiscard]] Value read();

 private:
  [[nodiscard]] std::string_view take_text(std::size_t units);
  [[nodiscard]] std::string take_key();
  [[nodiscard]] Value read_bytes(std::size_t count);
  [[nodiscard]] Value read_object(std::size_t count);

  std::span<const double> slots_;
  std::span<const std::uint8_t> tags_;
  std::string_view text_;
  KeyTable& keys_;
  std::size_t position_ = kHeaderSlots;
  std::size_t text_position_ = 0;
};

/// Numbers for the shapes of rows, which JavaScript makes constructors of. Equal shapes have one
/// number, whichever statement they come from.
class ShapeTable {
 public:
  [[nodiscard]] std::size_t number_of(const query::RowSet& rows);
  /// Whether JavaScript has to be told now; then it has been.
  [[nodiscard]] bool announce(std::size_t number) {
    const bool is_new = !announced_[number];
    announced_[number] = true;
    return is_new;
  }
  /// What was announced last was not sent after all.
  void forget(std::size_t number) { announced_[number] = false; }

 private:
  struct Known {
    query::RowShapePtr shape;  // keeps the address taken
    std::size_t number;
  };
  std::vector<bool> announced_;
  std::unordered_map<std::string, std::size_t> by_content_;
  std::unordered_map<const query::RowShape*, Known> by_address_;  // forgotten when it grows
};

/// Collects an answer; Addon puts it into the buffer.
class ExchangeWriter {
 public:
  explicit ExchangeWriter(ShapeTable& shapes) : shapes_(shapes) { clear(); }

  void clear();
  void set_header(std::size_t slot, double value) { slots_[slot] = value; }
  void value(const Value& value);
  void rows(const query::RowSet& rows);
  /// The header slots 1 to 3 say form, has_more and total.
  void outcome(const orm::Outcome& outcome);
  /// Without the header.
  void outcome_values(const orm::Outcome& outcome);
  /// Header slot 0 becomes 1; message, reason and details follow.
  void error(const Error& error);
  void text(std::string_view text);
  /// Names of columns and then cells; the header slots 1 and 2 say how many columns and rows.
  void sql_rows(const store::SqlRows& rows);

  [[nodiscard]] std::span<const double> slots() const { return slots_; }
  [[nodiscard]] std::span<const std::uint8_t> tags() const { return tags_; }
  [[nodiscard]] const std::string& all_text() const { return text_; }
  [[nodiscard]] bool is_ascii() const { return is_ascii_; }

 private:
  void put(Tag tag, double slot);
  /// Room for so many values more.
  void reserve(std::size_t count);
  void integer(std::int64_t number);
  void bytes(std::string_view data);
  void attached(const query::Attached& attached);
  void shape(const query::RowSet& rows, std::size_t number);

  ShapeTable& shapes_;
  std::vector<double> slots_;
  std::vector<std::uint8_t> tags_;
  std::string text_;
  bool is_ascii_ = true;
  std::vector<std::size_t> announced_;  // shapes that this message explains
};

}  // namespace moonstone::node
