// Moonstone. Licence: see LICENSE.
#include "query/page.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "query/cursor.h"

namespace moonstone::query {

namespace {

Error too_many_rows() {
  return {ErrorCode::LimitExceeded,
          ".paginate(): more than " + std::to_string(kPageRowsMax) +
              " rows are between the two cursors. Read the range in smaller pages",
          "page_size"};
}

Result<Page> read_range(const std::vector<Query>& parts,
                        std::string_view end,
                        const SelectRows& select) {
  Page page{.rows = {}, .cursor = std::string(end), .is_done = false};
  for (Query part : parts) {
    part.limit = kPageRowsMax - page.rows.size() + 1;
    MS_TRY(std::vector<Row> rows, select(part));
    std::ranges::move(rows, std::back_inserter(page.rows));
    if (page.rows.size() > kPageRowsMax) return too_many_rows();
  }
  return page;
}

}  // namespace

Result<Page> read_page(const Query& query, const PageRequest& request, const SelectRows& select) {
  if (request.size > kPageRowsMax) {
    return Error(ErrorCode::LimitExceeded,
                 ".paginate(): numItems is " + std::to_string(request.size) + "; at most " +
                     std::to_string(kPageRowsMax) + " are allowed",
                 "page_size");
  }
  Query from_cursor = query;
  if (const std::optional<CursorPair> pair = split_cursor_pair(request.cursor)) {
    MS_TRY(const std::vector<Query> parts, range_between(*pair, request.secret, query));
    if (!parts.empty()) return read_range(parts, pair->end, select);
  } else {
    MS_TRY_STATUS(apply_cursor(request.cursor, request.secret, from_cursor));
  }
  from_cursor.limit = request.size + 1;
  Page page;
  MS_TRY(page.rows, select(from_cursor));
  page.is_done = page.rows.size() <= request.size;
  if (page.is_done) return page;
  page.rows.pop_back();
  if (page.rows.empty()) return page;
  // A cursor belongs to the whole query; that of a search also counts what came before.
  MS_TRY(page.cursor, make_cursor(query.search ? from_cursor : query, page.rows, request.secret));
  return page;
}

}  // namespace moonstone::query
