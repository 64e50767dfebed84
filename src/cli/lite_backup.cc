// Moonstone. Licence: see LICENSE.
// moonstone lite backup [dest]: copies of the databases, beside whoever uses them.
#include <chrono>
#include <filesystem>
#include <system_error>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/clock.h"
#include "cli/files.h"
#include "cli/lite_commands.h"
#include "cli/zip_file.h"
#include "store/maintenance.h"

namespace moonstone::cli {
namespace {

namespace fs = std::filesystem;

std::string stamp() {
  const std::time_t seconds = system_clock().unix_ms() / 1'000;
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return fmt::format("{:%Y%m%d_%H%M%S}", parts);
}

/// Folders and files that a jsonl or logger database writes.
Status copy_files(const std::string& from, const std::string& to) {
  std::error_code failure;
  if (!fs::exists(from, failure)) return {};
  fs::create_directories(fs::path(to).parent_path(), failure);
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing, failure);
  if (!failure) return {};
  return Error(ErrorCode::Unavailable, fmt::format("cannot copy {}: {}", from, failure.message()));
}

Status copy_database(const LiteBackupOptions& options,
                     const LiteDatabase& database,
                     const std::string& to,
                     Terminal& terminal) {
  if (database.driver != lite::DatabaseDriver::Sqlite) {
    MS_TRY_STATUS(copy_files(database.path, fmt::format("{}/{}", to, database.name)));
    lite_success(terminal, fmt::format("{}/{}", to, database.name));
    return {};
  }
  if (!is_file(database.path)) {
    return Error(ErrorCode::NotFound, fmt::format("Database not found: {}", database.path));
  }
  MS_TRY(const auto connection,
         store::RawConnection::open({.path = database.path, .access = store::RawAccess::ReadOnly}));
  MS_TRY(const store::Backup backup,
         store::back_up(*connection, fmt::format("{}/{}.db", to, database.name),
                        options.vacuum ? store::BackupForm::Vacuum : store::BackupForm::Copy));
  lite_success(terminal, fmt::format("{}  ({} bytes{})", backup.path, backup.size_bytes,
                                     backup.vacuumed ? ", vacuumed" : ""));
  return {};
}

/// The copies as one archive, which takes the place of their folder.
ExitCode zip_folder(const std::string& folder, Terminal& terminal) {
  const std::string archive = fs::path(folder + "/").parent_path().string() + ".zip";
  if (const Status done = write_zip(folder, archive); !done) {
    return lite_failure(terminal, done.error());
  }
  std::error_code failure;
  fs::remove_all(folder, failure);
  lite_success(terminal, fmt::format("{}  ({} bytes)", archive, fs::file_size(archive, failure)));
  return ExitCode::Success;
}

}  // namespace

ExitCode run_lite_backup(const LiteBackupOptions& options, Terminal& terminal) {
  const auto project = load_lite_project(options.flags);
  if (!project) return lite_failure(terminal, project.error());
  const std::string to =
      options.destination.empty() ? fmt::format("./backups/{}", stamp()) : options.destination;
  bool has_any = false;
  for (const LiteDatabase& database : project->databases) {
    if (!options.database.empty() && options.database != database.name) continue;
    has_any = true;
    if (const Status done = copy_database(options, database, to, terminal); !done) {
      return lite_failure(terminal, done.error());
    }
  }
  if (has_any && options.zip) return zip_folder(to, terminal);
  if (has_any) return ExitCode::Success;
  return lite_failure(terminal, Error(ErrorCode::NotFound,
                                      fmt::format("there is no database {}", options.database)));
}

}  // namespace moonstone::cli
