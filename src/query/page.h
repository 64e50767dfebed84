// Moonstone. Licence: see LICENSE.
#pragma once
// Pages: a query read piece by piece, by cursors.
// Threads: pure functions. Source: functions.md 6.6.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/query.h"
#include "query/row.h"

namespace moonstone::query {

/// Rows of one page. A page is one result and one frame; who wants all rows calls collect().
inline constexpr std::uint64_t kPageRowsMax = 10'000;

struct PageRequest {
  std::string_view cursor;  // empty: the first page; or a pair (query/cursor.h)
  std::uint64_t size = 0;
  std::string_view secret;  // seals cursors
};

struct Page {
  std::vector<Row> rows;
  std::string cursor;    // empty: none, since it is the last page or has no row
  bool is_done = false;  // no row comes after this page
};

using SelectRows = std::function<Result<std::vector<Row>>(const Query&)>;

/// Reads one page of `query`. `select` is called once, for one row more than the page has: that row
/// tells whether there is a next page, and bounds what can change this one. Between a pair of
/// cursors `size` does not count, and `select` may be called twice.
/// Errors: LimitExceeded (reason "page_size", "cursor_size"), those of apply_cursor and `select`.
[[nodiscard]] Result<Page> read_page(const Query& query,
                                     const PageRequest& request,
                                     const SelectRows& select);

}  // namespace moonstone::query
