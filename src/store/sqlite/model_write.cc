// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/model_write.h"

namespace moonstone::store::sqlite {

Result<CompiledStatementPtr> compile_model_write(const Layout& /*layout*/,
                                                 const query::WritePlan& /*plan*/) {
  return Error(ErrorCode::Unimplemented, "writes of models");
}

Result<Writer::Written> run_model_write(Connection& /*connection*/,
                                        const CompiledStatement& /*statement*/,
                                        std::uint64_t /*schema_version*/,
                                        std::span<const Value> /*parameters*/) {
  return Error(ErrorCode::Unimplemented, "writes of models");
}

}  // namespace moonstone::store::sqlite
