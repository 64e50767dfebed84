// Moonstone. Licence: see LICENSE.
// Any text as a Range header of files of some sizes: a part never leaves its file.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string_view>

#include "protocol/byte_range.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using moonstone::protocol::RangeChoice;
  const std::string_view header(reinterpret_cast<const char*>(data), size);
  for (const std::uint64_t total : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000},
                                    std::numeric_limits<std::uint64_t>::max()}) {
    const RangeChoice choice = moonstone::protocol::choose_range(header, total);
    if (choice.kind != RangeChoice::Kind::Part) continue;
    const auto& range = choice.range;
    if (range.count == 0 || range.first >= total || range.count > total - range.first) std::abort();
  }
  return 0;
}
