// Moonstone. Licence: see LICENSE.
// may_change against brute force: run the query, change the table, run it again.

#include "query/footprint.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "query/storage_json.h"
#include "tests/query/random_values.h"

namespace moonstone::query {
namespace {

using enum CompareOp;

class ModelTable {
 public:
  explicit ModelTable(Dice& dice) : dice_(dice) {
    for (std::size_t count = dice_.roll(12); count > 0; --count)
      insert();
  }

  [[nodiscard]] std::vector<Row> select(const Query& query) const {
    std::vector<Row> found = matching(query);
    std::ranges::sort(
        found, [&query](const Row& a, const Row& b) { return compare_rows(query, a, b) < 0; });
    if (query.limit && found.size() > *query.limit) found.resize(*query.limit);
    return found;
  }

  [[nodiscard]] std::vector<Row> matching(const Query& query) const {
    std::vector<Row> found;
    for (const auto& [number, row] : rows_) {
      if (query.where == nullptr || evaluate(*query.where, StoredRowView(row)) == Truth::True) {
        found.push_back(row);
      }
    }
    return found;
  }

  /// Inserts, updates or deletes one row; an update that changes nothing is drawn again.
  Change change() {
    if (rows_.empty() || dice_.one_in(3)) return insert();
    auto position = rows_.begin();
    std::advance(position, static_cast<std::ptrdiff_t>(dice_.roll(rows_.size())));
    Change change{.table = &model_table(),
                  .key = position->second.id,
                  .before = position->second,
                  .after = {}};
    if (dice_.one_in(2)) {
      rows_.erase(position);
      return change;
    }
    Row after = random_row(dice_, position->first);
    while (text_of(after) == text_of(position->second))
      after = random_row(dice_, position->first);
    if (dice_.one_in(2)) {
      // A change of one field only.
      const std::size_t field = dice_.roll(after.values.size());
      Row narrow = position->second;
      narrow.values[field] = after.values[field];
      if (text_of(narrow) != text_of(position->second)) after = std::move(narrow);
    }
    position->second = after;
    change.after = std::move(after);
    return change;
  }

  static std::string text_of(const Row& row) { return row.id + storage_json(document_of(row)); }

 private:
  Change insert() {
    const std::int64_t number = ++last_number_;
    Row row = random_row(dice_, number);
    rows_.emplace(number, row);
    std::string key = row.id;
    return {.table = &model_table(), .key = std::move(key), .before = {}, .after = std::move(row)};
  }

  Dice& dice_;
  std::map<std::int64_t, Row> rows_;
  std::int64_t last_number_ = 0;
};

std::string text_of(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows)
    text += ModelTable::text_of(row) + "\n";
  return text;
}

Dependency rows_of(const Query& query, const std::vector<Row>& result) {
  Dependency dependency;
  dependency.kind = DependencyKind::Rows;
  dependency.table = "t";
  dependency.query = query;
  if (query.limit && *query.limit > 0 && result.size() == *query.limit) {
    dependency.boundary = result.back();
  }
  return dependency;
}

TEST(MayChange, SeesEveryChangeOfAPageAndNoOther) {
  Dice dice(9);
  int changed_count = 0;
  int may_change_count = 0;
  constexpr int kRounds = 5'000;
  for (int round = 0; round < kRounds; ++round) {
    ModelTable table(dice);
    const Query query = random_query(dice);
    const std::vector<Row> before = table.select(query);
    const Dependency dependency = rows_of(query, before);
    const Change change = table.change();
    const bool changed = text_of(before) != text_of(table.select(query));
    const bool may = may_change(dependency, change);
    ASSERT_TRUE(may || !changed) << "round " << round << ": a change was missed\n"
                                 << text_of(before);
    changed_count += changed ? 1 : 0;
    may_change_count += may ? 1 : 0;
  }
  // With the boundary known the answer is exact; a looser rule would cost a run per false alarm.
  EXPECT_EQ(may_change_count, changed_count);
  // The test is worth something only if both outcomes are frequent.
  EXPECT_GT(changed_count, kRounds / 10);
  EXPECT_LT(changed_count, kRounds * 9 / 10);
}

TEST(MayChange, SeesEveryChangeOfACountAndNoOther) {
  Dice dice(10);
  int changed_count = 0;
  constexpr int kRounds = 5'000;
  for (int round = 0; round < kRounds; ++round) {
    ModelTable table(dice);
    Dependency dependency;
    dependency.kind = DependencyKind::Count;
    dependency.table = "t";
    dependency.query = random_query(dice);
    const std::size_t before = table.matching(dependency.query).size();
    const Change change = table.change();
    const bool changed = before != table.matching(dependency.query).size();
    ASSERT_EQ(may_change(dependency, change), changed) << "round " << round;
    changed_count += changed ? 1 : 0;
  }
  EXPECT_GT(changed_count, kRounds / 20);
}

TEST(MayChange, WithoutABoundaryAnyMatchingRowMatters) {
  Dice dice(11);
  Dependency dependency;
  dependency.kind = DependencyKind::Rows;
  dependency.table = "t";
  dependency.query.table = "t";
  dependency.query.limit = 1;
  const Change insert{
      .table = &model_table(), .key = model_id(9), .before = {}, .after = random_row(dice, 9)};
  EXPECT_TRUE(may_change(dependency, insert));
  dependency.boundary = random_row(dice, 1);
  EXPECT_FALSE(may_change(dependency, insert));
  dependency.boundary = random_row(dice, 10);
  EXPECT_TRUE(may_change(dependency, insert));
  dependency.query.limit = 0;
  EXPECT_FALSE(may_change(dependency, insert));
}

TEST(MayChange, DistinguishesTablesAndDocuments) {
  Dice dice(12);
  const Change change{
      .table = &model_table(), .key = model_id(1), .before = {}, .after = random_row(dice, 1)};
  Dependency dependency;
  dependency.kind = DependencyKind::Document;
  dependency.table = "t";
  dependency.id = model_id(1);
  EXPECT_TRUE(may_change(dependency, change));
  dependency.id = model_id(2);
  EXPECT_FALSE(may_change(dependency, change));
  for (const DependencyKind kind :
       {DependencyKind::Table, DependencyKind::Rows, DependencyKind::Count}) {
    dependency.kind = kind;
    dependency.table = "t";
    EXPECT_TRUE(may_change(dependency, change));
    dependency.table = "u";
    EXPECT_FALSE(may_change(dependency, change));
  }
}

Dependency rows_where(ExprPtr where) {
  Dependency dependency;
  dependency.kind = DependencyKind::Rows;
  dependency.table = "t";
  dependency.query.table = "t";
  dependency.query.where = std::move(where);
  return dependency;
}

/// The first key of a path; one without a field if there is none.
AccessKey first_key(const Dependency& dependency) {
  std::vector<AccessKey> path = access_path_of(dependency);
  return path.empty() ? AccessKey{} : std::move(path.front());
}

AccessKey key_of(ExprPtr where) {
  return first_key(rows_where(std::move(where)));
}

ExprPtr compare(std::string_view field, CompareOp op, Value literal) {
  return Expr::compare(op, Expr::make_field(field), Expr::make_literal(std::move(literal)));
}

void expect_key(const AccessKey& key,
                std::string_view field,
                const std::optional<Value>& equal,
                const std::optional<Value>& low = {},
                const std::optional<Value>& high = {}) {
  EXPECT_EQ(key.field, field);
  EXPECT_EQ(key.equal, equal);
  EXPECT_EQ(key.low, low);
  EXPECT_EQ(key.high, high);
}

TEST(AccessPathOf, PrefersIdsThenEqualitiesThenRanges) {
  const ExprPtr range = compare("n", Gt, 1);
  const ExprPtr equality = compare("s", Eq, "a");
  const ExprPtr id = compare("_id", Eq, "t:1");
  expect_key(key_of(Expr::all_of({range, equality, id})), "_id", Value("t:1"));
  expect_key(key_of(Expr::all_of({range, Expr::all_of({equality})})), "s", Value("a"));
  expect_key(key_of(range), "n", {}, Value(1));
  expect_key(key_of(Expr::all_of({compare("n", Gt, 1), compare("j", Gte, 2), compare("j", Lt, 9)})),
             "j", {}, Value(2), Value(9));
  expect_key(key_of(Expr::all_of({compare("n", Gt, 1), compare("n", Gte, 3.0)})), "n", {},
             Value(3));
  expect_key(key_of(Expr::all_of({compare("n", Gt, 1), compare("n", Eq, 2)})), "n", Value(2));
  expect_key(key_of(compare("_creationTime", Lte, 5)), "_creationTime", {}, {}, Value(5));
}

TEST(AccessPathOf, MirrorsLiteralsOnTheLeft) {
  const auto mirrored = [](CompareOp op) {
    return key_of(Expr::compare(op, Expr::make_literal(true), Expr::make_field("n")));
  };
  expect_key(mirrored(Eq), "n", Value(1));
  expect_key(mirrored(Lt), "n", {}, Value(1));
  expect_key(mirrored(Gte), "n", {}, {}, Value(1));
  expect_key(mirrored(Neq), "", {});
}

TEST(AccessPathOf, TakesListsAsEnclosures) {
  const auto in = [](Array members) {
    return key_of(Expr::in(Expr::make_field("n"), std::move(members)));
  };
  expect_key(in({3, nullptr, 1, "a"}), "n", {}, Value(1), Value("a"));
  expect_key(in({3, 3.0, nullptr}), "n", Value(3));
  expect_key(in({nullptr}), "", {});
}

TEST(AccessPathOf, FindsNoneWhereNoneIsNecessary) {
  expect_key(key_of(nullptr), "", {});
  expect_key(key_of(compare("n", Eq, nullptr)), "", {});
  expect_key(key_of(compare("j.a", Eq, 1)), "", {});
  expect_key(key_of(Expr::any_of({compare("n", Eq, 1), compare("n", Eq, 2)})), "", {});
  expect_key(key_of(Expr::negate(compare("n", Eq, 1))), "", {});
  expect_key(key_of(Expr::compare(Eq, Expr::make_field("n"), Expr::make_field("s"))), "", {});
  expect_key(first_key({}), "", {});
  Dependency document;
  document.kind = DependencyKind::Document;
  document.id = "t:1";
  expect_key(first_key(document), "_id", Value("t:1"));
}

/// The live index finds a dependency by the key only: a row that matches must lie under it.
TEST(AccessPathOf, TellsPartsOfOneGroupApart) {
  const ExprPtr group = compare("s", Eq, "a");
  const ExprPtr above = compare("n", Gt, 1);
  auto path = access_path_of(rows_where(Expr::all_of({above, group, compare("n", Lt, 9)})));
  ASSERT_EQ(path.size(), 2U);
  expect_key(path[0], "s", Value("a"));
  expect_key(path[1], "n", {}, Value(1), Value(9));
  path = access_path_of(rows_where(Expr::all_of({group, above, compare("j", Eq, 5)})));
  ASSERT_EQ(path.size(), 2U);
  expect_key(path[1], "j", Value(5));
  EXPECT_EQ(access_path_of(rows_where(Expr::all_of({above, compare("j", Lt, 5)}))).size(), 1U)
      << "only an equality has parts";
  EXPECT_EQ(access_path_of(rows_where(Expr::all_of({compare("_id", Eq, "t:1"), above}))).size(), 1U)
      << "an id is one row";
}

Row make_row(Value n) {
  return {.table = &model_table(),
          .number = 1,
          .id = model_id(1),
          .values = {std::move(n), "a", Value(), Value()}};
}

TEST(AccessPathOf, EndsWithTheLastRowOfAFullPage) {
  Dependency page = rows_where(compare("s", Eq, "a"));
  page.query.order = {{.field = "s", .direction = Direction::Ascending},
                      {.field = "n", .direction = Direction::Ascending}};
  page.query.limit = 2;
  EXPECT_EQ(access_path_of(page).size(), 1U) << "the page is not full";
  page.boundary = make_row(7);
  ASSERT_EQ(access_path_of(page).size(), 2U);
  expect_key(access_path_of(page)[1], "n", {}, {}, Value(7));
  page.query.order[1].direction = Direction::Descending;
  expect_key(access_path_of(page)[1], "n", {}, Value(7));
  page.boundary = make_row(nullptr);
  EXPECT_EQ(access_path_of(page).size(), 1U) << "null is the first and the last";
  page.query.where = nullptr;
  page.query.order.erase(page.query.order.begin());
  page.boundary = make_row(7);
  expect_key(first_key(page), "n", {}, Value(7));
}

TEST(AccessPathOf, IsNecessaryForAMatch) {
  Dice dice(13);
  int keys = 0;
  int matches = 0;
  for (int round = 0; round < 20'000; ++round) {
    const ExprPtr where = random_expr(dice, 2);
    const std::vector<AccessKey> path = access_path_of(rows_where(where));
    keys += static_cast<int>(path.size());
    if (path.empty()) continue;
    const Row row = random_row(dice, static_cast<std::int64_t>(dice.roll(30)));
    const StoredRowView view(row);
    if (evaluate(*where, view) != Truth::True) continue;
    ++matches;
    for (const AccessKey& key : path) {
      const Value value = comparable_field(view, key.field);
      if (key.equal) {
        EXPECT_EQ(value, *key.equal) << storage_json(document_of(row));
      }
      if (key.low) EXPECT_TRUE(compare_values(value, *key.low) >= 0);
      if (key.high) EXPECT_TRUE(compare_values(value, *key.high) <= 0);
    }
  }
  EXPECT_GT(keys, 6'000);
  EXPECT_GT(matches, 600);
}

}  // namespace
}  // namespace moonstone::query
