// Moonstone. Licence: see LICENSE.
#pragma once
// JSON text in and out, byte-identical on the way out with JavaScript's JSON.stringify.
//
// Reading: UTF-8 only, lone surrogates and numbers beyond double range are refused, a repeated
// member name keeps its first position and its last value. An integer literal that fits int64
// becomes an Integer, every other number a Number ("-0" becomes the Number -0).
// Writing: undefined members are left out, undefined elements and special floats become null,
// bytes become base64 text, a Number prints as ECMAScript prints it.
// Threads: pure functions.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"

namespace moonstone {

/// Bounds of one JSON text. Beyond any of them parse_json returns LimitExceeded.
struct JsonLimits {
  std::size_t bytes_max =
      std::size_t{4} * 1024 * 1024;   // arguments and results: design.md section 5
  std::size_t depth_max = 64;         // deeper data is a mistake or an attack
  std::size_t nodes_max = 1'000'000;  // bounds memory: a node is about 40 bytes
};

/// Parses exactly one JSON value.
/// Errors: InvalidArgument (position and cause in the message), LimitExceeded.
[[nodiscard]] Result<Value> parse_json(std::string_view text, const JsonLimits& limits = {});

/// Appends the value as JSON.stringify would print it; undefined at the top appends "null".
void write_json(const Value& value, std::string& out);
[[nodiscard]] std::string to_json(const Value& value);
/// The same with two-space indentation, as JSON.stringify(value, null, 2).
[[nodiscard]] std::string to_json_indented(const Value& value);

/// Appends a quoted JSON string. `text` must be valid UTF-8.
void write_json_string(std::string_view text, std::string& out);
/// Appends a double as ECMAScript's Number::toString does; NaN and infinities append "null".
void write_json_number(double number, std::string& out);

/// Canonical text: members sorted by name (bytes), integers and equal doubles printed alike.
/// Two values that JSON.stringify prints alike but for member order have the same canonical text.
[[nodiscard]] std::string canonical_json(const Value& value);

}  // namespace moonstone
