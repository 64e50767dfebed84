// Moonstone. Licence: see LICENSE.
#pragma once
// Expr: the only predicate in the system. Filters, index ranges and policies all become this tree.
//
// It has two readings that must always agree: compiled to SQL by a store, and evaluated here on a
// row image. Logic is three-valued as in SQL; a filter keeps only what is True.
//
// Comparison (design.md sections 4 and 5): both sides are taken as *database values* (see
// comparable()): undefined and null are NULL, booleans are 0 and 1, arrays, objects and values
// nested inside JSON that SQL cannot hold are their canonical JSON text. NULL on either side makes
// the outcome Unknown, except that Eq/Neq against a *literal* null mean IS NULL / IS NOT NULL.
// Otherwise numbers < text < bytes, integers and doubles by exact value, text by code point.
// Threads: immutable; trees share their nodes.

#include <compare>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace moonstone::query {

enum class ExprKind : unsigned char {
  Literal,
  Field,
  Compare,
  And,
  Or,
  Not,
  In,
  // Of models only (query/select.h):
  Parameter,   // a value that is given with each run; compares as a Literal that is not null
  Like,        // SQL's LIKE: % and _, the letters A-Z in any case
  HasElement,  // whether the JSON list in the first operand holds the second
  ListLength,  // of the JSON list in the operand; a number
  Raw,         // trusted SQL of a caller; opaque
  Opaque,      // what it contains means the same in SQL, but nothing here can tell
};
enum class CompareOp : unsigned char { Eq, Neq, Lt, Lte, Gt, Gte };
enum class Truth : unsigned char { False, Unknown, True };

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;

struct Expr {
  ExprKind kind = ExprKind::Literal;
  CompareOp op = CompareOp::Eq;   // Compare
  Value literal;                  // Literal; In: an Array of the members
  std::vector<std::string> path;  // Field: name, then the path inside its JSON
  /// Compare, Like, HasElement: two; And/Or: any number; Not, In, ListLength, Opaque: one; Raw: the
  /// values of its places. In with a second operand: a Parameter that is an array, instead of
  /// `literal`.
  std::vector<ExprPtr> operands;
  std::string sql;            // Raw: with ? for each operand
  std::size_t parameter = 0;  // Parameter: position in the list of values

  [[nodiscard]] static ExprPtr make_literal(Value value);
  /// A field path; "address.city" is split at its dots.
  [[nodiscard]] static ExprPtr make_field(std::string_view dotted_path);
  [[nodiscard]] static ExprPtr compare(CompareOp op, ExprPtr left, ExprPtr right);
  [[nodiscard]] static ExprPtr all_of(std::vector<ExprPtr> operands);  // {} is true
  [[nodiscard]] static ExprPtr any_of(std::vector<ExprPtr> operands);  // {} is false
  [[nodiscard]] static ExprPtr negate(ExprPtr operand);
  [[nodiscard]] static ExprPtr in(ExprPtr operand, Array members);
  [[nodiscard]] static ExprPtr make_parameter(std::size_t position);
  [[nodiscard]] static ExprPtr in_parameter(ExprPtr operand, std::size_t position);
  [[nodiscard]] static ExprPtr like(ExprPtr operand, ExprPtr pattern);
  [[nodiscard]] static ExprPtr has_element(ExprPtr list, ExprPtr element);
  [[nodiscard]] static ExprPtr list_length(ExprPtr list);
  [[nodiscard]] static ExprPtr raw(std::string sql, std::vector<ExprPtr> values);
  [[nodiscard]] static ExprPtr opaque(ExprPtr operand);
};

/// The number of the row, as a field of the predicates that cursors make. No schema can have a
/// field of this name.
inline constexpr std::string_view kRowNumberField = " row";

/// Whether a value stands inside a JSON column, where bytes and special floats are tagged text
/// (query/storage_json.h), or is a column of its own.
enum class Nesting : unsigned char { TopLevel, Nested };

/// One row as an Expr sees it.
class RowView {
 public:
  virtual ~RowView() = default;
  /// The value of a top-level field, `_id` and `_creationTime` included; null if it is absent or
  /// unknown. The pointer is valid until the next call.
  [[nodiscard]] virtual const Value* field(std::string_view name) const = 0;
  /// Nested if the field's column holds JSON.
  [[nodiscard]] virtual Nesting nesting(std::string_view /*name*/) const {
    return Nesting::TopLevel;
  }
};

/// Evaluates a predicate. Cost: O(nodes).
/// A field or a literal in the place of a predicate counts as SQLite's WHERE takes it: numbers
/// other than 0 are true, text and bytes by the number that they begin with.
[[nodiscard]] Truth evaluate(const Expr& expr, const RowView& row);

/// The database value of `value`: Null, Integer, Number, Text or Bytes and nothing else. A Number
/// that is exactly an int64 comes out as Integer, so two database values that compare equal are
/// equal (==) too and may be looked up in a map. NaN at top level is Null.
[[nodiscard]] Value comparable(const Value& value, Nesting nesting);

/// The database value of a top-level field of a row, as comparisons see it; Null if it is absent.
/// Everything that looks rows up by a field's value takes it from here.
[[nodiscard]] Value comparable_field(const RowView& row, std::string_view name);
/// The same for a path. Members of objects only: a segment on an array, a scalar, or one that is
/// not is_addressable() yields Null.
[[nodiscard]] Value comparable_path(const RowView& row, const std::vector<std::string>& path);

/// Whether the segments after the first can name members in a JSON column: not empty, no leading
/// "$" (tags), no character that JSON text escapes. Stores compile all others to NULL.
[[nodiscard]] bool is_addressable(const std::vector<std::string>& path);

/// Total order of database values: null first, then numbers by value, text by code point, bytes.
[[nodiscard]] std::strong_ordering compare_values(const Value& a, const Value& b);

/// Whether what the predicate says of a row cannot be known here (Raw, Opaque): evaluate() gives
/// Unknown for such parts, and whoever must not miss a row takes them for true.
[[nodiscard]] bool is_opaque(const Expr& expr);

/// The predicate with the values in place of its parameters. An array in place of one that `In` has
/// as its second operand becomes the members. Requires a value for each.
[[nodiscard]] ExprPtr bind_parameters(const ExprPtr& expr, std::span<const Value> values);

/// SQL's LIKE, as SQLite has it: no escape, A-Z and a-z are the same, others are not.
[[nodiscard]] bool is_like(std::string_view text, std::string_view pattern);

/// The fields that the predicate reads (top-level names, each once).
[[nodiscard]] std::vector<std::string> fields_of(const Expr& expr);

/// Limits of a predicate, checked where one enters: nodes and depth.
inline constexpr std::size_t kExprNodesMax = 2'000;  // a filter with 1,000 alternatives still fits
inline constexpr std::size_t kExprDepthMax = 64;     // the readings recurse

/// Errors: LimitExceeded if the predicate is beyond a limit.
[[nodiscard]] Status check_expr(const Expr& expr);

}  // namespace moonstone::query
