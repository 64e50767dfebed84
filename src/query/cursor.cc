// Moonstone. Licence: see LICENSE.
#include "query/cursor.h"

#include <optional>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/json.h"
#include "query/expr_json.h"
#include "query/storage_json.h"

namespace moonstone::query {

namespace {

/// Format: base64 of the storage JSON [version, fingerprint, id, [sort value...]].
constexpr std::int64_t kCursorVersion = 1;  // on the wire: never renumber

std::string fingerprint_of(const Query& query) {
  std::string text = query.table;
  for (const SortKey& key : query.order) {
    text.append("|").append(key.field);
    text.append(key.direction == Direction::Ascending ? "+" : "-");
  }
  text.append(query.tie_break == Direction::Ascending ? "|+|" : "|-|");
  if (query.where != nullptr) text.append(canonical_json(expr_to_json(*query.where)));
  return std::to_string(stable_hash(text));
}

struct Cursor {
  std::string fingerprint;
  std::string id;
  Array sort_values;
};

std::optional<Cursor> decode(std::string_view text) {
  if (text.empty() || text.size() > kCursorBytesMax) return std::nullopt;
  const std::optional<std::string> json = from_base64(text);
  if (!json) return std::nullopt;
  auto parsed = parse_storage_json(*json);
  if (!parsed || !parsed->is_array()) return std::nullopt;
  Array& parts = parsed->as_array();
  if (parts.size() != 4 || parts[0] != Value(kCursorVersion) || !parts[1].is_text() ||
      !parts[2].is_text() || !parts[3].is_array()) {
    return std::nullopt;
  }
  return Cursor{.fingerprint = std::move(parts[1].as_text()),
                .id = std::move(parts[2].as_text()),
                .sort_values = std::move(parts[3].as_array())};
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

}  // namespace

std::string make_cursor(const Query& query, const Row& last) {
  Array sort_values;
  for (const SortKey& key : query.order)
    sort_values.push_back(sort_value_of(last, key));
  Array parts;
  parts.emplace_back(kCursorVersion);
  parts.emplace_back(fingerprint_of(query));
  parts.emplace_back(last.id);
  parts.emplace_back(std::move(sort_values));
  return to_base64(storage_json(Value(std::move(parts))));
}

Status apply_cursor(std::string_view text, Query& query) {
  std::optional<Cursor> cursor = decode(text);
  if (!cursor) return {};
  if (cursor->fingerprint != fingerprint_of(query) ||
      cursor->sort_values.size() != query.order.size()) {
    return Error(ErrorCode::InvalidArgument, "Invalid cursor", "cursor");
  }
  // (k1 after v1) or (k1 = v1 and k2 after v2) or ... or (all equal and the id after the last id)
  std::vector<ExprPtr> alternatives;
  std::vector<ExprPtr> equal_so_far;
  const auto add = [&](ExprPtr after) {
    std::vector<ExprPtr> all = equal_so_far;
    all.push_back(std::move(after));
    alternatives.push_back(Expr::all_of(std::move(all)));
  };
  for (std::size_t i = 0; i < query.order.size(); ++i) {
    const SortKey& key = query.order[i];
    add(sorts_after(key.field, cursor->sort_values[i], key.direction));
    equal_so_far.push_back(equals(key.field, cursor->sort_values[i]));
  }
  add(sorts_after(std::string(schema::kIdField), Value(cursor->id), query.tie_break));
  ExprPtr position = Expr::any_of(std::move(alternatives));
  query.where = query.where == nullptr ? std::move(position)
                                       : Expr::all_of({query.where, std::move(position)});
  return {};
}

}  // namespace moonstone::query
