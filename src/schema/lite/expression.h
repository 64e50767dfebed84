// Moonstone. Licence: see LICENSE.
#pragma once
// The tree of a policy expression, as `@allow`, `@@allow` and `@@deny` hold it.
//
// The parser bounds its height (limits.h), so that walking it recursively is safe.
// Threads: plain data. Source: litestone.md 3.3 and 3.7.

#include <optional>
#include <string>
#include <vector>

#include "base/value.h"

namespace moonstone::lite {

enum class CompareOperator : unsigned char {
  Equal,
  NotEqual,
  Less,
  Greater,
  LessOrEqual,
  GreaterOrEqual,
};

enum class ExpressionKind : unsigned char {
  Or,       // operands: left, right
  And,      // operands: left, right
  Not,      // operands: one
  Compare,  // compare; operands: left, right
  Auth,     // name: the claim; without a name the whole `auth()`
  Now,
  Check,    // name: the relation; operation: none means that of the policy itself
  Literal,  // literal: null, boolean, number or text
  Field,    // name; not checked against the model
};

struct Expression {
  ExpressionKind kind = ExpressionKind::Literal;
  CompareOperator compare = CompareOperator::Equal;
  std::vector<Expression> operands;
  std::optional<std::string> name;
  std::optional<std::string> operation;
  Value literal = nullptr;

  friend bool operator==(const Expression&, const Expression&) = default;
};

}  // namespace moonstone::lite
