// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/file_lock.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

namespace moonstone::store::sqlite {
namespace {

/// Beside the file itself, not beside a link to it: all who have the file have one lock.
std::string lock_path_of(const std::string& database_path) {
  namespace fs = std::filesystem;
  std::error_code failed;
  if (!fs::is_symlink(database_path, failed)) return database_path + ".lock";
  const fs::path file = fs::canonical(database_path, failed);
  return (failed ? database_path : file.string()) + ".lock";
}

}  // namespace

Result<std::unique_ptr<FileLock>> FileLock::take(const std::string& database_path) {
  const std::string path = lock_path_of(database_path);
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return Error(ErrorCode::Unavailable,
                 fmt::format("cannot open {}: {}. Does its folder exist, and may this user write "
                             "there?",
                             path, std::strerror(errno)),
                 "io_error");
  }
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor);
    return Error(ErrorCode::Unavailable,
                 fmt::format("another Moonstone process uses {}. Stop it, or choose another "
                             "database file (the lock is {})",
                             database_path, path),
                 "locked");
  }
  return std::unique_ptr<FileLock>(new FileLock(descriptor));
}

FileLock::~FileLock() {
  ::close(descriptor_);
}

}  // namespace moonstone::store::sqlite
