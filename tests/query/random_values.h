// Moonstone. Licence: see LICENSE.
#pragma once
// Random values, predicates and rows for the model tests of this module. Small domains, so that
// equal values, ties and boundaries occur all the time. Every generator is reproducible by its
// seed.

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/clock.h"
#include "query/expr.h"
#include "query/query.h"
#include "query/row.h"
#include "schema/schema.h"

namespace moonstone::query {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  /// 0 .. sides-1.
  std::size_t roll(std::size_t sides) { return static_cast<std::size_t>(random_.next() % sides); }
  bool one_in(std::size_t sides) { return roll(sides) == 0; }
  std::uint64_t bits() { return random_.next(); }

  template <class T>
  const T& pick(const std::vector<T>& items) {
    return items[roll(items.size())];
  }

 private:
  SeededRandom random_;
};

/// Scalars with everything that is difficult about them.
inline Value random_scalar(Dice& dice) {
  static const std::vector<Value> kScalars{Value(),
                                           nullptr,
                                           true,
                                           false,
                                           0,
                                           1,
                                           -1,
                                           2,
                                           (std::int64_t{1} << 53) - 1,
                                           std::int64_t{1} << 53,
                                           (std::int64_t{1} << 53) + 1,
                                           std::numeric_limits<std::int64_t>::max(),
                                           std::numeric_limits<std::int64_t>::min(),
                                           0.0,
                                           1.0,
                                           0.5,
                                           -0.5,
                                           9007199254740992.0,
                                           9223372036854775808.0,
                                           -9223372036854775808.0,
                                           1e17,
                                           1e21,
                                           1e300,
                                           5e-324,
                                           std::nan(""),
                                           std::numeric_limits<double>::infinity(),
                                           -std::numeric_limits<double>::infinity(),
                                           "",
                                           "1",
                                           "a",
                                           "A",
                                           "ab",
                                           "é",
                                           "\"\\\n",
                                           "$bytes",
                                           "\U0001F600",
                                           "{\"$bytes\":\"YQ==\"}",
                                           Bytes{""},
                                           Bytes{"a"},
                                           Bytes{"\xff"}};
  return dice.pick(kScalars);
}

inline Value random_value(Dice& dice, int depth) {
  if (depth == 0 || !dice.one_in(3)) return random_scalar(dice);
  if (dice.one_in(2)) {
    Array array;
    for (std::size_t count = dice.roll(4); count > 0; --count) {
      array.push_back(random_value(dice, depth - 1));
    }
    return array;
  }
  static const std::vector<std::string> kNames{"a", "b", "$bytes", "$number", "$object", "$x", ""};
  Object object;
  for (std::size_t count = dice.roll(4); count > 0; --count) {
    object.set(dice.pick(kNames), random_value(dice, depth - 1));
  }
  return object;
}

/// One table with columns of every kind that comparisons tell apart.
inline const schema::Table& model_table() {
  using schema::Field;
  using schema::Type;
  using schema::TypeKind;
  static const schema::Table kTable{
      .name = "t",
      .fields = {Field{"n", Type::optional(Type::scalar(TypeKind::Number)), {1}},
                 Field{"s", Type::optional(Type::scalar(TypeKind::String)), {2}},
                 Field{"b", Type::optional(Type::scalar(TypeKind::Boolean)), {3}},
                 Field{"j", Type::scalar(TypeKind::Any), {4}}},
      .indexes = {},
      .search_indexes = {},
      .next_field_id = 5};
  return kTable;
}

/// Ids that sort as their numbers do.
inline std::string model_id(std::int64_t number) {
  const std::string digits = std::to_string(number);
  return "t:01JQ8Z3N6V" + std::string(16 - digits.size(), '0') + digits;
}

inline Row random_row(Dice& dice, std::int64_t number) {
  static const std::vector<Value> kNumbers{Value(), 0.0, 1.0, 2.0, 3.0};
  static const std::vector<Value> kTexts{Value(), "a", "b", "c"};
  static const std::vector<Value> kBooleans{Value(), true, false};
  Row row{.table = &model_table(), .number = number, .id = model_id(number), .values = {}};
  row.values = {dice.pick(kNumbers), dice.pick(kTexts), dice.pick(kBooleans), Value()};
  row.values[3] = dice.one_in(2) ? random_value(dice, 2) : dice.pick(kNumbers);
  return row;
}

inline ExprPtr random_expr(Dice& dice, int depth) {
  static const std::vector<std::string> kFields{
      "n", "s", "b", "j", "j.a", "j.b", "n", "_id", "_creationTime", "gone", "s.x"};
  static const std::vector<Value> kCommon{0, 1, 2, 1.5, "a", "b", true, nullptr};
  const auto literal = [&dice] {
    if (dice.one_in(12)) return Value(model_id(static_cast<std::int64_t>(dice.roll(30))));
    return dice.one_in(3) ? random_value(dice, 1) : dice.pick(kCommon);
  };
  const auto field = [&dice] { return Expr::make_field(dice.pick(kFields)); };
  switch (depth == 0 ? dice.roll(6) : dice.roll(10)) {
    case 6:
      return Expr::negate(random_expr(dice, depth - 1));
    case 7:
    case 8:
    case 9: {
      std::vector<ExprPtr> operands;
      for (std::size_t count = dice.roll(4); count > 0; --count) {
        operands.push_back(random_expr(dice, depth - 1));
      }
      return dice.one_in(3) ? Expr::any_of(std::move(operands)) : Expr::all_of(std::move(operands));
    }
    case 5: {
      Array members;
      for (std::size_t count = dice.roll(4); count > 0; --count)
        members.push_back(literal());
      return Expr::in(field(), std::move(members));
    }
    default:
      break;
  }
  const auto op = static_cast<CompareOp>(dice.roll(6));
  if (dice.one_in(10)) return Expr::compare(op, field(), field());
  if (dice.one_in(5)) return Expr::compare(op, Expr::make_literal(literal()), field());
  return Expr::compare(op, field(), Expr::make_literal(literal()));
}

inline Query random_query(Dice& dice) {
  Query query;
  query.table = "t";
  if (!dice.one_in(5)) query.where = random_expr(dice, 2);
  static const std::vector<std::string> kKeys{"n", "s", "j", "j.a", "_creationTime", "_id", "b"};
  for (std::size_t count = dice.roll(3); count > 0; --count) {
    query.order.push_back(
        {dice.pick(kKeys), dice.one_in(2) ? Direction::Ascending : Direction::Descending});
  }
  query.tie_break = dice.one_in(2) ? Direction::Ascending : Direction::Descending;
  if (dice.one_in(2)) query.limit = dice.roll(6);
  return query;
}

}  // namespace moonstone::query
