// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/search_table.h"

#include <algorithm>
#include <span>

#include "store/sqlite/internal/sql_text.h"

namespace moonstone::store::sqlite {

std::optional<SearchTable> read_search_table(std::string_view sql) {
  const std::vector<SqlToken> tokens = sql_tokens(sql);
  const auto module =
      std::ranges::find_if(tokens, [](const SqlToken& token) { return token.is("fts5"); });
  if (module == tokens.end() || module + 1 == tokens.end()) return std::nullopt;
  const auto open = static_cast<std::size_t>(module + 1 - tokens.begin());
  const auto arguments = parenthesised(tokens, open);
  if (arguments.size() < 3) return std::nullopt;
  SearchTable search{.content = {}, .row_id = "rowid", .columns = {}};
  for (const auto piece : split_at_commas(arguments.subspan(1, arguments.size() - 2), 1)) {
    const bool is_option = piece.size() > 2 && piece[1].is("=");
    if (!is_option) {
      search.columns.push_back(unquoted(piece.front().text));
    } else if (piece.front().is("content")) {
      search.content = unquoted(piece[2].text);
    } else if (piece.front().is("content_rowid")) {
      search.row_id = unquoted(piece[2].text);
    }
  }
  if (search.content.empty()) return std::nullopt;
  return search;
}

}  // namespace moonstone::store::sqlite
