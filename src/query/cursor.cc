// Moonstone. Licence: see LICENSE.
#include "query/cursor.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/encoding.h"
#include "base/json.h"
#include "query/expr_json.h"
#include "query/seal.h"
#include "query/storage_json.h"

namespace moonstone::query {

namespace {

/// Content: the storage JSON [version, fingerprint, row number, id, [sort value...]]. That of a
/// search has instead of sort values the numbers of its rows, ascending, each less the one before.
constexpr std::int64_t kCursorVersion = 1;  // clients keep cursors: never renumber

std::string fingerprint_of(const Query& query) {
  Array parts;
  parts.emplace_back(query.table);
  for (const SortKey& key : query.order) {
    parts.emplace_back(key.field);
    parts.emplace_back(key.direction == Direction::Ascending);
  }
  parts.emplace_back(query.tie_break == Direction::Ascending);
  parts.push_back(query.where == nullptr ? Value(nullptr) : expr_to_json(*query.where));
  if (query.search) {
    parts.emplace_back(query.search->field);
    parts.emplace_back(query.search->text);
  }
  return std::to_string(stable_hash(storage_json(Value(std::move(parts)))));
}

struct Cursor {
  std::string fingerprint;
  std::int64_t number = 0;
  std::string id;
  Array values;
};

std::optional<Cursor> decode(std::string_view text, std::string_view secret) {
  if (text.empty() || text.size() > kCursorBytesMax) return std::nullopt;
  const std::optional<std::string> json = unseal(text, secret);
  if (!json) return std::nullopt;
  auto parsed = parse_storage_json(*json);
  if (!parsed || !parsed->is_array()) return std::nullopt;
  Array& parts = parsed->as_array();
  if (parts.size() != 5 || parts[0] != Value(kCursorVersion) || !parts[1].is_text() ||
      !parts[2].is_integer() || !parts[3].is_text() || !parts[4].is_array()) {
    return std::nullopt;
  }
  return Cursor{.fingerprint = std::move(parts[1].as_text()),
                .number = parts[2].as_integer(),
                .id = std::move(parts[3].as_text()),
                .values = std::move(parts[4].as_array())};
}

ExprPtr compare_field(CompareOp op, const std::string& field, const Value& value) {
  return Expr::compare(op, Expr::make_field(field), Expr::make_literal(value));
}

/// Rows whose `field` sorts strictly after `value`: null is first ascending, last descending.
ExprPtr sorts_after(const std::string& field, const Value& value, Direction direction) {
  if (direction == Direction::Ascending) {
    return value.is_missing() ? compare_field(CompareOp::Neq, field, nullptr)
                              : compare_field(CompareOp::Gt, field, value);
  }
  if (value.is_missing()) return Expr::any_of({});
  return Expr::any_of(
      {compare_field(CompareOp::Lt, field, value), compare_field(CompareOp::Eq, field, nullptr)});
}

ExprPtr equals(const std::string& field, const Value& value) {
  return compare_field(CompareOp::Eq, field, value.is_missing() ? Value(nullptr) : value);
}

/// Which rows, as seen from that of a cursor.
enum class Side : unsigned char {
  After,  // what sorts strictly after it
  UpTo,   // what sorts before it, and itself
};

/// The direction in which the rows of that side lie.
Direction towards(Side side, Direction direction) {
  const bool is_ascending = (direction == Direction::Ascending) == (side == Side::After);
  return is_ascending ? Direction::Ascending : Direction::Descending;
}

/// Rows that were inserted after the cursor's, or before it. Number and id say the same; which of
/// them a store can look up depends on the index that it reads along. Keys of models say nothing of
/// the order, and cursors have none.
ExprPtr inserted(const Cursor& cursor, Direction tie_break, Side side) {
  const bool is_later = towards(side, tie_break) == Direction::Ascending;
  CompareOp op = is_later ? CompareOp::Gt : CompareOp::Lt;
  if (side == Side::UpTo) op = is_later ? CompareOp::Gte : CompareOp::Lte;
  ExprPtr by_number = compare_field(op, std::string(kRowNumberField), Value(cursor.number));
  if (cursor.id.empty()) return by_number;
  return Expr::all_of(
      {compare_field(op, std::string(schema::kIdField), Value(cursor.id)), std::move(by_number)});
}

/// (k1 after v1) or (k1 = v1 and k2 after v2) or ... or (all equal and inserted after the last row)
ExprPtr rows_at(Side side, const Query& query, const Cursor& cursor) {
  if (query.order.empty()) return inserted(cursor, query.tie_break, side);
  std::vector<ExprPtr> alternatives;
  std::vector<ExprPtr> equal_so_far;
  const auto add = [&](ExprPtr after) {
    std::vector<ExprPtr> all = equal_so_far;
    all.push_back(std::move(after));
    alternatives.push_back(Expr::all_of(std::move(all)));
  };
  for (std::size_t i = 0; i < query.order.size(); ++i) {
    const SortKey& key = query.order[i];
    add(sorts_after(key.field, cursor.values[i], towards(side, key.direction)));
    equal_so_far.push_back(equals(key.field, cursor.values[i]));
  }
  add(inserted(cursor, query.tie_break, side));
  ExprPtr position = Expr::any_of(std::move(alternatives));
  // Follows from the above, but only this is a range that an index can begin at.
  const SortKey& first = query.order.front();
  const Value& value = cursor.values.front();
  const bool is_upward = towards(side, first.direction) == Direction::Ascending;
  if (!is_upward || value.is_missing()) return position;
  return Expr::all_of({compare_field(CompareOp::Gte, first.field, value), std::move(position)});
}

Array gaps_between(const std::vector<std::int64_t>& numbers) {
  Array gaps;
  std::int64_t last = 0;
  for (const std::int64_t number : numbers) {
    gaps.emplace_back(number - last);
    last = number;
  }
  return gaps;
}

/// The inverse; nothing if these are no ascending row numbers.
std::optional<std::vector<std::int64_t>> numbers_of(const Array& gaps) {
  constexpr std::int64_t kNumberEnd = std::int64_t{1} << 53;
  std::vector<std::int64_t> numbers;
  numbers.reserve(gaps.size());
  std::int64_t last = 0;
  for (const Value& gap : gaps) {
    if (!gap.is_integer() || gap.as_integer() <= 0 || gap.as_integer() > kNumberEnd - last) {
      return std::nullopt;
    }
    last += gap.as_integer();
    numbers.push_back(last);
  }
  return numbers;
}

Result<Array> rows_passed(const Query& query, std::span<const Row> page) {
  std::vector<std::int64_t> numbers = query.search->skipped;
  for (const Row& row : page)
    numbers.push_back(row.number);
  if (numbers.size() > kSearchRowsPagedMax) {
    return Error(ErrorCode::LimitExceeded,
                 "a search can be paged through its first " + std::to_string(kSearchRowsPagedMax) +
                     " results only. Search for more words, or add a filter",
                 "cursor_size");
  }
  std::ranges::sort(numbers);
  return gaps_between(numbers);
}

Error invalid_cursor() {
  return {ErrorCode::InvalidArgument, "Invalid cursor", "cursor"};
}

Status check_cursor(const Cursor& cursor, const Query& query) {
  if (cursor.fingerprint != fingerprint_of(query)) return invalid_cursor();
  if (!query.search && cursor.values.size() != query.order.size()) return invalid_cursor();
  return {};
}

/// The rows that a search had returned when the cursor was made.
Result<std::vector<std::int64_t>> rows_before(const Cursor& cursor) {
  auto numbers = numbers_of(cursor.values);
  if (!numbers) return invalid_cursor();
  return *std::move(numbers);
}

void add_condition(ExprPtr condition, Query& query) {
  query.where = query.where == nullptr ? std::move(condition)
                                       : Expr::all_of({query.where, std::move(condition)});
}

/// A search has no positions: its page stays the rows that it had, as far as they still match.
Result<std::vector<Query>> searched_between(const std::optional<Cursor>& start,
                                            const Cursor& end,
                                            const Query& query) {
  std::vector<std::int64_t> before;
  if (start) {
    MS_TRY(before, rows_before(*start));
  }
  MS_TRY(const std::vector<std::int64_t> until, rows_before(end));
  Array members;
  for (const std::int64_t number : until) {
    if (!std::ranges::binary_search(before, number)) members.emplace_back(number);
  }
  Query page = query;
  add_condition(Expr::in(Expr::make_field(kRowNumberField), std::move(members)), page);
  return std::vector{std::move(page)};
}

/// An index can end a range at a value only if no nulls come before: they are a range of their own.
std::vector<Query> split_at_null(const std::optional<Cursor>& start,
                                 const Cursor& end,
                                 Query range) {
  if (range.order.empty()) return {std::move(range)};
  const SortKey& first = range.order.front();
  const Value& last_value = end.values.front();
  if (first.direction == Direction::Descending || last_value.is_missing()) {
    return {std::move(range)};
  }
  std::vector<Query> parts;
  if (!start || start->values.front().is_missing()) {
    parts.push_back(range);
    add_condition(equals(first.field, Value()), parts.back());
  }
  add_condition(compare_field(CompareOp::Lte, first.field, last_value), range);
  parts.push_back(std::move(range));
  return parts;
}

}  // namespace

Result<std::string> make_cursor(const Query& query,
                                std::span<const Row> page,
                                std::string_view secret) {
  MS_CHECK(!page.empty(), "a cursor needs a row to stand on");
  Array values;
  if (query.search) {
    MS_TRY(values, rows_passed(query, page));
  } else {
    for (const SortKey& key : query.order)
      values.push_back(sort_value_of(page.back(), key));
  }
  Array parts;
  parts.emplace_back(kCursorVersion);
  parts.emplace_back(fingerprint_of(query));
  parts.emplace_back(page.back().number);
  const bool is_of_model = page.back().table != nullptr && page.back().table->model != nullptr;
  parts.emplace_back(is_of_model ? std::string() : page.back().id);
  parts.emplace_back(std::move(values));
  std::string cursor = seal(storage_json(Value(std::move(parts))), secret);
  if (cursor.size() > kCursorBytesMax) {
    return Error(ErrorCode::LimitExceeded,
                 "the values by which this page is ordered are too long for a cursor (" +
                     std::to_string(cursor.size()) + " bytes; at most " +
                     std::to_string(kCursorBytesMax) + "). Order by a shorter field",
                 "cursor_size");
  }
  return cursor;
}

Status apply_cursor(std::string_view text, std::string_view secret, Query& query) {
  const std::optional<Cursor> cursor = decode(text, secret);
  if (!cursor) return {};
  MS_TRY_STATUS(check_cursor(*cursor, query));
  if (query.search) {
    MS_TRY(query.search->skipped, rows_before(*cursor));
    return {};
  }
  add_condition(rows_at(Side::After, query, *cursor), query);
  return {};
}

Result<std::vector<Query>> range_between(const CursorPair& pair,
                                         std::string_view secret,
                                         const Query& query) {
  const std::optional<Cursor> start = decode(pair.start, secret);
  const std::optional<Cursor> end = decode(pair.end, secret);
  if (!end || (!start && !pair.start.empty())) return std::vector<Query>{};
  if (start) MS_TRY_STATUS(check_cursor(*start, query));
  MS_TRY_STATUS(check_cursor(*end, query));
  if (query.search) return searched_between(start, *end, query);
  Query range = query;
  if (start) add_condition(rows_at(Side::After, query, *start), range);
  add_condition(rows_at(Side::UpTo, query, *end), range);
  return split_at_null(start, *end, std::move(range));
}

std::optional<CursorPair> split_cursor_pair(std::string_view text) {
  const std::size_t at = text.find(kCursorPairSeparator);
  if (at == std::string_view::npos) return std::nullopt;
  return CursorPair{.start = text.substr(0, at), .end = text.substr(at + 1)};
}

}  // namespace moonstone::query
