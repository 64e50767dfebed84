// Moonstone. Licence: see LICENSE.
// Any text as a cursor: the first page, a narrower query, or a refusal. The text itself is not
// sealed by us and so the first page; sealed, it reaches what reads the content.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "query/cursor.h"
#include "query/seal.h"

namespace {

void apply(std::string_view cursor) {
  moonstone::query::Query query{
      .table = "t", .where = nullptr, .order = {{.field = "rank"}}, .limit = {}};
  const moonstone::Status applied = moonstone::query::apply_cursor(cursor, "secret", query);
  if (!applied && query.where != nullptr) std::abort();  // a refusal changes nothing
  query.search = moonstone::query::SearchClause{.field = "f", .text = "x", .skipped = {}};
  const moonstone::Status searched = moonstone::query::apply_cursor(cursor, "secret", query);
  if (!searched && !query.search->skipped.empty()) std::abort();
}

void apply_pair(std::string_view start, std::string_view end) {
  moonstone::query::Query query{
      .table = "t", .where = nullptr, .order = {{.field = "rank"}}, .limit = {}};
  const auto parts = moonstone::query::range_between({start, end}, "secret", query);
  if (parts && parts->size() > 2) std::abort();
  query.search = moonstone::query::SearchClause{.field = "f", .text = "x", .skipped = {}};
  const auto searched = moonstone::query::range_between({start, end}, "secret", query);
  if (searched && searched->size() > 1) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  apply(text);
  apply(moonstone::query::seal(text, "secret"));
  const std::size_t middle = std::min(text.find('~'), size);
  const std::string start = moonstone::query::seal(text.substr(0, middle), "secret");
  const std::string end = moonstone::query::seal(text.substr(std::min(middle + 1, size)), "secret");
  apply_pair(start, end);
  apply_pair("", end);
  if (const auto pair = moonstone::query::split_cursor_pair(text))
    apply_pair(pair->start, pair->end);
  return 0;
}
