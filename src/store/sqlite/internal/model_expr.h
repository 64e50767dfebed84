// Moonstone. Licence: see LICENSE.
#pragma once
// Expr to SQL for models: the places of the text are filled when it runs. Must agree with
// query::evaluate as far as that can tell (is_opaque).
// Threads: pure functions.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "query/expr.h"
#include "schema/catalog.h"
#include "store/sqlite/internal/compiled_statement.h"

namespace moonstone::store::sqlite {

/// The rows that a predicate speaks of.
struct ModelScope {
  const schema::Catalog* catalog = nullptr;
  const schema::Model* model = nullptr;
  std::string alias{};    // quoted, by which columns are named; empty: none is needed
  std::size_t depth = 0;  // of subqueries around it; derived fields may refer to derived fields
};

/// By what a subquery names the columns of the scope: its alias, or else its table. Quoted.
[[nodiscard]] std::string qualifier_of(const ModelScope& scope);
/// The same scope with all columns qualified.
[[nodiscard]] ModelScope qualified(const ModelScope& scope);
/// A name like `name` that a subquery inside `outer` can use without hiding its rows. Quoted.
[[nodiscard]] std::string alias_inside(const ModelScope& outer, std::string_view name);
/// The rows of `target` in a subquery inside `outer`, under such a name.
[[nodiscard]] ModelScope inner_scope(const ModelScope& outer,
                                     const schema::Model& target,
                                     std::string_view name);
/// `"table" AS "alias"`, or the table alone.
[[nodiscard]] std::string source_sql(const ModelScope& scope);

/// SQLite's own number of the row. Errors: InvalidArgument for views, which have none.
[[nodiscard]] Result<std::string> row_number_sql(const ModelScope& scope);

/// The column of a stored or generated field, qualified; of a derived field its subquery.
/// Errors: InvalidArgument naming field and model.
[[nodiscard]] Result<SqlFragment> field_sql(const ModelScope& scope, std::string_view field);

/// How the values of a field are read.
[[nodiscard]] CellForm form_of(const schema::ModelField& field);

/// Appends the predicate as an SQL expression with the outcome 1, 0 or NULL.
/// Errors: InvalidArgument (unknown fields; reason "sql": raw SQL), LimitExceeded.
[[nodiscard]] Status append_model_expr(const ModelScope& scope,
                                       const query::Expr& expr,
                                       SqlFragment& out);
/// The same, safe beside any operator.
[[nodiscard]] Status append_model_operand(const ModelScope& scope,
                                          const query::Expr& expr,
                                          SqlFragment& out);

}  // namespace moonstone::store::sqlite
