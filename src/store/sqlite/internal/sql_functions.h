// Moonstone. Licence: see LICENSE.
#pragma once
// SQL functions of our own: what SQLite's built-in ones cannot say exactly as query::evaluate does.
//
//   moonstone_json(column, member...)  the database value of a place inside storage JSON. SQLite's
//       json_extract reads some doubles one unit off, ignores escapes in member names, and knows
//       nothing of tagged bytes and integers.
//   moonstone_time(_id)                the creation time, in milliseconds, or 0 without a ULID.
//   moonstone_base64(bytes)            text; of NULL NULL.
//   moonstone_join(value, separator, key)  an aggregate: text_join.h.
//
// The first three are deterministic and innocuous, so that indexes may use them. Another program
// can read a table with such an index, but not write it. Threads: stateless.

#include "base/result.h"

struct sqlite3;

namespace moonstone::store::sqlite {

[[nodiscard]] Status register_functions(sqlite3* db);

}  // namespace moonstone::store::sqlite
