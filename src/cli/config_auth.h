// Moonstone. Licence: see LICENSE.
#pragma once
// The keys of [auth] and [auth.NAME]: identity providers, any number of them under free names.
// Threads: pure functions.

#include <optional>
#include <string_view>

#include "cli/config.h"

namespace moonstone::cli {

/// Sets a key that begins with "auth."; nothing: it does not. Errors: as of apply_setting.
[[nodiscard]] std::optional<Status> apply_auth_setting(Config& config, const Setting& setting);

/// Applies what the environment says about providers: the keys of those that the file names, and
/// all their secrets, which stand nowhere else.
[[nodiscard]] Status load_auth_environment(const ConfigRequest& request, Config& config);

}  // namespace moonstone::cli
