// Moonstone. Licence: see LICENSE.
#pragma once
// LocalFileStore: files in a directory.
//
//   <root>/incoming/<key>     being written
//   <root>/ab/cd/abcd....     finished; two levels, so that no directory grows beyond some thousand
// A file is written in incoming/, synced, renamed, and the directories above it are synced before
// finish() returns.
// Threads: see file_store.h.

#include <memory>
#include <string>

#include "files/file_store.h"

namespace moonstone::files {

/// Makes the directories. Errors: Unavailable naming the directory.
[[nodiscard]] Result<std::unique_ptr<FileStore>> open_local_file_store(std::string root);

}  // namespace moonstone::files
