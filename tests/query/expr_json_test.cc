// Moonstone. Licence: see LICENSE.

#include "query/expr_json.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "tests/query/random_values.h"

namespace moonstone::query {
namespace {

TEST(ExprJson, PrintsBackWhatItReads) {
  for (const std::string_view text : {
           R"({"op":"and","exprs":[{"op":"eq","a":{"op":"field","path":"status"},)"
           R"("b":{"op":"literal","value":"open"}},{"op":"not","expr":{"op":"gte",)"
           R"("a":{"op":"field","path":"a.b"},"b":{"op":"literal","value":3}}}]})",
           R"({"op":"or","exprs":[]})",
           R"({"op":"neq","a":{"op":"literal","value":null},"b":{"op":"field","path":"x"}})",
       }) {
    const auto expr = parse_expr_json(*parse_json(text));
    ASSERT_TRUE(expr.has_value()) << expr.error().message();
    EXPECT_EQ(to_json(expr_to_json(**expr)), text);
  }
}

struct BadExpr {
  std::string_view text;
  std::string_view message;
};

TEST(ExprJson, NamesTheOffendingPart) {
  for (const auto& [text, message] : {
           BadExpr{"1", "$: expected an object with a text member \"op\""},
           BadExpr{R"({"op":"like"})", "$: unknown operator \"like\""},
           BadExpr{R"({"op":"eq","a":{"op":"field","path":"x"}})", "$: missing member \"b\""},
           BadExpr{R"({"op":"not","expr":{"op":"field"}})",
                   "$.expr: expected an object with a text member \"path\""},
           BadExpr{R"({"op":"and","exprs":[{"op":"or"}]})", "$.exprs[0]: missing list \"exprs\""},
       }) {
    const auto expr = parse_expr_json(*parse_json(text));
    ASSERT_FALSE(expr.has_value()) << text;
    EXPECT_EQ(expr.error().message(), message);
    EXPECT_EQ(expr.error().code(), ErrorCode::InvalidArgument);
  }
}

Value nested_nots(std::size_t levels) {
  Value json = Object{{"op", "field"}, {"path", "x"}};
  for (std::size_t level = 1; level < levels; ++level) {
    json = Object{{"op", "not"}, {"expr", std::move(json)}};
  }
  return json;
}

TEST(ExprJson, HasLimits) {
  EXPECT_TRUE(parse_expr_json(nested_nots(kExprDepthMax)).has_value());
  const auto deep = parse_expr_json(nested_nots(kExprDepthMax + 1));
  ASSERT_FALSE(deep.has_value());
  EXPECT_EQ(deep.error().code(), ErrorCode::LimitExceeded);
  const auto list = [](std::size_t count) {
    const Value field = nested_nots(1);
    return Value(Object{{"op", "or"}, {"exprs", Array(count, field)}});
  };
  EXPECT_TRUE(parse_expr_json(list(kExprNodesMax - 1)).has_value());
  EXPECT_FALSE(parse_expr_json(list(kExprNodesMax)).has_value());
}

}  // namespace
}  // namespace moonstone::query
