// Moonstone. Licence: see LICENSE.
#pragma once
// Rows to columns and back, as the layout of their table says.
// Threads: pure functions; decoding reads the statement of the caller's connection.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "query/row.h"
#include "store/sqlite/internal/layout.h"
#include "store/sqlite/internal/statement.h"

struct sqlite3_value;

namespace moonstone::store::sqlite {

/// The texts that a row's bindings point to; must outlive the statement's step.
struct EncodedTexts {
  std::vector<std::string> json;
  std::string null_bits;
};

/// Binds the fields from position 3 on and `_null` after them (see TableLayout::insert_sql).
/// Errors: InvalidArgument for U+0000 in text, and for a value that is not in the stored form.
[[nodiscard]] Status bind_fields(const TableLayout& layout,
                                 const query::Row& row,
                                 Statement& statement,
                                 EncodedTexts& texts);

/// Decodes the columns of TableLayout::columns; `size_bytes` grows by what the row holds.
/// Errors: Corruption naming table and field.
[[nodiscard]] Result<query::Row> decode_row(const TableLayout& layout,
                                            const Statement& statement,
                                            std::uint64_t& size_bytes);

/// The same from the values of a pre-update hook, in the order of TableLayout::columns.
[[nodiscard]] Result<query::Row> decode_values(const TableLayout& layout,
                                               const std::vector<sqlite3_value*>& values);

/// Whether some text in the value, member names included, contains U+0000.
[[nodiscard]] bool contains_nul(const Value& value);

}  // namespace moonstone::store::sqlite
