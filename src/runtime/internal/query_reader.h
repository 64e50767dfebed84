// Moonstone. Licence: see LICENSE.
#pragma once
// From the state of a QueryBuilder (prelude/query_builder.js) to a query::Query.
// Threads: confined to the isolate's thread.
// Source: functions.md sections 6.1 to 6.7.

#include <string>

#include <v8.h>

#include "base/result.h"
#include "query/query.h"
#include "runtime/internal/native_call.h"

namespace moonstone::runtime {

/// The codes of `kCodes` in prelude/query_builder.js.
enum class ExpressionCode : unsigned char {
  Literal = 0,
  Field = 1,
  Eq = 2,
  Neq = 3,
  Lt = 4,
  Lte = 5,
  Gt = 6,
  Gte = 7,
  And = 8,
  Or = 9,
  Not = 10,
};

/// Reads a filter. Errors: LimitExceeded (query::kExprNodesMax, kExprDepthMax), InvalidArgument.
[[nodiscard]] Result<query::ExprPtr> read_filter(v8::Local<v8::Context> context,
                                                 v8::Local<v8::Value> filter);

/// Arguments 1 to 4 of a native are table, index, range and filter; 5 and 6 the field of orderBy
/// and whether the direction is descending; 7 and 8 the field and the text of a search.
enum class WithOrder : unsigned char { No, Yes };
[[nodiscard]] Result<query::Query> read_query(const NativeCall& call, WithOrder with_order);

}  // namespace moonstone::runtime
