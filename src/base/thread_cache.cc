// Moonstone. Licence: see LICENSE.
#include "base/thread_cache.h"

#include <utility>
#include <vector>

namespace moonstone {
namespace {

using Releases = std::vector<std::move_only_function<void()>>;

Releases& releases() {
  thread_local Releases of_this_thread;
  return of_this_thread;
}

}  // namespace

void add_thread_cache(std::move_only_function<void()> release) {
  releases().push_back(std::move(release));
}

void release_thread_caches() {
  // Taken first, as letting go of one thing may use, and so make, another.
  for (auto& release : std::exchange(releases(), {}))
    release();
}

}  // namespace moonstone
