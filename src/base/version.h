// Moonstone. Licence: see LICENSE.
#pragma once
// The version of this build, from the VERSION file.
// Threads: pure.

#include <string_view>

namespace moonstone {

[[nodiscard]] std::string_view version();

}  // namespace moonstone
