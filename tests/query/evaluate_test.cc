// Moonstone. Licence: see LICENSE.

#include <algorithm>
#include <array>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/expr.h"
#include "query/row.h"
#include "query/storage_json.h"

namespace moonstone::query {
namespace {

using enum CompareOp;
using testing::ElementsAre;

/// A row that is an object; names in `json` are JSON columns.
class ObjectView final : public RowView {
 public:
  explicit ObjectView(Object object, std::vector<std::string> json = {})
      : object_(std::move(object)), json_(std::move(json)) {}
  [[nodiscard]] const Value* field(std::string_view name) const override {
    return object_.find(name);
  }
  [[nodiscard]] Nesting nesting(std::string_view name) const override {
    return std::ranges::find(json_, name) == json_.end() ? Nesting::TopLevel : Nesting::Nested;
  }

 private:
  Object object_;
  std::vector<std::string> json_;
};

ExprPtr field(std::string_view path) {
  return Expr::make_field(path);
}

ExprPtr literal(Value value) {
  return Expr::make_literal(std::move(value));
}

ExprPtr constant(Truth truth) {
  if (truth == Truth::Unknown) return Expr::compare(Lt, literal(nullptr), literal(1));
  return truth == Truth::True ? Expr::all_of({}) : Expr::any_of({});
}

Truth compare(CompareOp op, Value a, Value b) {
  // Through fields: literal nulls have a meaning of their own.
  return evaluate(*Expr::compare(op, field("a"), field("b")),
                  ObjectView(Object{{"a", std::move(a)}, {"b", std::move(b)}}));
}

constexpr std::array<Truth, 3> kTruths{Truth::False, Truth::Unknown, Truth::True};

TEST(Evaluate, AndIsTheLeastTruthAndOrTheGreatest) {
  const ObjectView row(Object{});
  for (const Truth a : kTruths) {
    for (const Truth b : kTruths) {
      const std::vector<ExprPtr> both{constant(a), constant(b)};
      EXPECT_EQ(evaluate(*Expr::all_of(both), row), std::min(a, b));
      EXPECT_EQ(evaluate(*Expr::any_of(both), row), std::max(a, b));
    }
  }
  EXPECT_EQ(evaluate(*Expr::all_of({}), row), Truth::True);
  EXPECT_EQ(evaluate(*Expr::any_of({}), row), Truth::False);
}

TEST(Evaluate, NotKeepsUnknown) {
  const ObjectView row(Object{});
  EXPECT_EQ(evaluate(*Expr::negate(constant(Truth::True)), row), Truth::False);
  EXPECT_EQ(evaluate(*Expr::negate(constant(Truth::False)), row), Truth::True);
  EXPECT_EQ(evaluate(*Expr::negate(constant(Truth::Unknown)), row), Truth::Unknown);
}

struct Outcome {
  Value a;
  Value b;
  std::string_view holding;  // which of = ! < { > } hold ({ is <=, } is >=); "?": all unknown
};

TEST(Evaluate, ComparesAsSqlDoes) {
  for (const auto& [a, b, holding] : {
           Outcome{1, 1, "={}"},
           Outcome{1, 1.0, "={}"},
           Outcome{1, 2, "!<{"},
           Outcome{2, 1.5, "!>}"},
           Outcome{true, 1, "={}"},
           Outcome{false, 1, "!<{"},
           Outcome{1e300, "", "!<{"},
           Outcome{"a", "b", "!<{"},
           Outcome{"Z", "a", "!<{"},
           Outcome{"1", 1, "!>}"},
           Outcome{Bytes{""}, "zz", "!>}"},
           Outcome{Array{1, 2}, "[1,2]", "={}"},
           Outcome{Object{{"a", 1}}, Object{{"a", 1.0}}, "={}"},
           Outcome{Object{{"a", 1}, {"b", 2}}, Object{{"b", 2}, {"a", 1}}, "!<{"},
           Outcome{nullptr, 1, "?"},
           Outcome{Value(), 1, "?"},
           Outcome{nullptr, nullptr, "?"},
           Outcome{std::nan(""), 1, "?"},
       }) {
    constexpr std::string_view kSigns = "=!<{>}";
    for (std::size_t index = 0; index < kSigns.size(); ++index) {
      const Truth truth = compare(static_cast<CompareOp>(index), a, b);
      if (holding == "?") {
        EXPECT_EQ(truth, Truth::Unknown) << index;
      } else {
        EXPECT_EQ(truth == Truth::True, holding.find(kSigns[index]) != std::string_view::npos)
            << storage_json(a) << kSigns[index] << storage_json(b);
        EXPECT_NE(truth, Truth::Unknown);
      }
    }
  }
}

TEST(Evaluate, TakesALiteralNullForIsNull) {
  const ObjectView row(Object{{"x", 1}, {"null", nullptr}, {"nan", std::nan("")}});
  for (const Value& null : {Value(), Value(nullptr)}) {
    for (const std::string_view name : {"null", "nan", "gone"}) {
      EXPECT_EQ(evaluate(*Expr::compare(Eq, field(name), literal(null)), row), Truth::True);
      EXPECT_EQ(evaluate(*Expr::compare(Neq, field(name), literal(null)), row), Truth::False);
      EXPECT_EQ(evaluate(*Expr::compare(Eq, literal(null), field(name)), row), Truth::True);
      EXPECT_EQ(evaluate(*Expr::compare(Lte, field(name), literal(null)), row), Truth::Unknown);
    }
    EXPECT_EQ(evaluate(*Expr::compare(Eq, field("x"), literal(null)), row), Truth::False);
    EXPECT_EQ(evaluate(*Expr::compare(Neq, literal(null), field("x")), row), Truth::True);
    EXPECT_EQ(evaluate(*Expr::compare(Gt, field("x"), literal(null)), row), Truth::Unknown);
    EXPECT_EQ(evaluate(*Expr::compare(Eq, literal(null), literal(nullptr)), row), Truth::True);
  }
  // NaN is stored as NULL, but as a literal it is no null.
  EXPECT_EQ(evaluate(*Expr::compare(Eq, field("x"), literal(std::nan(""))), row), Truth::Unknown);
}

/// The table of functions.md section 6.4: rows where the field is absent.
TEST(Evaluate, FindsAbsentFieldsOnlyByNull) {
  const ObjectView row(Object{});
  EXPECT_EQ(evaluate(*Expr::compare(Neq, field("f"), literal(2)), row), Truth::Unknown);
  EXPECT_EQ(evaluate(*Expr::negate(Expr::compare(Eq, field("f"), literal(2))), row),
            Truth::Unknown);
  EXPECT_EQ(evaluate(*Expr::compare(Lt, field("f"), literal(2)), row), Truth::Unknown);
}

TEST(Evaluate, InFollowsSql) {
  const ObjectView row(Object{{"x", 1}, {"n", nullptr}});
  const auto in = [&row](std::string_view name, Array members) {
    return evaluate(*Expr::in(field(name), std::move(members)), row);
  };
  EXPECT_EQ(in("x", {}), Truth::False);
  EXPECT_EQ(in("n", {}), Truth::False);
  EXPECT_EQ(in("n", {1}), Truth::Unknown);
  EXPECT_EQ(in("x", {2, 1.0}), Truth::True);
  EXPECT_EQ(in("x", {2, "1"}), Truth::False);
  EXPECT_EQ(in("x", {2, nullptr}), Truth::Unknown);
  EXPECT_EQ(in("x", {nullptr, true}), Truth::True);
}

TEST(Evaluate, FollowsPathsThroughObjectsOnly) {
  const ObjectView row(Object{
      {"o", Object{{"city", "Rome"}, {"$x", 1}, {"", 2}, {"a\"b", 3}, {"p", Object{{"q", 4}}}}},
      {"l", Array{Object{{"city", "Oslo"}}}},
      {"s", "text"}});
  const auto is_null = [&row](std::string_view path) {
    return evaluate(*Expr::compare(Eq, field(path), literal(nullptr)), row) == Truth::True;
  };
  EXPECT_EQ(evaluate(*Expr::compare(Eq, field("o.city"), literal("Rome")), row), Truth::True);
  EXPECT_EQ(evaluate(*Expr::compare(Eq, field("o.p.q"), literal(4)), row), Truth::True);
  EXPECT_EQ(evaluate(*Expr::compare(Eq, field("o.p"), literal("{\"q\":4}")), row), Truth::True);
  for (const std::string_view path :
       {"o.gone", "o.city.x", "l.city", "l.0", "s.length", "gone.x", "o.$x", "o.", "o.a\"b"}) {
    EXPECT_TRUE(is_null(path)) << path;
  }
}

TEST(Evaluate, SeesTaggedTextInJsonColumns) {
  const Object object{{"j", Bytes{"a"}}, {"o", Object{{"b", Bytes{"a"}}, {"n", std::nan("")}}}};
  const ObjectView json(object, {"j", "o"});
  const ObjectView plain(object, {"o"});
  const ExprPtr is_bytes = Expr::compare(Eq, field("j"), literal(Bytes{"a"}));
  const ExprPtr is_text = Expr::compare(Eq, field("j"), literal(R"({"$bytes":"YQ=="})"));
  EXPECT_EQ(evaluate(*is_bytes, plain), Truth::True);
  EXPECT_EQ(evaluate(*is_text, plain), Truth::False);
  EXPECT_EQ(evaluate(*is_bytes, json), Truth::False);
  EXPECT_EQ(evaluate(*is_text, json), Truth::True);
  EXPECT_EQ(evaluate(*Expr::compare(Eq, field("o.b"), literal(R"({"$bytes":"YQ=="})")), json),
            Truth::True);
  EXPECT_EQ(evaluate(*Expr::compare(Eq, field("o.n"), literal(R"({"$number":"NaN"})")), json),
            Truth::True);
  EXPECT_EQ(comparable_field(json, "j"), Value(R"({"$bytes":"YQ=="})"));
  EXPECT_EQ(comparable_field(plain, "j"), Value(Bytes{"a"}));
  EXPECT_EQ(comparable_path(json, {"o", "b"}), Value(R"({"$bytes":"YQ=="})"));
  EXPECT_EQ(comparable_field(json, "gone"), Value(nullptr));
}

struct Bare {
  Value value;
  Truth truth;
};

/// What `SELECT 1 WHERE x` does with x.
TEST(Evaluate, TakesBareValuesAsWhereDoes) {
  for (const auto& [value, truth] : {
           Bare{nullptr, Truth::Unknown},  Bare{std::nan(""), Truth::Unknown},
           Bare{0, Truth::False},          Bare{-0.0, Truth::False},
           Bare{true, Truth::True},        Bare{false, Truth::False},
           Bare{0.1, Truth::True},         Bare{"", Truth::False},
           Bare{"x", Truth::False},        Bare{"0", Truth::False},
           Bare{"0.0x", Truth::False},     Bare{" \t-1", Truth::True},
           Bare{"+2x", Truth::True},       Bare{".5", Truth::True},
           Bare{".", Truth::False},        Bare{"e5", Truth::False},
           Bare{"1e", Truth::True},        Bare{"1e-400", Truth::False},
           Bare{"1E-400", Truth::False},   Bare{"1e400", Truth::True},
           Bare{"0x10", Truth::False},     Bare{"inf", Truth::False},
           Bare{"nan", Truth::False},      Bare{Bytes{"1"}, Truth::True},
           Bare{Bytes{"a"}, Truth::False}, Bare{Array{1}, Truth::False},
       }) {
    const ObjectView row(Object{{"x", value}});
    EXPECT_EQ(evaluate(*field("x"), row), truth) << storage_json(value);
    EXPECT_EQ(evaluate(*literal(value), row), truth) << storage_json(value);
  }
}

TEST(Evaluate, ComparesPredicatesAsNumbers) {
  const ObjectView row(Object{{"x", 1}});
  const ExprPtr is_one = Expr::compare(Eq, field("x"), literal(1));
  EXPECT_EQ(evaluate(*Expr::compare(Eq, is_one, literal(true)), row), Truth::True);
  EXPECT_EQ(evaluate(*Expr::compare(Lt, is_one, constant(Truth::Unknown)), row), Truth::Unknown);
}

TEST(Expr, KnowsItsFields) {
  const ExprPtr expr = Expr::all_of({Expr::compare(Eq, field("a.b"), field("c")),
                                     Expr::negate(Expr::in(field("a.d"), {1})), field("_id")});
  EXPECT_THAT(fields_of(*expr), ElementsAre("a", "c", "_id"));
}

ExprPtr nested(std::size_t levels) {
  ExprPtr expr = field("a");
  for (std::size_t level = 1; level < levels; ++level)
    expr = Expr::negate(std::move(expr));
  return expr;
}

TEST(Expr, HasLimits) {
  EXPECT_TRUE(check_expr(*nested(kExprDepthMax)).has_value());
  const Status deep = check_expr(*nested(kExprDepthMax + 1));
  ASSERT_FALSE(deep.has_value());
  EXPECT_EQ(deep.error().code(), ErrorCode::LimitExceeded);
  EXPECT_TRUE(check_expr(*Expr::in(field("a"), Array(kExprNodesMax - 2))).has_value());
  EXPECT_FALSE(check_expr(*Expr::in(field("a"), Array(kExprNodesMax - 1))).has_value());
  EXPECT_FALSE(
      check_expr(*Expr::any_of(std::vector<ExprPtr>(kExprNodesMax, field("a")))).has_value());
}

}  // namespace
}  // namespace moonstone::query
