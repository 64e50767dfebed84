// Moonstone. Licence: see LICENSE.
#pragma once
// Expr to SQL for models: the places of the text are filled when it runs. Must agree with
// query::evaluate as far as that can tell (is_opaque).
// Threads: pure functions.

#include <string>
#include <string_view>

#include "base/result.h"
#include "query/expr.h"
#include "store/sqlite/internal/compiled_statement.h"
#include "store/sqlite/internal/layout.h"

namespace moonstone::store::sqlite {

/// The rows that a predicate speaks of.
struct ModelScope {
  const schema::Catalog* catalog = nullptr;
  const schema::Model* model = nullptr;
  std::string alias;  // quoted, by which columns are named; empty: none is needed
};

/// The column of a stored or generated field, qualified; of a derived field its subquery.
/// Errors: InvalidArgument naming field and model.
[[nodiscard]] Result<SqlFragment> field_sql(const ModelScope& scope, std::string_view field);

/// Appends the predicate as an SQL expression with the outcome 1, 0 or NULL.
[[nodiscard]] Status append_model_expr(const ModelScope& scope,
                                       const query::Expr& expr,
                                       SqlFragment& out);

}  // namespace moonstone::store::sqlite
