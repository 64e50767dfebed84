// Moonstone. Licence: see LICENSE.
//
// Reads the input as a source map and as a stack.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/internal/source_map.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto map = moonstone::runtime::SourceMap::parse(text);
  for (std::size_t line = 0; map && line < 5; ++line) {
    for (std::size_t column = 0; column < 5; ++column)
      static_cast<void>(map->find(line, column));
  }
  static_cast<void>(moonstone::runtime::map_stack(text, map ? &*map : nullptr));
  static_cast<void>(moonstone::runtime::map_text(text, map ? &*map : nullptr));
  return 0;
}
