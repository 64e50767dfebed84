// Moonstone. Licence: see LICENSE.
#pragma once
// The store on one SQLite file in WAL mode.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace moonstone::store {

enum class Durability : unsigned char {
  Full,    // an acknowledged commit survives a power cut
  Normal,  // it survives a crash of the process; a power cut may lose the last ones, never tear
};

/// How long the WAL may get. It grows with every commit and begins anew when all of it was copied
/// into the file and no snapshot needs it any more.
struct WalLimits {
  /// From here on it is copied. Longer: fewer syncs of the file; shorter: a smaller WAL to search.
  std::int64_t copy_bytes = std::int64_t{4} * 1024 * 1024;
  /// From here on new snapshots wait for a moment until those that are open have ended.
  std::int64_t drain_bytes = std::int64_t{16} * 1024 * 1024;
  /// From here on snapshots older than snapshot_age_max end.
  std::int64_t revoke_bytes = std::int64_t{128} * 1024 * 1024;
  std::chrono::milliseconds snapshot_age_max{30'000};
};

/// What becomes of an SQLite file in which Moonstone has no tables yet.
enum class ForeignFile : unsigned char {
  Refuse,
  /// Its tables stay, and Moonstone's are added. Tables of models are made if the file has none at
  /// all; else they are as migrations make them (store/migrations.h), despite apply_schema.
  Adopt,
};

/// Makes the models again of which a stored schema keeps the source.
using LoadCatalog = std::function<Result<schema::CatalogPtr>(const Value& source)>;

/// For a program whose database it is: more than a small one has, and taken only as it is used.
inline constexpr std::int64_t kProgramCacheBytes = std::int64_t{16} * 1024 * 1024;

/// Pages of files of models, whose rows are read in long runs by other programs, too.
inline constexpr int kModelPageBytes = 8'192;

struct SqliteOptions {
  std::string path;  // parent directory must exist
  Durability durability = Durability::Full;
  std::string vfs{};  // empty: the default one; tests put a failing disk here
  WalLimits wal{};
  ForeignFile foreign_file = ForeignFile::Refuse;
  int page_bytes = 0;  // of a new file; 0: SQLite's default
  /// What each connection may keep of the file in memory; 0: little, for many databases at once.
  std::int64_t cache_bytes = 0;
  LoadCatalog load_catalog{};  // empty: that of the `.lite` language
};

/// Opens or creates the file, takes its process lock, checks its format version.
/// Errors: Unavailable (another Moonstone process has it: reason "locked"), Corruption,
/// FailedPrecondition (a newer format; reason "foreign_file": see ForeignFile).
[[nodiscard]] Result<std::unique_ptr<Store>> open_sqlite_store(const SqliteOptions& options);

/// Looks through a database file, beside whoever uses it, and says what is broken in it; empty: all
/// is well. Errors: Unavailable (it cannot be read). Cost: reads the whole file.
[[nodiscard]] Result<std::vector<std::string>> check_sqlite_file(const std::string& path);

}  // namespace moonstone::store
