// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/wal_index.h"

#include <atomic>

#include <sqlite3.h>

namespace moonstone::store::sqlite {

namespace {

/// The part of the index that SQLite maps at once.
constexpr int kRegionBytes = 32'768;
/// The first version of a VFS' files that have shared memory.
constexpr int kSharedMemoryVersion = 2;
/// The version of the index that SQLite has written since there are WALs.
constexpr std::uint32_t kIndexVersion = 3'007'000;

}  // namespace

void WalIndex::open(sqlite3* connection) {
  close();
  sqlite3_file* file = nullptr;
  const int code = sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (code != SQLITE_OK || file == nullptr || file->pMethods == nullptr) return;
  if (file->pMethods->iVersion < kSharedMemoryVersion) return;
  // Inside a read transaction the region is mapped already: this only says where.
  void volatile* region = nullptr;
  if (file->pMethods->xShmMap(file, 0, kRegionBytes, 0, &region) != SQLITE_OK) return;
  if (region == nullptr || *static_cast<const volatile std::uint32_t*>(region) != kIndexVersion)
    return;
  head_ = static_cast<const volatile std::uint64_t*>(region);
}

std::optional<WalIndex::Mark> WalIndex::mark() const {
  if (head_ == nullptr) return std::nullopt;
  Mark mark{};
  for (std::size_t i = 0; i < mark.size(); ++i)
    mark[i] = head_[i];
  // What is read of the file from here on is not older than the mark.
  std::atomic_thread_fence(std::memory_order_acquire);
  return mark;
}

}  // namespace moonstone::store::sqlite
