// Moonstone. Licence: see LICENSE.
#pragma once
// Full-text search: how the clause of a query comes about, and which text of a row is searched.
// Threads: pure functions. Source: functions.md 6.7.

#include <string>
#include <string_view>

#include "base/result.h"
#include "query/query.h"
#include "query/row.h"

namespace moonstone::query {

/// Bytes of a search text. Words that people type; a text pasted whole is a mistake.
inline constexpr std::size_t kSearchBytesMax = 2'048;
/// Words of a search text. Each is a look-up in the index, and each of a phrase a further check.
inline constexpr std::size_t kSearchWordsMax = 64;

/// Makes `query` a search of `text` on `field`. What the query had as order is dropped.
/// Errors: InvalidArgument `No search index on field "F" of table "T"`, or U+0000 in the text;
/// LimitExceeded (reason "search_text"). The syntax is checked when the query runs.
[[nodiscard]] Status apply_search(const schema::Table& table,
                                  std::string_view field,
                                  std::string text,
                                  Query& query);

/// The search index over the field; the first if there are several.
/// Errors: InvalidArgument, as above.
[[nodiscard]] Result<const schema::SearchIndex*> search_index_of(const schema::Table& table,
                                                                 std::string_view field);

/// The text under which a search index knows the row, or null if the row is not in the index:
/// absent, null and other kinds than text contribute nothing.
[[nodiscard]] const std::string* searched_text(const Row& row, std::string_view field);

}  // namespace moonstone::query
