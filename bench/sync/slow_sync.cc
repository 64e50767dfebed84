// Moonstone. Licence: see LICENSE.
// For LD_PRELOAD: a disk whose sync takes BENCH_SYNC_MS milliseconds longer than this one's.
#include <cstdlib>
#include <ctime>

#include <dlfcn.h>

namespace {

using Sync = int (*)(int);

/// Inside the process whose disk is to be slow; a setting that is wrong adds nothing.
void wait_as_told() {
  const char* const text =
      std::getenv("BENCH_SYNC_MS");  // NOLINT(concurrency-mt-unsafe): read only
  const double ms = text == nullptr ? 0 : std::strtod(text, nullptr);
  timespec left{.tv_sec = 0, .tv_nsec = static_cast<long>(ms * 1e6)};
  while (nanosleep(&left, &left) != 0) {
  }
}

int sync_slowly(const char* name, int descriptor) {
  wait_as_told();
  return reinterpret_cast<Sync>(dlsym(RTLD_NEXT, name))(descriptor);
}

}  // namespace

extern "C" {

int fsync(int descriptor) {
  return sync_slowly("fsync", descriptor);
}

int fdatasync(int descriptor) {
  return sync_slowly("fdatasync", descriptor);
}
}
