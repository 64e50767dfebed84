// Moonstone. Licence: see LICENSE.
#pragma once
// Select of a model to SQL, and its run.
// Threads: compiling is a pure function; a run belongs to the connection's thread.

#include <cstdint>
#include <span>

#include "base/result.h"
#include "query/select.h"
#include "store/sqlite/internal/compiled_statement.h"
#include "store/sqlite/internal/layout.h"

namespace moonstone::store::sqlite {

/// Errors: those of DocumentSource::compile.
[[nodiscard]] Result<CompiledStatementPtr> compile_select(const Layout& layout,
                                                          const query::Select& select);

/// Errors: those of DocumentSource::read.
[[nodiscard]] Result<query::RowSet> run_select(Connection& connection,
                                               const CompiledStatement& statement,
                                               std::uint64_t schema_version,
                                               std::span<const Value> parameters,
                                               ReadBudget& budget);

}  // namespace moonstone::store::sqlite
