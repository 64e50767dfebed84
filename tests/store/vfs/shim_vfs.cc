// Moonstone. Licence: see LICENSE.
#include "tests/store/vfs/shim_vfs.h"

#include <atomic>
#include <cstdlib>
#include <new>

#include <sqlite3.h>

namespace moonstone::test {

/// The VFS as SQLite knows it. `vfs` comes first, so that SQLite's pointer is ours.
struct ShimVfs::Registration {
  sqlite3_vfs vfs{};
  sqlite3_vfs* real = nullptr;
  ShimVfs* shim = nullptr;
  std::string name;
};

namespace {

/// An open file: SQLite's part first; the real file lies behind it in the same allocation.
struct ShimFile {
  sqlite3_file base;
  ShimVfs* shim;
  FileName* file;

  [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

ShimFile* shim_of(sqlite3_file* file) {
  return reinterpret_cast<ShimFile*>(file);
}
sqlite3_file* real_of(sqlite3_file* file) {
  return shim_of(file)->real();
}

int code_of(Verdict verdict, int io_error) {
  switch (verdict) {
    case Verdict::Pass:
      return SQLITE_OK;
    case Verdict::DiskFull:
      return SQLITE_FULL;
    case Verdict::IoError:
    case Verdict::ReadOnly:
    case Verdict::Torn:
      return io_error;
  }
  return io_error;
}

int close_file(sqlite3_file* file) {
  const int code = real_of(file)->pMethods->xClose(real_of(file));
  delete shim_of(file)->file;
  return code;
}

int read_file(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  const Verdict verdict = shim_of(file)->shim->before_read(*shim_of(file)->file);
  if (verdict != Verdict::Pass) return code_of(verdict, SQLITE_IOERR_READ);
  return real_of(file)->pMethods->xRead(real_of(file), into, size, offset);
}

/// The first sectors reach the file.
void tear_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  ShimFile* shim = shim_of(file);
  const int arrived = shim->shim->torn_sectors(size / kSectorBytes) * kSectorBytes;
  const int code = real_of(file)->pMethods->xWrite(real_of(file), from, arrived, offset);
  if (code != SQLITE_OK) return;
  const std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(arrived));
  shim->shim->after_write(*shim->file, offset, bytes);
}

int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  ShimFile* shim = shim_of(file);
  const Verdict verdict = shim->shim->before_write(*shim->file);
  if (verdict == Verdict::Torn) tear_write(file, from, size, offset);
  if (verdict != Verdict::Pass) return code_of(verdict, SQLITE_IOERR_WRITE);
  const int code = real_of(file)->pMethods->xWrite(real_of(file), from, size, offset);
  if (code == SQLITE_OK) {
    const std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(size));
    shim->shim->after_write(*shim->file, offset, bytes);
  }
  return code;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  const Verdict verdict = shim_of(file)->shim->before_truncate(*shim_of(file)->file);
  if (verdict != Verdict::Pass) return code_of(verdict, SQLITE_IOERR_TRUNCATE);
  const int code = real_of(file)->pMethods->xTruncate(real_of(file), size);
  if (code == SQLITE_OK) shim_of(file)->shim->after_truncate(*shim_of(file)->file, size);
  return code;
}

int sync_file(sqlite3_file* file, int flags) {
  ShimFile* shim = shim_of(file);
  const Verdict verdict = shim->shim->before_sync(*shim->file);
  if (verdict != Verdict::Pass) return code_of(verdict, SQLITE_IOERR_FSYNC);
  const int code = real_of(file)->pMethods->xSync(real_of(file), flags);
  if (code == SQLITE_OK) shim->shim->after_sync(*shim->file);
  return code;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real_of(file)->pMethods->xFileSize(real_of(file), size);
}
int lock_file(sqlite3_file* file, int level) {
  return real_of(file)->pMethods->xLock(real_of(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
  return real_of(file)->pMethods->xUnlock(real_of(file), level);
}
int check_reserved_lock(sqlite3_file* file, int* result) {
  return real_of(file)->pMethods->xCheckReservedLock(real_of(file), result);
}
int file_control(sqlite3_file* file, int operation, void* argument) {
  return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}
int sector_size(sqlite3_file* file) {
  return real_of(file)->pMethods->xSectorSize(real_of(file));
}
int device_characteristics(sqlite3_file* file) {
  return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** into) {
  return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, into);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) {
  real_of(file)->pMethods->xShmBarrier(real_of(file));
}
int shm_unmap(sqlite3_file* file, int remove) {
  return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

constexpr sqlite3_io_methods kMethods = {
    2,  // without xFetch: no memory mapping
    close_file,
    read_file,
    write_file,
    truncate_file,
    sync_file,
    file_size,
    lock_file,
    unlock_file,
    check_reserved_lock,
    file_control,
    sector_size,
    device_characteristics,
    shm_map,
    shm_lock,
    shm_barrier,
    shm_unmap,
    nullptr,
    nullptr,
};

FileKind kind_of(int flags) {
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) return FileKind::Database;
  return (flags & SQLITE_OPEN_WAL) != 0 ? FileKind::Wal : FileKind::Other;
}

std::string next_name() {
  static std::atomic<int> counter = 0;
  return "moonstone-test-" + std::to_string(++counter);
}

}  // namespace

ShimVfs::ShimVfs() : registration_(std::make_unique<Registration>()) {
  Registration& own = *registration_;
  own.real = sqlite3_vfs_find(nullptr);
  own.shim = this;
  own.name = next_name();
  own.vfs = *own.real;  // what is not replaced below passes a real VFS's data on
  own.vfs.pNext = nullptr;
  own.vfs.zName = own.name.c_str();
  own.vfs.szOsFile = own.real->szOsFile + static_cast<int>(sizeof(ShimFile));
  own.vfs.xOpen = [](sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
    auto* registration = reinterpret_cast<Registration*>(vfs);
    ShimFile* shim = shim_of(file);
    shim->base.pMethods = nullptr;
    auto name = std::make_unique<FileName>(path == nullptr ? "" : path, kind_of(flags));
    const Verdict verdict = registration->shim->before_open(*name);
    if (verdict == Verdict::ReadOnly) {
      flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
    } else if (verdict != Verdict::Pass) {
      return code_of(verdict, SQLITE_CANTOPEN);
    }
    const int code = registration->real->xOpen(registration->real, path, shim->real(), flags, out);
    if (code != SQLITE_OK) return code;
    shim->base.pMethods = &kMethods;
    shim->shim = registration->shim;
    shim->file = name.release();
    shim->shim->after_open(*shim->file);
    return code;
  };
  own.vfs.xDelete = [](sqlite3_vfs* vfs, const char* path, int sync_folder) {
    auto* registration = reinterpret_cast<Registration*>(vfs);
    const Verdict verdict = registration->shim->before_delete(path);
    if (verdict != Verdict::Pass) return code_of(verdict, SQLITE_IOERR_DELETE);
    const int code = registration->real->xDelete(registration->real, path, sync_folder);
    if (code == SQLITE_OK) registration->shim->after_delete(path);
    return code;
  };
  if (sqlite3_vfs_register(&own.vfs, 0) != SQLITE_OK) std::abort();
}

ShimVfs::~ShimVfs() {
  sqlite3_vfs_unregister(&registration_->vfs);
}

void ShimVfs::make_default() {
  if (sqlite3_vfs_register(&registration_->vfs, 1) != SQLITE_OK) std::abort();
}

const std::string& ShimVfs::name() const {
  return registration_->name;
}

}  // namespace moonstone::test
