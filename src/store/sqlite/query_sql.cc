// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/query_sql.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "query/search.h"
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

using Names = std::vector<std::string_view>;

/// The fields to which the predicate gives one value each.
void collect_fixed(const query::Expr& expr, Names& fixed) {
  if (expr.kind == query::ExprKind::And) {
    for (const query::ExprPtr& operand : expr.operands)
      collect_fixed(*operand, fixed);
    return;
  }
  if (expr.kind != query::ExprKind::Compare || expr.op != query::CompareOp::Eq) return;
  const query::Expr& left = *expr.operands[0];
  const bool is_fixed = left.kind == query::ExprKind::Field && left.path.size() == 1 &&
                        expr.operands[1]->kind == query::ExprKind::Literal;
  if (is_fixed) fixed.push_back(left.path[0]);
}

bool contains(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// Whether the index has ids right behind fields that are all among `names`.
bool leads_to_ids(const schema::Index& index, const Names& names) {
  for (std::size_t i = 0; i < index.fields.size(); ++i) {
    if (is_row_number(index.fields[i])) return i > 0;
    if (!contains(names, index.fields[i])) return false;
  }
  return false;
}

/// Whether the index is over these fields, so that row numbers are right behind them.
bool leads_to_rows(const schema::Index& index, const Names& names) {
  return std::ranges::all_of(index.fields,
                             [&](const std::string& field) { return contains(names, field); }) &&
         std::ranges::all_of(names, [&](std::string_view name) {
           return std::ranges::find(index.fields, name) != index.fields.end();
         });
}

/// Whether some index has nothing but fields among `names`: its entries are in the order of rows.
bool has_index_over(const TableLayout& layout, const Names& names) {
  return std::ranges::any_of(layout.table->indexes, [&](const schema::Index& index) {
    return std::ranges::all_of(index.fields,
                               [&](const std::string& field) { return contains(names, field); });
  });
}

/// The key that stands for insertion order behind the first `keys_before` keys. Ids are made in the
/// order of row numbers, so either will do: the one that an index gives for nothing, so that LIMIT
/// stops the scan early.
std::string_view last_key(const TableLayout& layout, const Query& query, std::size_t keys_before) {
  Names leading;
  if (query.where != nullptr) collect_fixed(*query.where, leading);
  if (keys_before == 0 && query.where != nullptr) {
    if (bounds_row_number(*query.where) && has_index_over(layout, leading)) return "_row";
    if (bounds_id(*query.where)) return "_id";
  }
  for (std::size_t i = 0; i < keys_before; ++i)
    leading.push_back(query.order[i].field);
  const std::vector<schema::Index>& indexes = layout.table->indexes;
  const auto to_ids = [&](const schema::Index& index) { return leads_to_ids(index, leading); };
  const auto to_rows = [&](const schema::Index& index) { return leads_to_rows(index, leading); };
  const bool by_id = std::ranges::any_of(indexes, to_ids) && std::ranges::none_of(indexes, to_rows);
  return by_id ? "_id" : "_row";
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
    const Operand operand = operand_of_path(layout, query::Expr::make_field(key.field)->path);
    if (operand.kind == OperandKind::Missing) continue;  // NULL everywhere
    out.text += fmt::format("{}{},", operand.sql.text, sql_of(key.direction));
  }
  const std::string_view last = last_key(layout, query, query.order.size());
  out.text += fmt::format("{}{}", last, sql_of(query.tie_break));
}

void append_limit(const Query& query, SqlText& out) {
  if (!query.limit) return;
  out.text += " LIMIT ?";
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  out.values.emplace_back(static_cast<std::int64_t>(std::min(*query.limit, kMax)));
}

// Searches. Names with a full stop are none of a field's.

Result<const SearchLayout*> search_layout_of(const TableLayout& layout, const Query& query) {
  MS_TRY(const schema::SearchIndex* const index,
         query::search_index_of(*layout.table, query.search->field));
  const auto found = std::ranges::find(
      layout.searches, index->name, [](const SearchLayout& search) { return search.index->name; });
  if (found != layout.searches.end()) return &*found;
  return Error(ErrorCode::Internal, "a search index has no layout");
}

/// FROM: the numbers of the rows whose text matches, with their relevance.
void append_matches(const SearchLayout& search, const Query& query, SqlText& out) {
  const std::string fts = quoted(search.name);
  out.text += fmt::format(
      "(SELECT rowid AS \"match.row\",rank AS \"match.rank\" FROM {0} WHERE {0} MATCH ?)", fts);
  // At the very beginning an asterisk would ask FTS5 about itself; behind a space it is an error.
  const bool is_special = query.search->text.starts_with('*');
  out.values.emplace_back(is_special ? " " + query.search->text : query.search->text);
}

/// WHERE, after append_matches: what the filter keeps and was not on an earlier page.
Status append_kept(const TableLayout& layout, const Query& query, SqlText& out) {
  out.text += fmt::format(" CROSS JOIN {} ON _row=\"match.row\"", layout.name);
  MS_TRY_STATUS(append_where(layout, query, out));
  if (query.search->skipped.empty()) return {};
  out.text += query.where == nullptr ? " WHERE " : " AND ";
  out.text += "_row NOT IN(SELECT value FROM json_each(?))";
  out.values.emplace_back(fmt::format("[{}]", fmt::join(query.search->skipped, ",")));
  return {};
}

/// With a limit the best are found first, by number and relevance, and only they are read: a common
/// word matches many rows. Numbers stand in for ids, since both ascend with insertion.
Result<SqlText> select_search_sql(const TableLayout& layout, const Query& query) {
  MS_TRY(const SearchLayout* const search, search_layout_of(layout, query));
  SqlText out;
  const auto begin = [&](std::string_view columns) {
    out.text += fmt::format("SELECT {} FROM ", columns);
  };
  begin(layout.columns);
  if (query.limit) {
    out.text += '(';
    begin("\"match.row\",\"match.rank\"");
  }
  append_matches(*search, query, out);
  MS_TRY_STATUS(append_kept(layout, query, out));
  if (query.limit) {
    out.text += " ORDER BY \"match.rank\",\"match.row\"";
    append_limit(query, out);
    out.text += fmt::format(") CROSS JOIN {} ON _row=\"match.row\"", layout.name);
  }
  out.text += " ORDER BY \"match.rank\",\"match.row\"";
  return out;
}

}  // namespace

Result<SqlText> select_sql(const TableLayout& layout, const Query& query) {
  if (query.search) return select_search_sql(layout, query);
  SqlText out;
  out.text = fmt::format("SELECT {} FROM {}", layout.columns, layout.name);
  MS_TRY_STATUS(append_where(layout, query, out));
  append_order(layout, query, out);
  append_limit(query, out);
  return out;
}

Result<SqlText> count_sql(const TableLayout& layout, const Query& query) {
  SqlText out;
  if (query.search) {
    MS_TRY(const SearchLayout* const search, search_layout_of(layout, query));
    out.text = "SELECT count(*) FROM ";
    append_matches(*search, query, out);
    MS_TRY_STATUS(append_kept(layout, query, out));
    return out;
  }
  out.text = fmt::format("SELECT count(*) FROM {}", layout.name);
  MS_TRY_STATUS(append_where(layout, query, out));
  return out;
}

}  // namespace moonstone::store::sqlite
