// Moonstone. Licence: see LICENSE.
#pragma once
// A `.lite` schema for a database that is there already.
//
// What this program's own DDL says is recognised again: enumerations, lists, dates by their
// default, search tables, soft delete, join tables of models with those names. What the language
// cannot say (indexes on expressions, other conditions, defaults that are expressions) stands in a
// comment. Threads: as the connection. Source: litestone.md 36.

#include <string>

#include "base/result.h"
#include "store/raw_connection.h"

namespace moonstone::store {

enum class FieldNames : unsigned char {
  CamelCase,  // `first_name` is firstName @map("first_name")
  AsInDatabase,
};

/// Errors: those of RawConnection.
[[nodiscard]] Result<std::string> generate_lite_schema(RawConnection& connection,
                                                       FieldNames names = FieldNames::CamelCase);

}  // namespace moonstone::store
