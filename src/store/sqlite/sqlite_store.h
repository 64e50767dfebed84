// Moonstone. Licence: see LICENSE.
#pragma once
// The store on one SQLite file in WAL mode.

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

struct SqliteOptions {
  std::string path;  // parent directory must exist
  Durability durability = Durability::Full;
  std::string vfs{};  // empty: the default one; tests put a failing disk here
};

/// Opens or creates the file, takes its process lock, checks its format version.
/// Errors: Unavailable (another Moonstone process has it: reason "locked"), Corruption,
/// FailedPrecondition (a newer format).
[[nodiscard]] Result<std::unique_ptr<Store>> open_sqlite_store(const SqliteOptions& options);

/// Looks through a database file, beside whoever uses it, and says what is broken in it; empty: all
/// is well. Errors: Unavailable (it cannot be read). Cost: reads the whole file.
[[nodiscard]] Result<std::vector<std::string>> check_sqlite_file(const std::string& path);

}  // namespace moonstone::store
