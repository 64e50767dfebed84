// Moonstone. Licence: see LICENSE.
#pragma once
// Carries a schema change out in place, inside the caller's transaction.
//
// Columns are added and dropped in place; a field whose values lie otherwise under its new type is
// moved to a new column, some hundred rows at a time, so that memory stays bounded. Tables of
// models become what store/sqlite/ddl.h says. Threads: confined to the writer's thread.

#include <string>
#include <vector>

#include "base/result.h"
#include "schema/schema.h"
#include "store/sqlite/internal/connection.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

/// The schema without the tables of models.
[[nodiscard]] schema::Schema documents_of(const schema::Schema& schema);

/// What of the models would be lost, and what their rows do not allow.
[[nodiscard]] Status find_model_obstacles(Connection& connection,
                                          const schema::Catalog& next,
                                          std::vector<std::string>& losses,
                                          std::vector<std::string>& violations);

/// Whether the file has tables besides those that Moonstone keeps for itself. In a file that holds
/// documents these count, too.
[[nodiscard]] Result<bool> has_foreign_tables(Connection& connection);

/// Both schemas have their field ids. Nothing must be captured meanwhile.
/// Errors: FailedPrecondition as Writer::apply_schema says; those of sqlite_error.
[[nodiscard]] Status migrate(Connection& connection,
                             const schema::Schema& previous,
                             const schema::Schema& next,
                             Writer::AllowDataLoss allow);

}  // namespace moonstone::store::sqlite
