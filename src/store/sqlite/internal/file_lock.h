// Moonstone. Licence: see LICENSE.
#pragma once
// FileLock: keeps a second Moonstone process (or a second Database in this one) off the same file.
//
// The lock is an flock on "<path>.lock", which the system drops when the process dies, however it
// dies. The lock file stays: removing it would race with the next owner. Other programs may still
// read the database; they do not know this lock.
// Threads: confined.

#include <memory>
#include <string>

#include "base/result.h"

namespace moonstone::store::sqlite {

class FileLock {
 public:
  /// Errors: Unavailable (reason "locked") naming the file; Unavailable ("io_error").
  [[nodiscard]] static Result<std::unique_ptr<FileLock>> take(const std::string& database_path);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace moonstone::store::sqlite
