// Moonstone. Licence: see LICENSE.
#pragma once
// How `moonstone explain` shows what the server tells of queries.
// Threads: pure functions.

#include <cstddef>
#include <vector>

#include "base/value.h"
#include "cli/commands.h"
#include "cli/screen_text.h"

namespace moonstone::cli {

/// What `_system:explainQuery` or `_system:explainLiveQuery` answered.
[[nodiscard]] std::vector<TextLine> explanation_lines(const Object& explanation,
                                                      ExplainOptions::Sql sql);

/// What `_system:listLiveQueries` answered, a line for each, in `width` columns.
[[nodiscard]] std::vector<TextLine> live_query_lines(const Array& queries, std::size_t width);

}  // namespace moonstone::cli
