// Moonstone. Licence: see LICENSE.
#pragma once
// Value: one piece of data as user code, rows and wires see it.
//
// It is JSON plus what a database needs: undefined ("absent"), 64-bit integers apart from doubles,
// and bytes. Objects keep the order of their members. A JavaScript number is a Number; an Integer
// comes from an int64 field, a bigint, or an integer literal in JSON (see base/json.h).
// Invariant: an Object never holds two members of the same name.
// Threads: a plain value; confined or immutable as its owner says.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace moonstone {

/// The order of the enumerators is the order of the alternatives in Value; internal only.
enum class ValueKind : unsigned char {
  Undefined,
  Null,
  Boolean,
  Integer,
  Number,
  Text,
  Bytes,
  Array,
  Object,
};

/// Raw bytes, a type of their own so that they are never mistaken for text.
struct Bytes {
  std::string data;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};

class Value;
struct Member;
using Array = std::vector<Value>;

/// An object: members in the order in which they were added.
class Object {
 public:
  // Defined below, where Member is complete.
  Object();
  Object(std::initializer_list<Member> members);
  Object(const Object& other);
  Object(Object&& other) noexcept;
  Object& operator=(const Object& other);
  Object& operator=(Object&& other) noexcept;
  ~Object();

  /// The member of that name, or null. Cost: O(members).
  [[nodiscard]] const Value* find(std::string_view name) const;
  [[nodiscard]] Value* find(std::string_view name);
  /// Adds the member or replaces its value in place, as a JavaScript assignment does.
  Value& set(std::string_view name, Value value);
  /// Adds a member that is known to be new. Cost: O(1).
  Value& append(std::string name, Value value);
  /// Removes the member; the others keep their order. Returns whether it was there.
  bool erase(std::string_view name);

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool empty() const;
  void reserve(std::size_t count);
  // Whoever renames a member through an iterator keeps the invariant.
  [[nodiscard]] std::vector<Member>::const_iterator begin() const;
  [[nodiscard]] std::vector<Member>::const_iterator end() const;
  [[nodiscard]] std::vector<Member>::iterator begin();
  [[nodiscard]] std::vector<Member>::iterator end();

  friend bool operator==(const Object& a, const Object& b);

 private:
  std::vector<Member> members_;
};

class Value {
 public:
  Value() = default;                         // undefined
  Value(std::nullptr_t) : data_(nullptr) {}  // NOLINT(google-explicit-constructor)
  Value(bool value) : data_(value) {}        // NOLINT(google-explicit-constructor)
  Value(int value)
      : data_(static_cast<std::int64_t>(value)) {}            // NOLINT(google-explicit-constructor)
  Value(std::int64_t value) : data_(value) {}                 // NOLINT(google-explicit-constructor)
  Value(double value) : data_(value) {}                       // NOLINT(google-explicit-constructor)
  Value(const char* text) : data_(std::string(text)) {}       // NOLINT(google-explicit-constructor)
  Value(std::string text) : data_(std::move(text)) {}         // NOLINT(google-explicit-constructor)
  Value(std::string_view text) : data_(std::string(text)) {}  // NOLINT(google-explicit-constructor)
  Value(Bytes bytes) : data_(std::move(bytes)) {}             // NOLINT(google-explicit-constructor)
  Value(Array array) : data_(std::move(array)) {}             // NOLINT(google-explicit-constructor)
  Value(Object object) : data_(std::move(object)) {}          // NOLINT(google-explicit-constructor)

  [[nodiscard]] ValueKind kind() const { return static_cast<ValueKind>(data_.index()); }
  [[nodiscard]] bool is_undefined() const { return kind() == ValueKind::Undefined; }
  [[nodiscard]] bool is_null() const { return kind() == ValueKind::Null; }
  /// Undefined or null: what SQL calls NULL.
  [[nodiscard]] bool is_missing() const { return data_.index() < 2; }
  [[nodiscard]] bool is_boolean() const { return kind() == ValueKind::Boolean; }
  [[nodiscard]] bool is_integer() const { return kind() == ValueKind::Integer; }
  [[nodiscard]] bool is_number() const { return kind() == ValueKind::Number; }
  [[nodiscard]] bool is_text() const { return kind() == ValueKind::Text; }
  [[nodiscard]] bool is_bytes() const { return kind() == ValueKind::Bytes; }
  [[nodiscard]] bool is_array() const { return kind() == ValueKind::Array; }
  [[nodiscard]] bool is_object() const { return kind() == ValueKind::Object; }

  // The accessors require the matching kind (checked by the variant, which aborts the process).
  [[nodiscard]] bool as_boolean() const { return std::get<bool>(data_); }
  [[nodiscard]] std::int64_t as_integer() const { return std::get<std::int64_t>(data_); }
  [[nodiscard]] double as_number() const { return std::get<double>(data_); }
  [[nodiscard]] const std::string& as_text() const { return std::get<std::string>(data_); }
  [[nodiscard]] std::string& as_text() { return std::get<std::string>(data_); }
  [[nodiscard]] const Bytes& as_bytes() const { return std::get<Bytes>(data_); }
  [[nodiscard]] const Array& as_array() const { return std::get<Array>(data_); }
  [[nodiscard]] Array& as_array() { return std::get<Array>(data_); }
  [[nodiscard]] const Object& as_object() const { return std::get<Object>(data_); }
  [[nodiscard]] Object& as_object() { return std::get<Object>(data_); }

  /// Integer and Number as a double (an Integer beyond 2^53 is rounded); requires one of the two.
  [[nodiscard]] double to_double() const;

  /// Same kind and same content; NaN equals nothing; Integer 1 and Number 1.0 differ.
  friend bool operator==(const Value&, const Value&) = default;

 private:
  std::variant<std::monostate,
               std::nullptr_t,
               bool,
               std::int64_t,
               double,
               std::string,
               Bytes,
               Array,
               Object>
      data_;
};

struct Member {
  std::string name;
  Value value;
  friend bool operator==(const Member&, const Member&) = default;
};

inline Object::Object() = default;
inline Object::Object(const Object& other) = default;
inline Object::Object(Object&& other) noexcept = default;
inline Object& Object::operator=(const Object& other) = default;
inline Object& Object::operator=(Object&& other) noexcept = default;
inline Object::~Object() = default;

inline std::size_t Object::size() const {
  return members_.size();
}
inline bool Object::empty() const {
  return members_.empty();
}
inline void Object::reserve(std::size_t count) {
  members_.reserve(count);
}
inline std::vector<Member>::const_iterator Object::begin() const {
  return members_.begin();
}
inline std::vector<Member>::const_iterator Object::end() const {
  return members_.end();
}
inline std::vector<Member>::iterator Object::begin() {
  return members_.begin();
}
inline std::vector<Member>::iterator Object::end() {
  return members_.end();
}

inline const Value* Object::find(std::string_view name) const {
  for (const Member& member : members_) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

inline Value* Object::find(std::string_view name) {
  for (Member& member : members_) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

inline Value& Object::append(std::string name, Value value) {
  return members_.emplace_back(std::move(name), std::move(value)).value;
}

inline bool operator==(const Object& a, const Object& b) {
  return a.members_ == b.members_;
}

/// An estimate of the memory that a value holds, used by the budgets of bytes read and written.
/// Units: bytes. Cost: O(size of the value).
[[nodiscard]] std::size_t size_bytes_of(const Value& value);

}  // namespace moonstone
