// Moonstone. Licence: see LICENSE.
#include "query/query.h"

#include <algorithm>

namespace moonstone::query {
namespace {

std::string in_quotes(std::string_view name) {
  return "\"" + std::string(name) + "\"";
}

/// Walks a range along the fields of an index: equalities, then the bounds of one field.
class RangeWalk {
 public:
  RangeWalk(const schema::Table& table, const schema::Index& index)
      : table_(table), index_(index) {}

  Status take(const RangeCondition& condition) {
    if (condition.op == CompareOp::Neq) return bad("\"neq\" is no range; use a filter");
    if (next_ == index_.fields.size()) {
      return bad("Field " + in_quotes(condition.field) + " comes after the last field of " +
                 place());
    }
    if (condition.field != index_.fields[next_]) {
      return bad("Field " + in_quotes(condition.field) + " is not next in " + place() +
                 " (expected " + in_quotes(index_.fields[next_]) + ")");
    }
    if (condition.op == CompareOp::Eq) return take_equality();
    const bool is_lower = condition.op == CompareOp::Gt || condition.op == CompareOp::Gte;
    bool& bound = is_lower ? has_lower_ : has_upper_;
    if (bound) {
      return bad("Field " + in_quotes(condition.field) + " already has " +
                 (is_lower ? "a lower" : "an upper") + " bound in " + place());
    }
    bound = true;
    return ok();
  }

  /// The fields that an equality does not fix, in order.
  [[nodiscard]] std::vector<std::string> open_fields() const {
    return {index_.fields.begin() + static_cast<std::ptrdiff_t>(next_), index_.fields.end()};
  }

 private:
  [[nodiscard]] std::string place() const {
    return "index " + in_quotes(index_.name) + " of table " + in_quotes(table_.name);
  }

  static Error bad(std::string message) { return {ErrorCode::InvalidArgument, std::move(message)}; }

  Status take_equality() {
    if (has_lower_ || has_upper_) {
      return bad("Field " + in_quotes(index_.fields[next_]) +
                 " has a bound already; an equality must come before it in " + place());
    }
    ++next_;
    return ok();
  }

  const schema::Table& table_;
  const schema::Index& index_;
  std::size_t next_ = 0;
  bool has_lower_ = false;
  bool has_upper_ = false;
};

/// The row number gives the order of ids and creation times already.
bool follows_row_number(std::string_view field) {
  return field == schema::kIdField || field == schema::kCreationTimeField;
}

std::strong_ordering directed(std::strong_ordering order, Direction direction) {
  return direction == Direction::Ascending ? order : 0 <=> order;
}

}  // namespace

Status apply_index(const schema::Table& table,
                   std::string_view index,
                   const std::vector<RangeCondition>& range,
                   Direction direction,
                   Query& query) {
  const schema::Index* found = table.find_index(index);
  if (found == nullptr) {
    return Error(ErrorCode::InvalidArgument,
                 "Index " + in_quotes(index) + " not found on table " + in_quotes(table.name));
  }
  RangeWalk walk(table, *found);
  std::vector<ExprPtr> conditions;
  conditions.reserve(range.size() + 1);
  for (const RangeCondition& condition : range) {
    MS_TRY_STATUS(walk.take(condition));
    conditions.push_back(Expr::compare(condition.op, Expr::make_field(condition.field),
                                       Expr::make_literal(condition.value)));
  }
  if (query.where != nullptr) conditions.push_back(query.where);
  if (!conditions.empty()) {
    query.where = conditions.size() == 1 ? conditions.front() : Expr::all_of(std::move(conditions));
  }
  std::vector<std::string> fields = walk.open_fields();
  while (!fields.empty() && follows_row_number(fields.back()))
    fields.pop_back();
  query.order.clear();
  for (std::string& field : fields) {
    query.order.push_back({.field = std::move(field), .direction = direction});
  }
  query.tie_break = direction;
  return ok();
}

Value sort_value_of(const Row& row, const SortKey& key) {
  const bool is_of_model = row.table != nullptr && row.table->model != nullptr;
  if (is_of_model && follows_row_number(key.field)) return row.number;
  const StoredRowView view(row);
  if (key.field.find('.') == std::string::npos) return comparable_field(view, key.field);
  return comparable_path(view, Expr::make_field(key.field)->path);
}

std::strong_ordering compare_rows(const Query& query, const Row& a, const Row& b) {
  for (const SortKey& key : query.order) {
    const auto order = compare_values(sort_value_of(a, key), sort_value_of(b, key));
    if (order != 0) return directed(order, key.direction);
  }
  return directed(a.number <=> b.number, query.tie_break);
}

}  // namespace moonstone::query
