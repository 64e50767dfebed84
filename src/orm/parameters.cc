// Moonstone. Licence: see LICENSE.
#include "orm/internal/parameters.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/json.h"
#include "orm/internal/errors.h"

namespace moonstone::orm {
namespace {

constexpr double kInt64Bound = 9223372036854775808.0;  // 2^63

std::optional<std::int64_t> whole_number(double number) {
  if (std::trunc(number) != number || number < -kInt64Bound || number >= kInt64Bound) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(number);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\v\f\r";
  const std::size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  text.remove_prefix(begin);
  const std::size_t end = text.find_last_not_of(kSpace);
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
}

/// The number that the whole text is, if it is one in decimal notation.
std::optional<Value> number_in(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.starts_with('+')) return std::nullopt;
  const bool is_decimal = std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
  });
  if (!is_decimal) return std::nullopt;
  const char* const end = text.data() + text.size();
  std::int64_t integer = 0;
  if (const auto read = std::from_chars(text.data(), end, integer);
      read.ec == std::errc() && read.ptr == end) {
    return Value(integer);
  }
  double number = 0;
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return Value(number);
}

Value to_number(const Value& value) {
  if (value.is_boolean()) return value.as_boolean() ? 1 : 0;
  if (!value.is_text()) return value;
  return number_in(value.as_text()).value_or(value);
}

/// As SQLite prints a number that goes into a text column; a whole one without a point.
Value to_text(const Value& value) {
  if (value.is_boolean()) return value.as_boolean() ? "1" : "0";
  if (value.is_integer()) return std::to_string(value.as_integer());
  if (!value.is_number()) return value;
  if (const auto whole = whole_number(value.as_number())) return std::to_string(*whole);
  std::string text = fmt::format("{:.15g}", value.as_number());
  if (const std::size_t exponent = text.find('e');
      exponent != std::string::npos && !text.contains('.')) {
    text.insert(exponent, ".0");
  }
  return text;
}

Value to_bytes(const Value& value) {
  if (!value.is_text()) return value;
  auto bytes = from_base64(value.as_text());
  return bytes ? Value(Bytes{.data = *std::move(bytes)}) : value;
}

Value to_raw(const Value& value) {
  if (value.is_boolean()) return value.as_boolean() ? 1 : 0;
  if (value.is_number()) {
    if (const auto whole = whole_number(value.as_number())) return *whole;
  }
  return value;
}

Value to_pattern(const Value& value, Conversion conversion) {
  if (value.is_missing()) return nullptr;
  const Value text = to_text(value);
  std::string pattern = text.is_text() ? text.as_text() : to_json(text);
  if (conversion != Conversion::StartsWith) pattern.insert(0, 1, '%');
  if (conversion != Conversion::EndsWith) pattern += '%';
  return pattern;
}

Result<Value> to_limit(const Value& value, Conversion conversion) {
  const Value number = to_number(value);
  std::optional<std::int64_t> whole;
  if (number.is_integer()) whole = number.as_integer();
  if (number.is_number()) whole = whole_number(number.as_number());
  if (!whole) {
    return bad_argument(
        fmt::format("limit and offset must be whole numbers, got: {}", printed(value)));
  }
  const bool grows = conversion == Conversion::LimitAndOne && *whole >= 0 && *whole < INT64_MAX;
  return Value(grows ? *whole + 1 : *whole);
}

}  // namespace

Conversion conversion_of(const schema::ModelField& field) {
  if (field.is_list) return Conversion::None;
  switch (field.scalar) {
    case schema::ScalarKind::Integer:
    case schema::ScalarKind::Real:
    case schema::ScalarKind::Boolean:
      return Conversion::Number;
    case schema::ScalarKind::Text:
    case schema::ScalarKind::DateTime:
    case schema::ScalarKind::Json:
    case schema::ScalarKind::File:
      return Conversion::Text;
    case schema::ScalarKind::Bytes:
      return Conversion::Bytes;
  }
  return Conversion::None;
}

Result<Value> convert(const Value& value, Conversion conversion) {
  const bool is_limit = conversion == Conversion::Limit || conversion == Conversion::LimitAndOne;
  if (value.is_array() && !is_limit) {
    Array converted;
    converted.reserve(value.as_array().size());
    for (const Value& element : value.as_array()) {
      MS_TRY(converted.emplace_back(), convert(element, conversion));
    }
    return Value(std::move(converted));
  }
  switch (conversion) {
    case Conversion::None:
      return value;
    case Conversion::Number:
      return to_number(value);
    case Conversion::Text:
      return to_text(value);
    case Conversion::Bytes:
      return to_bytes(value);
    case Conversion::Raw:
      return to_raw(value);
    case Conversion::Contains:
    case Conversion::StartsWith:
    case Conversion::EndsWith:
      return to_pattern(value, conversion);
    case Conversion::Limit:
    case Conversion::LimitAndOne:
      return to_limit(value, conversion);
  }
  return value;
}

Result<query::ExprPtr> Parameters::operand(const Value& value, Conversion conversion) {
  const std::size_t leaf = leaves_.find(value);
  if (leaf != LeafMap::kNone) {
    return query::Expr::make_parameter(add({.index = leaf, .conversion = conversion}));
  }
  MS_TRY(Value literal, convert(value, conversion));
  return query::Expr::make_literal(std::move(literal));
}

Result<query::ExprPtr> Parameters::in(query::ExprPtr operand,
                                      const Value& list,
                                      Conversion conversion) {
  const std::size_t leaf = leaves_.find(list);
  if (leaf != LeafMap::kNone && conversion != Conversion::Bytes) {
    return query::Expr::in_parameter(std::move(operand),
                                     add({.index = leaf, .conversion = conversion}));
  }
  if (leaf != LeafMap::kNone) {
    // Only text can stand in it (Shape::add_list_leaf), and bytes do not go through JSON.
    return bad_argument("a list of bytes must hold bytes, not text");
  }
  std::vector<query::ExprPtr> alternatives;
  for (const Value& element : list.as_array()) {
    MS_TRY(query::ExprPtr value, this->operand(element, conversion));
    alternatives.push_back(query::Expr::compare(query::CompareOp::Eq, operand, std::move(value)));
  }
  return query::Expr::any_of(std::move(alternatives));
}

query::ExprPtr Parameters::slot(std::size_t index) {
  return query::Expr::make_parameter(add({.kind = ParameterSource::Kind::Slot, .index = index}));
}

query::ExprPtr Parameters::in_slot(query::ExprPtr operand, std::size_t index) {
  return query::Expr::in_parameter(std::move(operand),
                                   add({.kind = ParameterSource::Kind::Slot, .index = index}));
}

std::size_t Parameters::add(ParameterSource source) {
  sources_.push_back(source);
  return sources_.size() - 1;
}

Status fill_parameters(std::span<const ParameterSource> sources,
                       std::span<const Value* const> leaves,
                       std::span<const Value> slots,
                       std::vector<Value>& out) {
  out.reserve(out.size() + sources.size());
  for (const ParameterSource& source : sources) {
    if (source.kind == ParameterSource::Kind::Slot) {
      out.push_back(slots[source.index]);
    } else if (source.conversion == Conversion::None) {
      out.push_back(*leaves[source.index]);
    } else {
      MS_TRY(Value value, convert(*leaves[source.index], source.conversion));
      out.push_back(std::move(value));
    }
  }
  return {};
}

}  // namespace moonstone::orm
