// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/query_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>

#include "store/sqlite/internal/expr_sql.h"

namespace moonstone::store::sqlite {

namespace {

using query::Direction;
using query::Query;

std::string_view sql_of(Direction direction) {
  return direction == Direction::Ascending ? "" : " DESC";
}

bool is_row_number(std::string_view field) {
  return field == schema::kIdField || field == schema::kCreationTimeField;
}

Status append_where(const TableLayout& layout, const Query& query, SqlText& out) {
  if (query.where == nullptr) return {};
  MS_TRY_STATUS(query::check_expr(*query.where));
  out.text += " WHERE ";
  return append_expr(layout, *query.where, out);
}

/// Whether some declared index has the ids behind the first `count` keys of the order.
bool has_index_with_id(const TableLayout& layout, const Query& query, std::size_t count) {
  return std::ranges::any_of(layout.table->indexes, [&](const schema::Index& index) {
    if (index.fields.size() <= count || !is_row_number(index.fields[count])) return false;
    return std::ranges::equal(query.order.begin(),
                              query.order.begin() + static_cast<std::ptrdiff_t>(count),
                              index.fields.begin(),
                              index.fields.begin() + static_cast<std::ptrdiff_t>(count),
                              {},
                              &query::SortKey::field);
  });
}

/// The key that stands for insertion order. Ids are made in the order of row numbers, so either
/// will do. `_id` where an index on it serves the rows anyway: then LIMIT stops the scan early.
std::string_view last_key(const TableLayout& layout, const Query& query, std::size_t keys_before) {
  if (keys_before > 0) return has_index_with_id(layout, query, keys_before) ? "_id" : "_row";
  return query.where != nullptr && bounds_id(*query.where) ? "_id" : "_row";
}

void append_order(const TableLayout& layout, const Query& query, SqlText& out) {
  out.text += " ORDER BY ";
  for (std::size_t i = 0; i < query.order.size(); ++i) {
    const query::SortKey& key = query.order[i];
    if (is_row_number(key.field)) {
      // Row numbers are unique: nothing behind them can matter.
      out.text += fmt::format("{}{}", last_key(layout, query, i), sql_of(key.direction));
      return;
    }
    const auto index = layout.table->find_field(key.field);
    if (!index) continue;  // NULL everywhere
    out.text += fmt::format("{}{},", value_sql(layout.fields[*index]), sql_of(key.direction));
  }
  const std::string_view last = query.order.empty() ? last_key(layout, query, 0) : "_row";
  out.text += fmt::format("{}{}", last, sql_of(query.tie_break));
}

}  // namespace

Result<SqlText> select_sql(const TableLayout& layout, const Query& query) {
  SqlText out;
  out.text = fmt::format("SELECT {} FROM {}", layout.columns, layout.name);
  MS_TRY_STATUS(append_where(layout, query, out));
  append_order(layout, query, out);
  if (query.limit) {
    out.text += " LIMIT ?";
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    out.values.emplace_back(static_cast<std::int64_t>(std::min(*query.limit, kMax)));
  }
  return out;
}

Result<SqlText> count_sql(const TableLayout& layout, const Query& query) {
  SqlText out;
  out.text = fmt::format("SELECT count(*) FROM {}", layout.name);
  MS_TRY_STATUS(append_where(layout, query, out));
  return out;
}

}  // namespace moonstone::store::sqlite
