// Moonstone. Licence: see LICENSE.
#pragma once
// LayoutCache: the layouts of the schema versions in use, shared by all connections of one store.
// Threads: synchronised.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/layout.h"

namespace moonstone::store::sqlite {

class LayoutCache {
 public:
  explicit LayoutCache(LoadCatalog load_catalog) : load_catalog_(std::move(load_catalog)) {}

  /// The layout of that version; read from the connection's snapshot if it is not known yet.
  /// Errors: Corruption, those of sqlite_error.
  [[nodiscard]] Result<LayoutPtr> load(Connection& connection, std::uint64_t schema_version);
  void add(LayoutPtr layout);
  /// The file may have another history than before.
  void clear() { layouts_.lock()->clear(); }

 private:
  /// Snapshots older than the last few versions are gone within moments.
  static constexpr std::size_t kKept = 4;

  [[nodiscard]] LayoutPtr find(std::uint64_t schema_version);

  LoadCatalog load_catalog_;
  Guarded<std::vector<LayoutPtr>> layouts_;  // oldest first
};

}  // namespace moonstone::store::sqlite
