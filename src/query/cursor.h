// Moonstone. Licence: see LICENSE.
#pragma once
// Cursors: where a page of a query ended, as text that its bearer cannot use for anything else.
//
// A cursor holds the sort values and the id of the last row and the fingerprint of its query; the
// next page is what sorts strictly after it, whatever was inserted or deleted in between. It only
// ever narrows the query it is applied to.
// Threads: pure functions. Source: functions.md 6.6 and 21.15; design.md section 5.

#include <string>
#include <string_view>

#include "base/result.h"
#include "query/query.h"
#include "query/row.h"

namespace moonstone::query {

/// Longer cursors are refused before they are decoded; sort values are index keys, not documents.
inline constexpr std::size_t kCursorBytesMax = 64 * 1024;

/// The cursor after `last`, a row of `query`. Opaque text.
[[nodiscard]] std::string make_cursor(const Query& query, const Row& last);

/// Restricts `query` to what sorts after the cursor. Text that is no cursor at all leaves the query
/// as it is (the first page). Errors: InvalidArgument "Invalid cursor" for that of another query.
[[nodiscard]] Status apply_cursor(std::string_view cursor, Query& query);

}  // namespace moonstone::query
