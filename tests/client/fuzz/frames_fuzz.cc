// Moonstone. Licence: see LICENSE.
// Any bytes as a frame of a server: taken apart or refused, never more; what it gives lies inside.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "client/frames.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto frame = moonstone::client::read_frame(text);
  if (!frame) return 0;
  for (const auto& item : frame->items) {
    if (!item.json.empty() && text.find(item.json) == std::string_view::npos) std::abort();
    if (!item.id.empty() && text.find(item.id) == std::string_view::npos) std::abort();
  }
  return 0;
}
