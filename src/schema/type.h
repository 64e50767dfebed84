// Moonstone. Licence: see LICENSE.
#pragma once
// Type: what a value may be. The one model behind `v.*` validators, table fields and arguments.
//
// A Type is an immutable tree, shared by pointer; it prints to and reads from the ValidatorJSON of
// functions.md section 3.2, and checks values with exactly the messages of section 3.3.
// Threads: immutable.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace moonstone::schema {

enum class TypeKind : unsigned char {
  String,
  Number,
  Float64,
  Int64,
  Boolean,
  Null,
  Any,
  Bytes,
  Id,
  Literal,
  Object,
  Array,
  Union,
  Record,
  Optional,
};

class Type;
/// Shared because one validator object may stand in several places; never null.
using TypePtr = std::shared_ptr<const Type>;

class Type {
 public:
  struct Property {
    std::string name;
    TypePtr type;
  };

  [[nodiscard]] static TypePtr scalar(TypeKind kind);  // String .. Bytes
  [[nodiscard]] static TypePtr id(std::string table);
  [[nodiscard]] static TypePtr literal(Value value);  // text, number, boolean
  [[nodiscard]] static TypePtr object(std::vector<Property> properties);
  [[nodiscard]] static TypePtr array(TypePtr element);
  [[nodiscard]] static TypePtr one_of(std::vector<TypePtr> members);
  [[nodiscard]] static TypePtr record(TypePtr keys, TypePtr values);
  [[nodiscard]] static TypePtr optional(TypePtr inner);

  [[nodiscard]] TypeKind kind() const { return kind_; }
  [[nodiscard]] const std::string& table() const { return table_; }                      // Id
  [[nodiscard]] const Value& literal_value() const { return literal_; }                  // Literal
  [[nodiscard]] const std::vector<Property>& properties() const { return properties_; }  // Object
  /// Array: {element}; Union: the members; Record: {keys, values}; Optional: {inner}.
  [[nodiscard]] const std::vector<TypePtr>& children() const { return children_; }

  /// Whether the outermost layer is `optional`.
  [[nodiscard]] bool is_optional() const { return kind_ == TypeKind::Optional; }
  /// Whether an explicit null is accepted.
  [[nodiscard]] bool accepts_null() const;
  /// The type without its outermost `optional`.
  [[nodiscard]] const Type& required() const;

  /// Same shape, names and literals, in the same order.
  friend bool operator==(const Type& a, const Type& b);

  explicit Type(TypeKind kind) : kind_(kind) {}

 private:
  TypeKind kind_;
  std::string table_;
  Value literal_;
  std::vector<Property> properties_;
  std::vector<TypePtr> children_;
};

/// ValidatorJSON to Type. Depth is limited to 32 levels.
/// Errors: InvalidArgument naming the offending part; LimitExceeded.
[[nodiscard]] Result<TypePtr> parse_type(const Value& validator_json);
[[nodiscard]] Value type_to_json(const Type& type);

/// Checks `value` and brings it into the stored form of `type`, in one pass: a Number that is
/// integral becomes an Integer under int64, an Integer becomes a Number under number, base64 text
/// becomes Bytes under bytes, undefined members of objects vanish. -0 stays as it is.
/// On failure the message is exactly that of functions.md section 3.3 (code InvalidArgument,
/// reason "validation") and `value` may be partly converted.
[[nodiscard]] Status check_and_convert(const Type& type, Value& value);

/// Whether an int64 stands anywhere in the type.
[[nodiscard]] bool mentions_int64(const Type& type);

/// What JavaScript's `typeof` says of the value ("object" for null and arrays).
[[nodiscard]] std::string_view javascript_type_of(const Value& value);

/// The TypeScript text of a type, as code generation prints it (functions.md section 15, 21.9,
/// 21.12). Optional members of objects are printed `k?: T`, optional types elsewhere
/// `T | undefined`.
[[nodiscard]] std::string typescript_of(const Type& type);

}  // namespace moonstone::schema
