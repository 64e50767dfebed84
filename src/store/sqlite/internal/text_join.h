// Moonstone. Licence: see LICENSE.
#pragma once
// moonstone_join(value, separator, key): an aggregate like group_concat, whose values come in the
// order of their keys. SQLite 3.40 has no ORDER BY inside of aggregates.
//
// NULL values are left out; without any the outcome is NULL. Keys are in the order of database
// values, equal ones as the rows come. The last separator counts.
// Threads: stateless; each group has its own state.

#include "base/result.h"

struct sqlite3;

namespace moonstone::store::sqlite {

[[nodiscard]] Status register_text_join(sqlite3* db);

}  // namespace moonstone::store::sqlite
