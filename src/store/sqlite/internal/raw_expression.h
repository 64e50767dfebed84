// Moonstone. Licence: see LICENSE.
#pragma once
// SQL that comes from outside (a caller's $raw, a schema's condition) and becomes one expression of
// a text of ours. What it says is trusted; that it is one expression is not.
// Threads: pure functions.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace moonstone::store::sqlite {

/// Appends the text in parentheses, after checking that it cannot end them or begin another
/// statement and has exactly `place_count` anonymous places.
/// Errors: InvalidArgument (reason "sql").
[[nodiscard]] Status append_raw_sql(std::string_view raw,
                                    std::size_t place_count,
                                    std::string& out);

}  // namespace moonstone::store::sqlite
