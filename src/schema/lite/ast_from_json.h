// Moonstone. Licence: see LICENSE.
#pragma once
// The tree of a schema from the JSON that parse() gives to programs (ast_json.h): they hand it
// back, and databases keep it. Threads: pure functions. Source: litestone.md 3.7.

#include "base/result.h"
#include "base/value.h"
#include "schema/lite/ast.h"

namespace moonstone::lite {

/// Positions are lost. What the JSON does not say has its default; whether the schema is valid is
/// not checked again, but for what would make the tree itself impossible.
/// Errors: InvalidArgument (reason "schema_json") with the place: `$.models[2].fields[0].type`.
[[nodiscard]] Result<Schema> schema_from_json(const Value& json);

}  // namespace moonstone::lite
