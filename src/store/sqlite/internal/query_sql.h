// Moonstone. Licence: see LICENSE.
#pragma once
// Query to SELECT. The text is the shape by which the statement is cached; values are bound.
// Threads: pure functions.

#include "base/result.h"
#include "query/query.h"
#include "store/sqlite/internal/expr_operand.h"
#include "store/sqlite/internal/layout.h"

namespace moonstone::store::sqlite {

/// SELECT of TableLayout::columns in the query's order. Errors: LimitExceeded.
[[nodiscard]] Result<SqlText> select_sql(const TableLayout& layout, const query::Query& query);

/// SELECT count(*), without order and limit. Errors: LimitExceeded.
[[nodiscard]] Result<SqlText> count_sql(const TableLayout& layout, const query::Query& query);

}  // namespace moonstone::store::sqlite
