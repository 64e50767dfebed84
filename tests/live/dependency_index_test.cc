// Moonstone. Licence: see LICENSE.
#include "live/internal/dependency_index.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "tests/live/live_test_support.h"

namespace moonstone::live {
namespace {

using query::CompareOp;
using query::Expr;
using testing::compare_field;
using testing::Dice;
using testing::footprint_of;
using testing::make_change;
using testing::make_row;
using testing::rows_equal;
using testing::rows_where;

class DependencyIndexTest : public ::testing::Test {
 protected:
  std::vector<std::uint64_t> touched_by(std::vector<query::Change> changes) {
    std::vector<QueryNumber> touched;
    index_.find_touched(changes, touched);
    std::vector<std::uint64_t> numbers;
    for (const QueryNumber number : touched)
      numbers.push_back(number.value);
    std::ranges::sort(numbers);
    return numbers;
  }
  query::Change insert(std::vector<Value> values) {
    return make_change(std::nullopt, make_row(items_, ++last_row_, std::move(values)));
  }

  schema::Table items_ = testing::make_table("items");
  schema::Table others_ = testing::make_table("others");
  DependencyIndex index_;
  std::int64_t last_row_ = 0;
};

using Numbers = std::vector<std::uint64_t>;

TEST_F(DependencyIndexTest, FindsEqualitiesByTheRowBeforeAndAfter) {
  for (std::int64_t i = 1; i <= 5; ++i) {
    index_.add({static_cast<std::uint64_t>(i)}, footprint_of({rows_equal(items_, "a", i)}));
  }
  EXPECT_EQ(touched_by({insert({3})}), Numbers{3});
  EXPECT_EQ(touched_by({make_change(make_row(items_, 1, {2}), make_row(items_, 1, {4}))}),
            (Numbers{2, 4}));
  EXPECT_EQ(touched_by({make_change(make_row(items_, 1, {5}), std::nullopt)}), Numbers{5});
  EXPECT_EQ(touched_by({insert({9})}), Numbers{});
}

TEST_F(DependencyIndexTest, NumbersAreOneKeyWhateverTheirKind) {
  index_.add({1}, footprint_of({rows_equal(items_, "a", 7)}));
  index_.add({2}, footprint_of({rows_equal(items_, "a", 7.0)}));
  index_.add({3}, footprint_of({rows_equal(items_, "a", 7.5)}));
  index_.add({4}, footprint_of({rows_equal(items_, "a", true)}));
  EXPECT_EQ(touched_by({insert({7.0})}), (Numbers{1, 2}));
  EXPECT_EQ(touched_by({insert({7})}), (Numbers{1, 2}));
  EXPECT_EQ(touched_by({insert({7.5})}), Numbers{3});
  EXPECT_EQ(touched_by({insert({1})}), Numbers{4});
}

TEST_F(DependencyIndexTest, TablesAreApart) {
  index_.add({1}, footprint_of({rows_equal(items_, "a", 1)}));
  index_.add({2}, footprint_of({rows_equal(others_, "a", 1)}));
  index_.add({3}, footprint_of({rows_where(others_, nullptr)}));
  EXPECT_EQ(touched_by({insert({1})}), Numbers{1});
  EXPECT_EQ(touched_by({make_change(std::nullopt, make_row(others_, 1, {1}))}), (Numbers{2, 3}));
}

TEST_F(DependencyIndexTest, ReportsAQueryOncePerSearch) {
  index_.add({1}, footprint_of({rows_equal(items_, "a", 1), rows_equal(items_, "b", 1),
                                rows_where(items_, nullptr)}));
  EXPECT_EQ(touched_by({insert({1, 1}), insert({1}), insert({0, 1})}), Numbers{1});
}

TEST_F(DependencyIndexTest, FootprintsOfOneQueryAddUpAndGoTogether) {
  index_.add({1}, footprint_of({rows_equal(items_, "a", 1)}));
  index_.add({1}, footprint_of({rows_equal(items_, "b", 2)}));
  EXPECT_EQ(touched_by({insert({1})}), Numbers{1});
  EXPECT_EQ(touched_by({insert({nullptr, 2})}), Numbers{1});
  EXPECT_EQ(index_.size(), 2U);
  index_.remove({1});
  EXPECT_EQ(touched_by({insert({1, 2})}), Numbers{});
  EXPECT_EQ(index_.size(), 0U);
  index_.remove({1});
}

TEST_F(DependencyIndexTest, AHaystackOfAHundredThousandCostsNoCheck) {
  constexpr std::int64_t kPairs = 50'000;
  constexpr std::uint64_t kRanges = 1'000'000;
  const auto check = [this] {
    std::uint64_t before = index_.candidates();
    EXPECT_EQ(touched_by({insert({-1, 7})}), Numbers{});
    EXPECT_EQ(index_.candidates() - before, 0U);
    before = index_.candidates();
    EXPECT_EQ(touched_by({insert({77, 1'234})}), (Numbers{77, kRanges + 123}));
    EXPECT_EQ(index_.candidates() - before, 2U);
  };
  for (std::int64_t i = 0; i < kPairs; ++i) {
    const auto number = static_cast<std::uint64_t>(i);
    index_.add({number}, footprint_of({rows_equal(items_, "a", i)}));
    const auto range = Expr::all_of({compare_field(CompareOp::Gte, "b", i * 10),
                                     compare_field(CompareOp::Lt, "b", i * 10 + 5)});
    index_.add({kRanges + number}, footprint_of({rows_where(items_, range)}));
    if (i == 1'000) check();  // a write costs the same beside few
  }
  check();
}

TEST_F(DependencyIndexTest, PartsOfOneBusyGroupAreToldApart) {
  constexpr std::int64_t kParts = 10'000;
  for (std::int64_t i = 0; i < kParts; ++i) {
    const auto part =
        Expr::all_of({compare_field(CompareOp::Eq, "a", 1), compare_field(CompareOp::Gte, "b", i),
                      compare_field(CompareOp::Lt, "b", i + 1)});
    index_.add({static_cast<std::uint64_t>(i)}, footprint_of({rows_where(items_, part)}));
  }
  const std::uint64_t before = index_.candidates();
  EXPECT_EQ(touched_by({insert({1, 77.5})}), Numbers{77});
  EXPECT_EQ(touched_by({insert({2, 77.5})}), Numbers{});
  // From part to part of the group, into it, out of it, and past it: on one image is not enough.
  EXPECT_EQ(touched_by({make_change(make_row(items_, 1, {1, 3}), make_row(items_, 1, {1, 9}))}),
            (Numbers{3, 9}));
  EXPECT_EQ(touched_by({make_change(make_row(items_, 1, {2, 3}), make_row(items_, 1, {1, 9}))}),
            Numbers{9});
  EXPECT_EQ(touched_by({make_change(make_row(items_, 1, {1, 3}), make_row(items_, 1, {2, 9}))}),
            Numbers{3});
  EXPECT_LE(index_.candidates() - before, 12U) << "bounds are inclusive, so a neighbour is asked";
  for (std::int64_t i = 0; i < kParts; ++i)
    index_.remove({static_cast<std::uint64_t>(i)});
  EXPECT_EQ(index_.size(), 0U);
}

TEST_F(DependencyIndexTest, TooManyDependenciesStandForTheirTables) {
  std::vector<query::Dependency> documents;
  const auto add_document = [&](std::size_t i) {
    query::Dependency document;
    document.kind = query::DependencyKind::Document;
    document.table = "items";
    document.id = "items:" + std::to_string(1'000'000 + i);
    documents.push_back(document);
  };
  for (std::size_t i = 0; i < kDependenciesMax; ++i)
    add_document(i);
  index_.add({1}, footprint_of(documents));
  EXPECT_EQ(index_.size(), kDependenciesMax);
  EXPECT_EQ(touched_by({insert({1})}), Numbers{});
  index_.remove({1});
  add_document(kDependenciesMax);
  index_.add({1}, footprint_of(documents));
  EXPECT_EQ(index_.size(), 1U);
  EXPECT_EQ(touched_by({insert({1})}), Numbers{1});
}

// --- against brute force ---

Value random_value(Dice& dice) {
  switch (dice.below(8)) {
    case 0:
      return nullptr;
    case 1:
      return {};
    case 2:
      return static_cast<double>(dice.signed_below(12)) / 2;
    case 3:
      return std::string(1, static_cast<char>('a' + dice.signed_below(4)));
    case 4:
      return dice.one_in(2);
    case 5:
      return Bytes{std::string(1, static_cast<char>('a' + dice.signed_below(2)))};
    default:
      return dice.signed_below(8);
  }
}

std::string random_field(Dice& dice) {
  return std::string(1, static_cast<char>('a' + dice.signed_below(3)));
}

query::ExprPtr random_predicate(Dice& dice, int depth) {
  static const std::vector<CompareOp> kOps = {CompareOp::Eq, CompareOp::Eq,  CompareOp::Neq,
                                              CompareOp::Lt, CompareOp::Lte, CompareOp::Gt,
                                              CompareOp::Gte};
  const std::uint64_t kind = depth == 0 ? 0 : dice.below(6);
  if (kind == 1 || kind == 2) {
    std::vector<query::ExprPtr> operands;
    for (std::uint64_t i = 0; i <= dice.below(3); ++i) {
      operands.push_back(random_predicate(dice, depth - 1));
    }
    return kind == 1 ? Expr::all_of(operands) : Expr::any_of(operands);
  }
  if (kind == 3) return Expr::negate(random_predicate(dice, depth - 1));
  if (kind == 4) {
    return Expr::in(Expr::make_field(random_field(dice)), {random_value(dice), random_value(dice)});
  }
  return compare_field(dice.choose(kOps), random_field(dice), random_value(dice));
}

query::Row random_row(Dice& dice, const schema::Table& table) {
  return make_row(table, dice.signed_below(30),
                  {random_value(dice), random_value(dice), random_value(dice)});
}

query::Dependency random_dependency(Dice& dice, const schema::Table& table) {
  query::Dependency dependency;
  dependency.table = table.name;
  switch (dice.below(6)) {
    case 0:
      dependency.kind = query::DependencyKind::Document;
      dependency.id = table.name + ":" + std::to_string(dice.below(30));
      return dependency;
    case 1:
      if (dice.one_in(5)) return dependency;  // the table
      dependency.kind = query::DependencyKind::Count;
      break;
    default:
      dependency.kind = query::DependencyKind::Rows;
      if (dice.one_in(3)) {
        dependency.query.limit = 1 + dice.below(3);
        dependency.boundary = random_row(dice, table);
      }
      if (dice.one_in(2)) {
        dependency.query.order.push_back({.field = random_field(dice),
                                          .direction = dice.one_in(2)
                                                           ? query::Direction::Ascending
                                                           : query::Direction::Descending});
      }
  }
  dependency.query.table = table.name;
  if (!dice.one_in(8)) dependency.query.where = random_predicate(dice, 2);
  return dependency;
}

query::Change random_change(Dice& dice, const schema::Table& table) {
  query::Row after = random_row(dice, table);
  query::Row before = after;
  for (Value& value : before.values) {
    if (dice.one_in(2)) value = random_value(dice);
  }
  switch (dice.below(4)) {
    case 0:
      return make_change(std::nullopt, after);
    case 1:
      return make_change(before, std::nullopt);
    default:
      return make_change(before, after);
  }
}

bool may_touch(const std::vector<query::FootprintPtr>& footprints,
               const std::vector<query::Change>& changes) {
  for (const auto& footprint : footprints) {
    for (const query::Dependency& dependency : *footprint) {
      for (const query::Change& change : changes) {
        if (dependency.table == change.table->name && query::may_change(dependency, change)) {
          return true;
        }
      }
    }
  }
  return false;
}

TEST_F(DependencyIndexTest, AgreesWithCheckingEveryDependency) {
  const std::uint64_t seed = testing::seed_or(1);
  SCOPED_TRACE(::testing::Message() << "MOONSTONE_SEED=" << seed);
  Dice dice(seed);
  std::map<std::uint64_t, std::vector<query::FootprintPtr>> model;
  std::uint64_t last_query = 0;
  std::size_t touched_count = 0;
  for (int step = 0; step < 3'000; ++step) {
    const schema::Table& table = dice.one_in(4) ? others_ : items_;
    if (model.size() < 40 || dice.one_in(2)) {
      std::vector<query::Dependency> dependencies;
      for (std::uint64_t i = 0; i < dice.below(4); ++i) {
        dependencies.push_back(random_dependency(dice, table));
      }
      const bool is_new = model.empty() || !dice.one_in(5);
      const std::uint64_t number =
          is_new ? ++last_query
                 : std::next(model.begin(), static_cast<std::ptrdiff_t>(dice.below(model.size())))
                       ->first;
      model[number].push_back(footprint_of(dependencies));
      index_.add({number}, model[number].back());
    }
    if (model.size() > 60) {
      const auto victim =
          std::next(model.begin(), static_cast<std::ptrdiff_t>(dice.below(model.size())));
      index_.remove({victim->first});
      model.erase(victim);
    }
    std::vector<query::Change> changes;
    for (std::uint64_t i = 0; i <= dice.below(3); ++i) {
      changes.push_back(random_change(dice, dice.one_in(4) ? others_ : items_));
    }
    Numbers expected;
    for (const auto& [number, footprints] : model) {
      if (may_touch(footprints, changes)) expected.push_back(number);
    }
    ASSERT_EQ(touched_by(changes), expected) << "step " << step;
    touched_count += expected.size();
  }
  EXPECT_GT(touched_count, 1'000U);
  for (const auto& [number, footprints] : model)
    index_.remove({number});
  EXPECT_EQ(index_.size(), 0U);
}

}  // namespace
}  // namespace moonstone::live
