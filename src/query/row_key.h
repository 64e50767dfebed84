// Moonstone. Licence: see LICENSE.
#pragma once
// Ids of rows of models: "<table>:<key>".
//
//   key = text            of a key of one text, if it has no control character and no "[" in front
//       | JSON            of a key of one other value, such as 7
//       | JSON array      of a key of several values, or of one other text
//       | digits          SQLite's number of the row, of a model without a key
//
// Each row has one id, and no other text is an id of it.
// Threads: pure functions.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"
#include "schema/schema.h"

namespace moonstone::query {

/// `key` has the values of the key fields, in the order of Model::key, as rows hold them; not
/// empty.
[[nodiscard]] std::string make_row_id(std::string_view table, std::span<const Value> key);
/// Of a row of a model without a key.
[[nodiscard]] std::string make_row_id(std::string_view table, std::int64_t row_number);

/// The values of the key fields, or the row number of a model without a key; nothing if no row of
/// the table can have the id. `table` has a model.
[[nodiscard]] std::optional<std::vector<Value>> parse_row_id(const schema::Table& table,
                                                             std::string_view id);

}  // namespace moonstone::query
