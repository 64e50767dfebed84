// Moonstone. Licence: see LICENSE.
#pragma once
// The note that a closed tenant leaves in its folder: when its next job is due. While the tenant is
// open there is none, so that a process that dies leaves none either, and the tenant is opened once
// at the next start. Threads: pure, but for the file; one thread per folder.

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace moonstone::protocol::functions {

/// Milliseconds since 1970; nothing: never. Without a note, or with one that cannot be read: now.
[[nodiscard]] std::optional<std::int64_t> read_due_note(const std::string& folder);
/// Errors: Unavailable (the file cannot be written).
[[nodiscard]] Status write_due_note(const std::string& folder, std::optional<std::int64_t> due);
void forget_due_note(const std::string& folder);

}  // namespace moonstone::protocol::functions
