// Moonstone. Licence: see LICENSE.
// Any text as the URL of a server: refused, or taken apart into what cannot split a request.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "client/address.h"

namespace {

bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0 ", 4)) == std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto address =
      moonstone::client::parse_address(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!address) return 0;
  if (address->host.empty() || !address->target.starts_with('/')) std::abort();
  if (address->port.find_first_not_of("0123456789") != std::string::npos) std::abort();
  if (!is_one_line(address->authority()) || !is_one_line(address->target)) std::abort();
  return 0;
}
