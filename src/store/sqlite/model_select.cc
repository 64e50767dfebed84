// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/model_select.h"

namespace moonstone::store::sqlite {

Result<CompiledStatementPtr> compile_select(const Layout& /*layout*/,
                                            const query::Select& /*select*/) {
  return Error(ErrorCode::Unimplemented, "reads of models");
}

Result<query::RowSet> run_select(Connection& /*connection*/,
                                 const CompiledStatement& /*statement*/,
                                 std::uint64_t /*schema_version*/,
                                 std::span<const Value> /*parameters*/,
                                 ReadBudget& /*budget*/) {
  return Error(ErrorCode::Unimplemented, "reads of models");
}

}  // namespace moonstone::store::sqlite
