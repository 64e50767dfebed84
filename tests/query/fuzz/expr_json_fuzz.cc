// Moonstone. Licence: see LICENSE.
// Any JSON as a filter: refused, or read and printed so that it reads back the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "query/expr_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = moonstone::parse_json({reinterpret_cast<const char*>(data), size});
  if (!json) return 0;
  const auto expr = moonstone::query::parse_expr_json(*json);
  if (!expr) return 0;
  const moonstone::Value printed = moonstone::query::expr_to_json(**expr);
  const auto again = moonstone::query::parse_expr_json(printed);
  if (!again) std::abort();
  if (moonstone::canonical_json(moonstone::query::expr_to_json(**again)) !=
      moonstone::canonical_json(printed)) {
    std::abort();
  }
  return 0;
}
