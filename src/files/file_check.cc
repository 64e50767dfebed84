// Moonstone. Licence: see LICENSE.
#include <algorithm>
#include <map>
#include <utility>

#include "files/file_service.h"

namespace moonstone::files {
namespace {

/// Rows read in one snapshot.
constexpr std::size_t kPage = 1000;

bool has_bytes(FileStore& store, const FileRecord& record) {
  const ByteRange last{.from = record.size == 0 ? 0 : record.size - 1,
                       .count = record.size == 0 ? std::uint64_t{0} : 1};
  const auto reader = store.open(key_of_storage_id(record.storage_id), last);
  return reader && (*reader)->read().has_value();
}

}  // namespace

Result<FileCheck> check_files(engine::Database& database, FileStore& store) {
  // Objects first: a file that is stored meanwhile then has a row without a listed object, and is
  // asked for by name.
  std::map<std::string, std::uint64_t, std::less<>> objects;
  MS_TRY_STATUS(store.list([&](const StoredObject& object) -> Status {
    objects.emplace(object.key, object.size);
    return {};
  }));
  FileCheck check;
  MS_TRY(const auto session, database.new_reader());
  for (std::string after;;) {
    MS_TRY_STATUS(session->begin());
    engine::DocumentReader documents(session->source(), {});
    const auto records = read_records(documents, after, kPage);
    session->end();
    if (!records) return records.error();
    for (const FileRecord& record : *records) {
      const std::string_view key = key_of_storage_id(record.storage_id);
      const auto object = objects.find(key);
      const bool is_listed = object != objects.end();
      const bool is_whole = is_listed ? object->second == record.size : has_bytes(store, record);
      if (is_listed) objects.erase(object);
      if (!is_whole && check.without_bytes.size() < FileCheck::kListedMax) {
        check.without_bytes.push_back(record.storage_id);
      }
    }
    check.files += records->size();
    if (records->size() < kPage) break;
    after = records->back().storage_id;
  }
  check.orphans = objects.size();
  for (const auto& [key, size] : objects)
    check.orphan_bytes += size;
  return check;
}

}  // namespace moonstone::files
