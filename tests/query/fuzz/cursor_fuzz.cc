// Moonstone. Licence: see LICENSE.
// Any text as a cursor: the first page, a narrower query, or a refusal.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "query/cursor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  moonstone::query::Query query{
      .table = "t", .where = nullptr, .order = {{.field = "rank"}}, .limit = {}};
  const moonstone::Status applied = moonstone::query::apply_cursor(text, query);
  if (!applied && query.where != nullptr) std::abort();  // a refusal changes nothing
  return 0;
}
