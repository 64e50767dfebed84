// Moonstone. Licence: see LICENSE.
#pragma once
// The JavaScript part of the runtime (src/runtime/prelude), embedded by CMake.

#include <string>

namespace moonstone::runtime {

/// The body of a function of one parameter, `natives`. It returns what program.h calls.
[[nodiscard]] std::string prelude_text();

}  // namespace moonstone::runtime
