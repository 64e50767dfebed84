// Moonstone. Licence: see LICENSE.
#pragma once
// Rows of models as documents: what `ctx.db` and the tools of a database see of them beside the
// ORM. Reads and writes of documents become those of models, so that both see the same values.
// Threads: confined to the connection's thread.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/query.h"
#include "query/row.h"
#include "query/select.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/layout.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

/// The read that gives the rows of the query, or their number. Comparisons of `_id` become such of
/// the key. Errors: InvalidArgument (an order of ids, a creation time, a search).
[[nodiscard]] Result<query::Select> rows_select_of(const schema::Table& table,
                                                   const query::Query& query);
[[nodiscard]] Result<query::Select> count_select_of(const schema::Table& table,
                                                    const query::Query& query);

/// The read of one row by its key, whose values are the parameters in their order.
[[nodiscard]] Result<CompiledStatementPtr> compile_get(const Layout& layout,
                                                       const TableLayout& table);

/// Reads and writes of documents through one connection. Errors: those of DocumentSource and of
/// Writer::write.
class ModelDocuments {
 public:
  ModelDocuments(Connection& connection, const Layout& layout, const TableLayout& table)
      : connection_(connection), layout_(layout), table_(table) {}

  /// `by_key`: compile_get of the table.
  [[nodiscard]] Result<std::optional<query::Row>> get(const CompiledStatement& by_key,
                                                      std::string_view id,
                                                      ReadBudget& budget);
  [[nodiscard]] Result<std::vector<query::Row>> select(const query::Query& query,
                                                       ReadBudget& budget);
  [[nodiscard]] Result<std::uint64_t> count(const query::Query& query, ReadBudget& budget);

  /// Fields that are undefined get their defaults; the key may be among them, and `id` does not
  /// count.
  [[nodiscard]] Status insert(const query::Row& row);
  /// Errors: also InvalidArgument if the row has another key than its id says.
  [[nodiscard]] Status update(const query::Row& row);
  [[nodiscard]] Result<bool> erase(std::string_view id);

 private:
  Result<query::RowSet> read(const query::Select& select, ReadBudget& budget);
  Result<std::uint64_t> write(const query::WritePlan& plan);
  [[nodiscard]] query::Row row_of(std::span<const Value> cells) const;

  Connection& connection_;
  const Layout& layout_;
  const TableLayout& table_;
};

}  // namespace moonstone::store::sqlite
