// Moonstone. Licence: see LICENSE.
// may_change of searches against brute force: run the search, change a row, run it again.

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "query/footprint.h"
#include "query/storage_json.h"
#include "tests/query/random_values.h"
#include "tests/query/search_model.h"

namespace moonstone::query {
namespace {

/// Fields: "s" is searched, "n" filtered, "j" neither.
Row random_text_row(Dice& dice, std::int64_t number) {
  static const std::vector<std::string> kWords{"a", "b", "c", "d"};
  Row row = random_row(dice, number);
  row.values[1] = Value();
  if (!dice.one_in(5)) {
    std::string text;
    for (std::size_t words = dice.roll(5); words > 0; --words)
      text += dice.pick(kWords) + " ";
    row.values[1] = text;
  }
  return row;
}

Query random_search(Dice& dice) {
  static const std::vector<std::string> kTexts{"a", "b", "a b", "a OR b", "c OR d OR a"};
  Query query;
  query.table = "t";
  query.search = SearchClause{.field = "s", .text = dice.pick(kTexts), .skipped = {}};
  if (!dice.one_in(3)) {
    query.where = Expr::compare(CompareOp::Gte, Expr::make_field("n"),
                                Expr::make_literal(static_cast<double>(dice.roll(3))));
  }
  if (dice.one_in(2)) query.limit = dice.roll(4);
  for (std::int64_t number = 1; number < 4; ++number) {
    if (dice.one_in(8)) query.search->skipped.push_back(number);
  }
  return query;
}

class SearchTable {
 public:
  explicit SearchTable(Dice& dice) : dice_(dice) {
    for (std::size_t count = dice_.roll(10); count > 0; --count)
      insert();
  }

  [[nodiscard]] std::vector<Row> all() const {
    std::vector<Row> rows;
    for (const auto& [number, row] : rows_)
      rows.push_back(row);
    return rows;
  }

  /// One write; most updates change one field only.
  Change change() {
    if (rows_.empty() || dice_.one_in(5)) return insert();
    auto position = rows_.begin();
    std::advance(position, static_cast<std::ptrdiff_t>(dice_.roll(rows_.size())));
    Change change{.table = &model_table(),
                  .key = position->second.id,
                  .before = position->second,
                  .after = {}};
    if (dice_.one_in(6)) {
      rows_.erase(position);
      return change;
    }
    const Row other = random_text_row(dice_, position->first);
    const std::size_t field = dice_.roll(other.values.size());
    position->second.values[field] = other.values[field];
    change.after = position->second;
    return change;
  }

 private:
  Change insert() {
    const std::int64_t number = ++last_number_;
    Row row = random_text_row(dice_, number);
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
    text += row.id + storage_json(document_of(row)) + "\n";
  return text;
}

Dependency rows_of(const Query& query, const std::vector<Row>& result) {
  Dependency dependency;
  dependency.kind = DependencyKind::Rows;
  dependency.table = "t";
  dependency.query = query;
  dependency.returned.emplace();
  for (const Row& row : result)
    dependency.returned->push_back(row.number);
  std::ranges::sort(*dependency.returned);
  return dependency;
}

bool leaves_the_text(const Change& change) {
  return change.before && change.after && change.before->values[1] == change.after->values[1];
}

TEST(MayChangeSearch, MissesNoChangeAndSeldomSeesOneTooMany) {
  Dice dice(21);
  int changed_count = 0;
  int text_stays = 0;
  int text_stays_changed = 0;
  int text_stays_may = 0;
  constexpr int kRounds = 6'000;
  for (int round = 0; round < kRounds; ++round) {
    SearchTable table(dice);
    const Query query = random_search(dice);
    const std::vector<Row> before_rows = table.all();
    const std::vector<Row> before = SearchModel(before_rows, query).select();
    const Dependency dependency = rows_of(query, before);
    const Change change = table.change();
    const std::vector<Row> after_rows = table.all();
    const bool changed = text_of(before) != text_of(SearchModel(after_rows, query).select());
    const bool may = may_change(dependency, change);
    ASSERT_TRUE(may || !changed) << "round " << round << ": a change was missed\n"
                                 << text_of(before);
    // A search that failed knows no rows, and must see at least as much.
    Dependency failed = dependency;
    failed.returned.reset();
    ASSERT_TRUE(may_change(failed, change) || !may) << round;
    changed_count += changed ? 1 : 0;
    if (!leaves_the_text(change)) continue;
    ++text_stays;
    text_stays_changed += changed ? 1 : 0;
    text_stays_may += may ? 1 : 0;
  }
  EXPECT_GT(changed_count, kRounds / 8);
  EXPECT_GT(text_stays, kRounds / 4);
  EXPECT_GT(text_stays_changed, kRounds / 40);
  // Only a row that enters the filter may be a false alarm here.
  EXPECT_LT(text_stays_may - text_stays_changed, text_stays / 8);
}

TEST(MayChangeSearch, CountsHaveNoOrder) {
  Dice dice(22);
  int changed_count = 0;
  int may_count = 0;
  for (int round = 0; round < 4'000; ++round) {
    SearchTable table(dice);
    Dependency dependency;
    dependency.kind = DependencyKind::Count;
    dependency.table = "t";
    dependency.query = random_search(dice);
    dependency.query.limit.reset();
    const std::vector<Row> before = table.all();
    const std::uint64_t count = SearchModel(before, dependency.query).count();
    const Change change = table.change();
    const std::vector<Row> after = table.all();
    const bool changed = count != SearchModel(after, dependency.query).count();
    const bool may = may_change(dependency, change);
    ASSERT_TRUE(may || !changed) << "round " << round;
    // The live index finds a count by its filter: a row that matters must lie under the key.
    if (may && dependency.query.where != nullptr) {
      const auto matches = [&](const std::optional<Row>& row) {
        return row && evaluate(*dependency.query.where, StoredRowView(*row)) == Truth::True;
      };
      ASSERT_TRUE(matches(change.before) || matches(change.after));
    }
    changed_count += changed ? 1 : 0;
    may_count += may ? 1 : 0;
  }
  EXPECT_GT(changed_count, 300);
  EXPECT_LT(may_count, 4'000 * 3 / 4);
}

class SearchRuleTest : public testing::Test {
 protected:
  SearchRuleTest() {
    dependency_.kind = DependencyKind::Rows;
    dependency_.table = "t";
    dependency_.query.table = "t";
    dependency_.query.search = SearchClause{.field = "s", .text = "a", .skipped = {}};
    dependency_.query.where =
        Expr::compare(CompareOp::Eq, Expr::make_field("n"), Expr::make_literal(1.0));
    dependency_.returned = {{5}};
  }

  static Row row(std::int64_t number, Value n, Value s, Value j = Value()) {
    return {.table = &model_table(),
            .number = number,
            .id = model_id(number),
            .values = {std::move(n), std::move(s), Value(), std::move(j)}};
  }
  [[nodiscard]] bool matters(std::optional<Row> before, std::optional<Row> after) const {
    const Row& any = after ? *after : *before;
    return may_change(dependency_, {.table = &model_table(),
                                    .key = any.id,
                                    .before = std::move(before),
                                    .after = std::move(after)});
  }

  Dependency dependency_;
};

TEST_F(SearchRuleTest, TextsOfAllRowsMatterOtherFieldsOnlyOfWhatIsThere) {
  EXPECT_TRUE(matters({}, row(9, 7.0, "unrelated"))) << "an insert outside the filter";
  EXPECT_TRUE(matters(row(9, 7.0, "unrelated"), {}));
  EXPECT_TRUE(matters(row(9, 7.0, "x"), row(9, 7.0, "y")));
  EXPECT_TRUE(matters(row(9, 7.0, "x"), row(9, 7.0, Value())));
  EXPECT_FALSE(matters({}, row(9, 1.0, Value()))) << "no text, no part in it";
  EXPECT_FALSE(matters(row(9, 1.0, nullptr), row(9, 1.0, nullptr, "j")));
  EXPECT_TRUE(matters(row(5, 1.0, "a"), row(5, 1.0, "a", "j"))) << "a returned row looks different";
  EXPECT_FALSE(matters(row(6, 1.0, "a"), row(6, 1.0, "a", "j"))) << "beyond the limit, or no match";
  EXPECT_TRUE(matters(row(5, 1.0, "a"), row(5, 2.0, "a"))) << "it leaves the filter";
  EXPECT_FALSE(matters(row(6, 1.0, "a"), row(6, 2.0, "a")));
  EXPECT_TRUE(matters(row(6, 2.0, "a"), row(6, 1.0, "a"))) << "it enters the filter";
  EXPECT_FALSE(matters(row(6, 2.0, "a"), row(6, 3.0, "a")));
  dependency_.query.search->skipped = {6};
  EXPECT_FALSE(matters(row(6, 2.0, "a"), row(6, 1.0, "a"))) << "a row of an earlier page";
  EXPECT_TRUE(matters(row(6, 2.0, "a"), row(6, 1.0, "b")));
  dependency_.query.limit = 0;
  EXPECT_FALSE(matters({}, row(9, 1.0, "a")));
}

TEST_F(SearchRuleTest, IsFoundByItsTable) {
  EXPECT_TRUE(access_path_of(dependency_).empty()) << "the filter does not bound what matters";
  dependency_.kind = DependencyKind::Count;
  EXPECT_EQ(access_path_of(dependency_).at(0).field, "n");
}

}  // namespace
}  // namespace moonstone::query
