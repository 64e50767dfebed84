// Moonstone. Licence: see LICENSE.
#pragma once
// The JSON form of a predicate, for callers on the other side of a language border.
//
// Grammar (functions.md section 6.4):
//   expr  = {"op": "eq"|"neq"|"lt"|"lte"|"gt"|"gte", "a": term, "b": term}
//         | {"op": "and"|"or", "exprs": [expr...]} | {"op": "not", "expr": expr}
//   term  = {"op": "field", "path": text} | {"op": "literal", "value": JSON}
// Threads: pure functions.

#include "base/result.h"
#include "base/value.h"
#include "query/expr.h"

namespace moonstone::query {

/// Errors: InvalidArgument naming the place ("$.exprs[1].a: ..."), LimitExceeded beyond
/// kExprNodesMax or kExprDepthMax.
[[nodiscard]] Result<ExprPtr> parse_expr_json(const Value& json);

/// The inverse. `In` prints as {"op":"in","expr":..,"values":[..]}, which is not read back.
[[nodiscard]] Value expr_to_json(const Expr& expr);

}  // namespace moonstone::query
