// Moonstone. Licence: see LICENSE.
#include "query/footprint.h"

#include <algorithm>

#include "query/search.h"

namespace moonstone::query {
namespace {

bool matches(const Query& query, const std::optional<Row>& image) {
  if (!image) return false;
  if (query.where == nullptr) return true;
  return evaluate(*query.where, StoredRowView(*image)) == Truth::True;
}

/// Whether the image, where it matches, stands strictly after the page.
bool is_beyond_page(const Dependency& dependency, const std::optional<Row>& image, bool is_match) {
  return !is_match || compare_rows(dependency.query, *image, *dependency.boundary) > 0;
}

bool may_change_rows(const Dependency& dependency, const Change& change) {
  const Query& query = dependency.query;
  if (query.limit == 0U) return false;
  const bool before = matches(query, change.before);
  const bool after = matches(query, change.after);
  if (!before && !after) return false;
  if (before && after && *change.before == *change.after) return false;
  if (!query.limit || !dependency.boundary) return true;
  return !(is_beyond_page(dependency, change.before, before) &&
           is_beyond_page(dependency, change.after, after));
}

/// How a search sees one image of a row.
struct SearchedImage {
  const std::string* text = nullptr;  // null: the index does not know the row
  bool is_kept = false;               // by the filter, and not one of an earlier page
};

SearchedImage searched_image(const Query& query, const std::optional<Row>& image) {
  SearchedImage seen;
  if (!image) return seen;
  seen.text = searched_text(*image, query.search->field);
  if (seen.text == nullptr) return seen;
  seen.is_kept =
      !std::ranges::binary_search(query.search->skipped, image->number) && matches(query, image);
  return seen;
}

/// The rule for searches that footprint.h explains.
bool may_change_search(const Dependency& dependency, const Change& change) {
  const Query& query = dependency.query;
  if (query.limit == 0U) return false;
  const SearchedImage before = searched_image(query, change.before);
  const SearchedImage after = searched_image(query, change.after);
  if (before.text == nullptr && after.text == nullptr) return false;
  const bool is_same_text =
      before.text != nullptr && after.text != nullptr && *before.text == *after.text;
  if (dependency.kind == DependencyKind::Count) {
    return is_same_text ? before.is_kept != after.is_kept : before.is_kept || after.is_kept;
  }
  if (!is_same_text) return true;
  if (!before.is_kept) return after.is_kept;
  if (after.is_kept && *change.before == *change.after) return false;
  return !dependency.returned ||
         std::ranges::binary_search(*dependency.returned, change.before->number);
}

CompareOp mirrored(CompareOp op) {
  switch (op) {
    case CompareOp::Lt:
      return CompareOp::Gt;
    case CompareOp::Lte:
      return CompareOp::Gte;
    case CompareOp::Gt:
      return CompareOp::Lt;
    case CompareOp::Gte:
      return CompareOp::Lte;
    case CompareOp::Eq:
    case CompareOp::Neq:
      break;
  }
  return op;
}

/// Gathers what the conjuncts of a predicate say about single fields.
class KeyFinder {
 public:
  void visit(const Expr& expr) {
    if (expr.kind == ExprKind::And) {
      for (const ExprPtr& operand : expr.operands)
        visit(*operand);
    } else if (expr.kind == ExprKind::Compare) {
      visit_compare(expr);
    } else if (expr.kind == ExprKind::In) {
      visit_in(expr);
    }
  }

  /// What stands beyond the last row of a full page cannot matter.
  void visit_boundary(const Query& query, const Row& boundary) {
    for (const SortKey& sort : query.order) {
      if (sort.field.contains('.')) return;
      Value bound = sort_value_of(boundary, sort);
      const auto known = std::ranges::find(keys_, sort.field, &AccessKey::field);
      if (known != keys_.end() && known->equal == bound) continue;  // the same in the whole page
      // Null comes first, so ascending it is below every bound; descending nothing is below it.
      if (bound.is_null()) return;
      if (sort.direction == Direction::Ascending) {
        narrow(key_of(sort.field), std::nullopt, std::move(bound));
      } else {
        narrow(key_of(sort.field), std::move(bound), std::nullopt);
      }
      return;
    }
  }

  /// An id, else the first equality, else the range with both bounds, else one with one; after an
  /// equality, the best of the rest.
  [[nodiscard]] std::vector<AccessKey> path() && {
    std::vector<AccessKey> path;
    while (!keys_.empty() && path.size() < kAccessPathMax) {
      const auto best = std::ranges::max_element(keys_, {}, score);
      path.push_back(std::move(*best));
      keys_.erase(best);
      if (!path.back().equal) break;
      path.back().low.reset();
      path.back().high.reset();
      if (path.back().field == schema::kIdField) break;
    }
    return path;
  }

 private:
  static int score(const AccessKey& key) {
    if (key.equal) return key.field == schema::kIdField ? 4 : 3;
    return (key.low ? 1 : 0) + (key.high ? 1 : 0);
  }

  static bool is_whole_field(const Expr& expr) {
    return expr.kind == ExprKind::Field && expr.path.size() == 1;
  }

  void visit_compare(const Expr& expr) {
    const Expr& left = *expr.operands[0];
    const Expr& right = *expr.operands[1];
    if (is_whole_field(left) && right.kind == ExprKind::Literal) {
      add(left.path.front(), expr.op, right.literal);
    } else if (is_whole_field(right) && left.kind == ExprKind::Literal) {
      add(right.path.front(), mirrored(expr.op), left.literal);
    }
  }

  /// The least and the greatest member enclose what IN can match.
  void visit_in(const Expr& expr) {
    if (!is_whole_field(*expr.operands.front())) return;
    std::optional<Value> low;
    std::optional<Value> high;
    for (const Value& member : expr.literal.as_array()) {
      Value value = comparable(member, Nesting::TopLevel);
      if (value.is_null()) continue;
      if (!low || compare_values(value, *low) < 0) low = value;
      if (!high || compare_values(value, *high) > 0) high = std::move(value);
    }
    if (!low) return;
    AccessKey& key = key_of(expr.operands.front()->path.front());
    if (*low == *high) {
      key.equal = std::move(low);
    } else {
      narrow(key, std::move(low), std::move(high));
    }
  }

  void add(const std::string& field, CompareOp op, const Value& literal) {
    Value value = comparable(literal, Nesting::TopLevel);
    // Null (and NaN): an equality means "absent", which no index of values finds; a range is empty.
    if (value.is_null() || op == CompareOp::Neq) return;
    AccessKey& key = key_of(field);
    if (op == CompareOp::Eq) {
      if (!key.equal) key.equal = std::move(value);
    } else if (op == CompareOp::Gt || op == CompareOp::Gte) {
      narrow(key, std::move(value), std::nullopt);
    } else {
      narrow(key, std::nullopt, std::move(value));
    }
  }

  /// Keeps the tighter bounds: all conjuncts hold at once.
  static void narrow(AccessKey& key, std::optional<Value> low, std::optional<Value> high) {
    if (low && (!key.low || compare_values(*low, *key.low) > 0)) key.low = std::move(low);
    if (high && (!key.high || compare_values(*high, *key.high) < 0)) key.high = std::move(high);
  }

  AccessKey& key_of(const std::string& field) {
    const auto found = std::ranges::find(keys_, field, &AccessKey::field);
    if (found != keys_.end()) return *found;
    keys_.push_back({.field = field, .equal = {}, .low = {}, .high = {}});
    return keys_.back();
  }

  std::vector<AccessKey> keys_;  // at most one per field, in the order of the predicate
};

}  // namespace

bool may_change(const Dependency& dependency, const Change& change) {
  switch (dependency.kind) {
    case DependencyKind::Document:
      return dependency.id == change.key;
    case DependencyKind::Table:
      return change.table == nullptr || dependency.table == change.table->name;
    case DependencyKind::Rows:
    case DependencyKind::Count:
      break;
  }
  if (change.table == nullptr) return true;
  if (dependency.table != change.table->name) return false;
  if (dependency.query.search) return may_change_search(dependency, change);
  if (dependency.kind == DependencyKind::Rows) return may_change_rows(dependency, change);
  return matches(dependency.query, change.before) != matches(dependency.query, change.after);
}

std::vector<AccessKey> access_path_of(const Dependency& dependency) {
  switch (dependency.kind) {
    case DependencyKind::Document:
      return {
          {.field = std::string(schema::kIdField), .equal = dependency.id, .low = {}, .high = {}}};
    case DependencyKind::Table:
      return {};
    case DependencyKind::Rows:
    case DependencyKind::Count:
      break;
  }
  const Query& query = dependency.query;
  if (query.search && dependency.kind == DependencyKind::Rows) return {};  // relevance: any row
  KeyFinder finder;
  if (query.where != nullptr) finder.visit(*query.where);
  if (query.limit && dependency.boundary) finder.visit_boundary(query, *dependency.boundary);
  return std::move(finder).path();
}

}  // namespace moonstone::query
