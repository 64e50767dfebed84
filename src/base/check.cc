// Moonstone. Licence: see LICENSE.
#include "base/check.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include <fmt/format.h>

namespace moonstone {

void check_failed(const char* file, int line, const char* condition, const char* why) {
  const std::string text =
      fmt::format("moonstone: check failed at {}:{}: {} ({})\n", file, line, condition, why);
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
  std::abort();
}

}  // namespace moonstone
