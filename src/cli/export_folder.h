// Moonstone. Licence: see LICENSE.
#pragma once
// The folder that `moonstone export` writes and `moonstone import` reads:
//
//   export.json          {"moonstone":"export","format":1,"version":..,"schema":{..},
//                         "documents":N,"files":M}; written last, so that a whole export has it
//   tables/<name>.jsonl  a document per line, in storage JSON, by _id
//   files.jsonl          {"storageId":..,"sha256":..,"contentType":..,"size":..} per line
//   files/<uuid>         the bytes
// Names come from elsewhere: every one is checked before it becomes a path.
// Threads: pure functions.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace moonstone::cli {

inline constexpr std::int64_t kExportFormat = 1;

/// Errors: InvalidArgument for a name that is no table's.
[[nodiscard]] Result<std::string> table_file(const std::string& folder, std::string_view table);
/// Errors: InvalidArgument for a text that is no storage id.
[[nodiscard]] Result<std::string> content_file(const std::string& folder,
                                               std::string_view storage_id);
[[nodiscard]] std::string files_list(const std::string& folder);
[[nodiscard]] std::string export_manifest(const std::string& folder);

}  // namespace moonstone::cli
