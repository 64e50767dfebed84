// Moonstone. Licence: see LICENSE.
// Preloaded into the server (LD_PRELOAD): while the file that MOONSTONE_FAILING_DISK names exists,
// no sync succeeds. Everything else is the system's, with SQLite's own access to real files.
#include <cerrno>
#include <cstdlib>

#include <dlfcn.h>
#include <unistd.h>

namespace {

using Sync = int (*)(int);

bool is_failing() {
  const char* path = std::getenv("MOONSTONE_FAILING_DISK");
  return path != nullptr && access(path, F_OK) == 0;
}

int sync_or_fail(const char* name, int descriptor) {
  if (is_failing()) {
    errno = EIO;
    return -1;
  }
  return reinterpret_cast<Sync>(dlsym(RTLD_NEXT, name))(descriptor);
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int fsync(int descriptor) {
  return sync_or_fail("fsync", descriptor);
}

__attribute__((visibility("default"))) int fdatasync(int descriptor) {
  return sync_or_fail("fdatasync", descriptor);
}

}  // extern "C"
