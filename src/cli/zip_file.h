// Moonstone. Licence: see LICENSE.
#pragma once
// A folder as one ZIP archive, which every system opens without further tools.
// Threads: pure functions on the file system. Cost: reads each file once; memory is constant.

#include <string>

#include "base/result.h"

namespace moonstone::cli {

/// Writes all files below `folder` into `target`, by their paths in it; through a temporary file
/// beside it, so that there is a whole archive or none. Symbolic links are left out.
/// Errors: LimitExceeded (a file or the whole beyond 4 GB, more than 65,535 files: the format's),
/// Unavailable (cannot read or write); each names the path.
[[nodiscard]] Status write_zip(const std::string& folder, const std::string& target);

}  // namespace moonstone::cli
