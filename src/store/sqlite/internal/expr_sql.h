// Moonstone. Licence: see LICENSE.
#pragma once
// Expr to SQL: the second reading of a predicate. It must agree with query::evaluate on every row;
// tests/store/expr_differential_test.cc compares the two.
//
// Values are bound, never written into the text, so that one shape of predicate is compiled once.
// SQLite's column affinity would convert a literal of another class ('5' = 5 on a TEXT column is
// true), hence each comparison of a field with a literal is decided by their classes first: equal
// classes compare plainly, and an index serves; different classes have a constant outcome.
// Threads: pure functions.

#include <cstddef>

#include "base/result.h"
#include "query/expr.h"
#include "store/sqlite/internal/expr_operand.h"
#include "store/sqlite/internal/layout.h"

namespace moonstone::store::sqlite {

/// Most parameters of one statement; SQLite refuses more than 250,000.
inline constexpr std::size_t kParametersMax = 200'000;

/// Appends the predicate as an SQL expression with the outcome 1, 0 or NULL.
/// Errors: LimitExceeded (too many members).
[[nodiscard]] Status append_expr(const TableLayout& layout, const query::Expr& expr, SqlText& out);

/// Whether some conjunct bounds the rows by _id or _creationTime: then the index on _id should give
/// the order too.
[[nodiscard]] bool bounds_id(const query::Expr& expr);
/// Whether some conjunct bounds the row numbers, as a cursor does beside the id.
[[nodiscard]] bool bounds_row_number(const query::Expr& expr);

}  // namespace moonstone::store::sqlite
