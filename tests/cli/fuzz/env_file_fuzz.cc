// Moonstone. Licence: see LICENSE.
// .env files: whatever the text, there are variables with good names or an error with a line.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "cli/env_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto variables = moonstone::cli::parse_env_file(text, "f");
  if (!variables) {
    MS_CHECK(variables.error().message().starts_with("f:"), "the place would be missing");
    return 0;
  }
  for (const auto& [name, value] : *variables) {
    MS_CHECK(!name.empty() && name.find('=') == std::string_view::npos,
             "an environment could not hold it");
  }
  return 0;
}
