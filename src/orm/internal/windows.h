// Moonstone. Licence: see LICENSE.
#pragma once
// window: columns that are computed over the rows of a read.
// Threads: pure functions. Source: litestone.md 17.

#include "base/result.h"
#include "orm/internal/projection.h"
#include "orm/internal/where.h"

namespace moonstone::orm {

/// Adds a column for each alias. Null: none. Errors: InvalidArgument.
[[nodiscard]] Status add_windows(const ConditionScope& scope,
                                 const Value* windows,
                                 Outputs& outputs);

}  // namespace moonstone::orm
