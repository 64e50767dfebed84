// Moonstone. Licence: see LICENSE.
#pragma once
// The environment of the processes that run actions: what the project and its owner set, and none
// of Moonstone's own secrets.
//
// In development `.env.local` and then `.env` beside the functions folder add to it; what the
// environment has already is kept. In production it is the server's environment alone. Variables
// that begin with MOONSTONE_ configure the server (the admin key is among them) and are left out.
// Threads: pure, but for reading files and the environment.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace moonstone::cli {

using Variable = std::pair<std::string, std::string>;

/// Reads `NAME=value` lines. A value may stand in single quotes (taken as it is) or double quotes
/// (with \n, \r, \t, \", \\ and line breaks); `#` begins a comment at the start of a line, and
/// after white space behind an unquoted value; `export` before a name is allowed. A repeated name
/// keeps its last value. Errors: InvalidArgument (reason "env_file") naming file and line.
[[nodiscard]] Result<std::vector<Variable>> parse_env_file(std::string_view text,
                                                           std::string_view name);

enum class EnvFiles : unsigned char { Ignore, Read };

/// "NAME=value" for each variable. Errors: those of parse_env_file and read_file.
[[nodiscard]] Result<std::vector<std::string>> action_environment(const std::string& root,
                                                                  EnvFiles files);

}  // namespace moonstone::cli
