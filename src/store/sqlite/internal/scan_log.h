// Moonstone. Licence: see LICENSE.
#pragma once
// ScanLog: which queries stepped through whole tables because no index served them.
// Threads: synchronised. Cost: nothing for queries that an index serves.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "query/query.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

/// Fewer rows are read faster than anybody notices.
inline constexpr std::uint64_t kScannedRowsMin = 1'000;
/// A filter that keeps more than one row in ten would gain little from an index.
inline constexpr std::uint64_t kScannedPerFoundMin = 10;
/// Shapes of filters that are remembered; those of a project are some dozens.
inline constexpr std::size_t kScansMax = 256;

class ScanLog {
 public:
  /// After a query: `rows_read` were stepped over without an index, `rows_found` came out.
  void note(const query::Query& query, std::uint64_t rows_read, std::uint64_t rows_found);
  [[nodiscard]] std::vector<TableScan> list() const;

 private:
  using Shape = std::pair<std::string, std::vector<std::string>>;  // table and fields
  mutable Guarded<std::map<Shape, TableScan>> scans_;
};

}  // namespace moonstone::store::sqlite
