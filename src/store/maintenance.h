// Moonstone. Licence: see LICENSE.
#pragma once
// What is done to a database file of a `.lite` project beside migrations: copies, search tables,
// a look at its health. Threads: as the connection. Source: litestone.md 8.1, 39, 41.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/catalog.h"
#include "store/raw_connection.h"

namespace moonstone::store {

enum class BackupForm : unsigned char {
  Copy,    // page by page
  Vacuum,  // written anew, without free pages
};
struct Backup {
  std::string path;
  std::uint64_t size_bytes = 0;
  bool vacuumed = false;
};
/// Copies the database as it is now, beside whoever uses it. The file appears when it is whole; one
/// that is there is replaced. Makes the folders. Errors: Unavailable; those of RawConnection.
[[nodiscard]] Result<Backup> back_up(RawConnection& source,
                                     const std::string& path,
                                     BackupForm form);

/// Merges the search index of a model, or of all if `model` is empty; the tables that it did.
/// Errors: NotFound (no such model), FailedPrecondition (it has no @@fts).
[[nodiscard]] Result<std::vector<std::string>> optimize_search(RawConnection& connection,
                                                               const schema::Catalog& catalog,
                                                               std::string_view model);

struct TableRows {
  std::string table;
  std::uint64_t rows = 0;
};
struct Checkup {
  std::vector<std::string> bare_foreign_keys;  // "post(authorId)": no index begins with it
  std::vector<TableRows> tables;
  std::vector<std::string> without_index;  // tables with no index at all
  bool is_analysed = false;
  std::uint64_t wal_frames = 0;
};
/// Cost: counts all rows.
[[nodiscard]] Result<Checkup> check_up(RawConnection& connection);

}  // namespace moonstone::store
