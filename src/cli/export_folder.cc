// Moonstone. Licence: see LICENSE.
#include "cli/export_folder.h"

#include <fmt/format.h>

#include "files/file_records.h"
#include "schema/names.h"

namespace moonstone::cli {

Result<std::string> table_file(const std::string& folder, std::string_view table) {
  // Those of many-to-many relations are "_a_b"; the system's are "_a".
  const bool is_join_table = table.starts_with('_') && table.find('_', 1) != std::string_view::npos;
  const std::string problem =
      schema::problem_with_table_name(is_join_table ? table.substr(1) : table);
  if (!problem.empty() || table.find('/') != std::string_view::npos) {
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("\"{}\" is not the name of a table", table));
  }
  return fmt::format("{}/tables/{}.jsonl", folder, table);
}

Result<std::string> content_file(const std::string& folder, std::string_view storage_id) {
  const std::string_view key = files::key_of_storage_id(storage_id);
  if (key.empty() || key.find_first_not_of("0123456789abcdef-") != std::string_view::npos) {
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("\"{}\" is not the id of a stored file", storage_id));
  }
  return fmt::format("{}/files/{}", folder, key);
}

std::string files_list(const std::string& folder) {
  return folder + "/files.jsonl";
}

std::string export_manifest(const std::string& folder) {
  return folder + "/export.json";
}

}  // namespace moonstone::cli
