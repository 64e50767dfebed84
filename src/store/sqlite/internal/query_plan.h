// Moonstone. Licence: see LICENSE.
#pragma once
// How SQLite would read a query: by EXPLAIN QUERY PLAN, in words that a schema's author knows.
// Threads: works on the connection it is given.

#include "base/result.h"
#include "query/query.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/layout.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

[[nodiscard]] Result<ReadPlan> explain_read(Connection& connection,
                                            const Layout& layout,
                                            const TableLayout& table,
                                            const query::Query& query,
                                            ReadKind kind);

}  // namespace moonstone::store::sqlite
