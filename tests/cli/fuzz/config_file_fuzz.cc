// Moonstone. Licence: see LICENSE.
// Any text as moonstone.toml: settings with a place each, which are taken or refused, or an error
// that names the file.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "cli/config.h"

namespace cli = moonstone::cli;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto file = cli::parse_config_file(text, "f");
  if (!file) {
    MS_CHECK(file.error().message().starts_with("f:"), "the place would be missing");
    return 0;
  }
  cli::Config config;
  for (const cli::Setting& setting : file->settings) {
    MS_CHECK(setting.place.starts_with("f:"), "the place would be missing");
    static_cast<void>(cli::apply_setting(config, setting));
  }
  for (const auto& [name, settings] : file->environments)
    static_cast<void>(cli::check_environment_name(name));
  return 0;
}
