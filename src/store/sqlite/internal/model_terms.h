// Moonstone. Licence: see LICENSE.
#pragma once
// The parts of a Select as SQL: terms, where rows come from, what is beside their own columns.
//
// FROM gives the columns of the model unqualified, and beside them names with a full stop, which
// trusted SQL of others cannot mean by accident: "_fts.row", "_fts.rank" and "_fts.<n>" of a
// search, "_walk.depth" of a recursion. Related rows are read by subqueries, so that nothing else
// is in scope.
// Threads: pure functions.

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/select.h"
#include "store/sqlite/internal/compiled_statement.h"
#include "store/sqlite/internal/model_expr.h"

namespace moonstone::store::sqlite {

/// What the terms of one Select may refer to.
struct SelectScope {
  const query::Select* select = nullptr;
  ModelScope rows;
  /// Highlights and snippets; the n-th is the column "_fts.<n>".
  std::vector<const query::Term*> marks{};
};

/// Errors of all: InvalidArgument naming what is wrong, LimitExceeded.
[[nodiscard]] Status append_term(const SelectScope& scope,
                                 const query::Term& term,
                                 SqlFragment& out);
[[nodiscard]] Status append_order(const SelectScope& scope,
                                  const std::vector<query::OrderKey>& order,
                                  SqlFragment& out);
/// Literal or Parameter; `what` names it in the error.
[[nodiscard]] Result<std::variant<std::size_t, Value>> source_of(const query::Expr& value,
                                                                 std::string_view what);
/// How the term is read as a column of the result.
[[nodiscard]] Result<CellForm> form_of_term(const SelectScope& scope, const query::Term& term);

/// `function(field) FILTER (..)`, without OVER.
[[nodiscard]] Status append_aggregate(const ModelScope& scope,
                                      const query::Aggregate& aggregate,
                                      SqlFragment& out);
/// model_windows.cc
[[nodiscard]] Status append_window(const SelectScope& scope,
                                   const query::Window& window,
                                   SqlFragment& out);

/// model_search.cc: FROM, with the rows that match beside their table.
[[nodiscard]] Status append_search_source(const SelectScope& scope, SqlFragment& out);
/// The highlights and snippets of the select.
[[nodiscard]] std::vector<const query::Term*> marks_of(const query::Select& select);

/// model_recursion.cc: WITH, which walks; and FROM, with the walked rows.
[[nodiscard]] Status append_walk(const SelectScope& scope, SqlFragment& out);
[[nodiscard]] Status append_walk_source(const SelectScope& scope, SqlFragment& out);

}  // namespace moonstone::store::sqlite
