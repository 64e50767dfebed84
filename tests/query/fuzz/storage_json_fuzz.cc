// Moonstone. Licence: see LICENSE.
// Any text is refused or read; what is read is written in a form that reads back the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "query/storage_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = moonstone::query::parse_storage_json(text);
  if (!value) return 0;
  const std::string written = moonstone::query::storage_json(*value);
  const auto again = moonstone::query::parse_storage_json(written);
  if (!again) std::abort();
  if (moonstone::query::storage_json(*again) != written) std::abort();
  return 0;
}
