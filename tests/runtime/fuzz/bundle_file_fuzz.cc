// Moonstone. Licence: see LICENSE.
// Any bytes as a bundle file: read or refused; what is read has the hash that it says.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "runtime/bundle_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto file = moonstone::runtime::read_bundle_file(text);
  if (file && moonstone::runtime::content_hash(file->source) != file->hash) std::abort();
  if (!file && file.error().message().empty()) std::abort();
  return 0;
}
