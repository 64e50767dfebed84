// Moonstone. Licence: see LICENSE.
#pragma once
// The last good bundle on disk, so that a start whose sources are unchanged needs no esbuild.
//
// build/bundle.* hold both its halves, build/stamp.json says from what it was made: the
// version of Moonstone, the entry, and every input file with a hash of its contents. The stamp is
// written last; one that does not fit is as good as none.
// Threads: pure functions on the file system.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/bundle.h"

namespace moonstone::cli {

struct CachedBundle {
  runtime::BundleSource source;
  std::vector<std::string> inputs;
};

/// The bundle if it was made by this version from this entry and the inputs are as they were. A
/// file that would now be found before an input (resolution) is not noticed.
[[nodiscard]] std::optional<CachedBundle> load_cached_bundle(const std::string& build_folder,
                                                             const std::string& entry);

/// `started`: when the build began. If an input was written since, nothing is stored: it may not be
/// what was bundled.
[[nodiscard]] Status store_cached_bundle(const std::string& build_folder,
                                         const std::string& entry,
                                         const CachedBundle& bundle,
                                         std::chrono::file_clock::time_point started);

}  // namespace moonstone::cli
