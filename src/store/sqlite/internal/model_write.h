// Moonstone. Licence: see LICENSE.
#pragma once
// WritePlan of a model to SQL, and its run.
// Threads: compiling is a pure function; a run belongs to the writer's thread.

#include <cstdint>
#include <span>

#include "base/result.h"
#include "query/select.h"
#include "store/sqlite/internal/compiled_statement.h"
#include "store/sqlite/internal/layout.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

/// Errors: those of Writer::compile_write.
[[nodiscard]] Result<CompiledStatementPtr> compile_model_write(const Layout& layout,
                                                               const query::WritePlan& plan);

/// Errors: those of Writer::write.
[[nodiscard]] Result<Writer::Written> run_model_write(Connection& connection,
                                                      const CompiledStatement& statement,
                                                      std::uint64_t schema_version,
                                                      std::span<const Value> parameters);

}  // namespace moonstone::store::sqlite
