// Moonstone. Licence: see LICENSE.
#pragma once
// Finding Node. Threads: pure, but for reading the environment.

#include <string>
#include <string_view>

#include "base/result.h"

namespace moonstone::actions {

/// The path of a program that is named without a slash, by the PATH of this process; a name with a
/// slash is taken as it is. Errors: NotFound.
[[nodiscard]] Result<std::string> find_program(std::string_view name);

}  // namespace moonstone::actions
