// Moonstone. Licence: see LICENSE.
#pragma once
// Storage JSON: the text of values in JSON columns, and what comparisons see of such values.
//
//   value    = null | true | false | integer | number | text | array | object | tagged
//   integer  = digits only, for Integers and for integral Numbers below 2^53 in magnitude
//   number   = has ".", "e" or "E", so that it reads back as a Number; -0 is written as 0
//   tagged   = {"$bytes":base64} | {"$number":"NaN"|"Infinity"|"-Infinity"} | {"$object":object}
//
// Compact, members in their order. An object whose only member's name begins with "$" stands in
// "$object"; so a tag is never mistaken for data. Undefined members are left out, undefined
// elements are null.
// The text is on disk: the grammar may grow, what it says already never changes.
// Threads: pure functions.

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"

namespace moonstone::query {

/// Undefined at the top is written as null.
void write_storage_json(const Value& value, std::string& out);
[[nodiscard]] std::string storage_json(const Value& value);

/// Digits read back as Integers; schema::check_and_convert gives them the kind that the type says.
/// Errors: Corruption naming the cause. Never aborts, whatever the text.
[[nodiscard]] Result<Value> parse_storage_json(std::string_view text);

}  // namespace moonstone::query
