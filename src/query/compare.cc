// Moonstone. Licence: see LICENSE.
// Database values and their order (comparable, compare_values). It is SQLite's order of storage
// classes with BINARY collation; the store's SQL and the evaluator both rely on that.

#include <cmath>
#include <cstdint>

#include "query/expr.h"
#include "query/storage_json.h"

namespace moonstone::query {
namespace {

constexpr double kInt64End = 9223372036854775808.0;  // 2^63

/// The number as an int64, if it is one exactly.
bool is_exact_int64(double number) {
  return number >= -kInt64End && number < kInt64End && std::trunc(number) == number;
}

/// Neither side is NaN.
std::strong_ordering order_doubles(double a, double b) {
  if (a < b) return std::strong_ordering::less;
  return a > b ? std::strong_ordering::greater : std::strong_ordering::equal;
}

/// By exact value: a conversion of either side would make 2^53+1 equal to 2^53.
std::strong_ordering order_mixed(std::int64_t integer, double number) {
  if (number >= kInt64End) return std::strong_ordering::less;
  if (number < -kInt64End) return std::strong_ordering::greater;
  const double whole = std::trunc(number);
  const auto by_whole = integer <=> static_cast<std::int64_t>(whole);
  return by_whole != 0 ? by_whole : order_doubles(whole, number);
}

std::strong_ordering order_numbers(const Value& a, const Value& b) {
  if (a.is_integer()) {
    if (b.is_integer()) return a.as_integer() <=> b.as_integer();
    return order_mixed(a.as_integer(), b.as_number());
  }
  if (b.is_integer()) return 0 <=> order_mixed(b.as_integer(), a.as_number());
  return order_doubles(a.as_number(), b.as_number());
}

/// As std::string compares: by unsigned bytes, which for UTF-8 is by code point.
std::strong_ordering order_bytes(const std::string& a, const std::string& b) {
  return a.compare(b) <=> 0;
}

/// The classes in their order.
enum class Rank : unsigned char { Null, Number, Text, Bytes, Other };

Rank rank_of(const Value& value) {
  switch (value.kind()) {
    case ValueKind::Undefined:
    case ValueKind::Null:
      return Rank::Null;
    case ValueKind::Integer:
      return Rank::Number;
    case ValueKind::Number:
      return std::isnan(value.as_number()) ? Rank::Null : Rank::Number;
    case ValueKind::Text:
      return Rank::Text;
    case ValueKind::Bytes:
      return Rank::Bytes;
    case ValueKind::Boolean:
    case ValueKind::Array:
    case ValueKind::Object:
      return Rank::Other;
  }
  return Rank::Other;
}

/// A number in its one form: an exact int64 as Integer.
Value normal_number(double number) {
  if (is_exact_int64(number)) return static_cast<std::int64_t>(number);
  return number;
}

}  // namespace

Value comparable(const Value& value, Nesting nesting) {
  switch (value.kind()) {
    case ValueKind::Undefined:
    case ValueKind::Null:
      return nullptr;
    case ValueKind::Boolean:
      return value.as_boolean() ? 1 : 0;
    case ValueKind::Integer:
    case ValueKind::Text:
      return value;
    case ValueKind::Number:
      if (std::isfinite(value.as_number())) return normal_number(value.as_number());
      if (nesting == Nesting::Nested) return storage_json(value);
      return std::isnan(value.as_number()) ? Value(nullptr) : value;
    case ValueKind::Bytes:
      return nesting == Nesting::Nested ? Value(storage_json(value)) : value;
    case ValueKind::Array:
    case ValueKind::Object:
      return storage_json(value);
  }
  return nullptr;
}

std::strong_ordering compare_values(const Value& a, const Value& b) {
  const Rank rank_a = rank_of(a);
  const Rank rank_b = rank_of(b);
  // Not database values: make them such.
  if (rank_a == Rank::Other) return compare_values(comparable(a, Nesting::TopLevel), b);
  if (rank_b == Rank::Other) return compare_values(a, comparable(b, Nesting::TopLevel));
  if (rank_a != rank_b) return rank_a <=> rank_b;
  switch (rank_a) {
    case Rank::Number:
      return order_numbers(a, b);
    case Rank::Text:
      return order_bytes(a.as_text(), b.as_text());
    case Rank::Bytes:
      return order_bytes(a.as_bytes().data, b.as_bytes().data);
    case Rank::Null:
    case Rank::Other:
      break;
  }
  return std::strong_ordering::equal;
}

}  // namespace moonstone::query
