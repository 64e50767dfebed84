// Moonstone. Licence: see LICENSE.
#include "query/page.h"

#include <utility>

#include "query/cursor.h"

namespace moonstone::query {

Result<Page> read_page(const Query& query, const PageRequest& request, const SelectRows& select) {
  if (request.size > kPageRowsMax) {
    return Error(ErrorCode::LimitExceeded,
                 ".paginate(): numItems is " + std::to_string(request.size) + "; at most " +
                     std::to_string(kPageRowsMax) + " are allowed",
                 "page_size");
  }
  Query from_cursor = query;
  MS_TRY_STATUS(apply_cursor(request.cursor, request.secret, from_cursor));
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
