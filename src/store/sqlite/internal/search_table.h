// Moonstone. Licence: see LICENSE.
#pragma once
// What the statement of a search table says: an FTS5 table over the columns of another one.
// Threads: pure functions. Source: litestone.md 6.6.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moonstone::store::sqlite {

struct SearchTable {
  std::string content;  // the table whose rows it indexes
  std::string row_id;   // its column that numbers them
  std::vector<std::string> columns;
};

/// Nothing if it is not `CREATE VIRTUAL TABLE .. USING fts5(.., content=..)`.
[[nodiscard]] std::optional<SearchTable> read_search_table(std::string_view sql);

}  // namespace moonstone::store::sqlite
