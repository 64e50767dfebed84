// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/scan_log.h"

#include <algorithm>

namespace moonstone::store::sqlite {

void ScanLog::note(const query::Query& query, std::uint64_t rows_read, std::uint64_t rows_found) {
  if (query.where == nullptr || rows_read < kScannedRowsMin) return;
  if (rows_read < rows_found * kScannedPerFoundMin) return;
  std::vector<std::string> fields = query::fields_of(*query.where);
  std::erase(fields, std::string(query::kRowNumberField));
  if (fields.empty()) return;
  std::ranges::sort(fields);
  fields.erase(std::ranges::unique(fields).begin(), fields.end());
  const Shape shape{query.table, fields};
  const auto scans = scans_.lock();
  if (!scans->contains(shape) && scans->size() >= kScansMax) return;
  TableScan& scan = (*scans)[shape];
  scan.table = shape.first;
  scan.fields = shape.second;
  scan.runs += 1;
  scan.rows_read += rows_read;
  scan.rows_found += rows_found;
}

std::vector<TableScan> ScanLog::list() const {
  std::vector<TableScan> list;
  for (const auto& [shape, scan] : *scans_.lock())
    list.push_back(scan);
  std::ranges::sort(list, std::ranges::greater(), &TableScan::rows_read);
  return list;
}

}  // namespace moonstone::store::sqlite
