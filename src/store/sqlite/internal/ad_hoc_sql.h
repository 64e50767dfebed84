// Moonstone. Licence: see LICENSE.
#pragma once
// A person's own SELECT on the tables of a project, for the administration.
//
// The statement sees views, one per table of the project, with the columns that a document has; the
// tables beneath, those of the system and SQLite's own are out of its reach, as is every statement
// that is not a read. SQLite's authorizer decides, not the text.
// Threads: works on a connection of its own, which is thrown away.

#include <string_view>

#include "base/result.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/layout.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

/// `connection` is fresh and serves nothing else afterwards.
[[nodiscard]] Result<SqlRows> run_ad_hoc_select(Connection& connection,
                                                const Layout& layout,
                                                std::string_view text,
                                                const SqlLimits& limits);

}  // namespace moonstone::store::sqlite
