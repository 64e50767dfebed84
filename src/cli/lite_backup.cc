// Moonstone. Licence: see LICENSE.
// moonstone lite backup [dest]: copies of the databases, beside whoever uses them.
#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

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

/// Where copies go, and how that is told: the folder of an archive's copies is nobody's business.
struct Destination {
  std::string folder;
  std::string shown;  // with a slash at its end, or empty
};

Status copy_database(const LiteBackupOptions& options,
                     const LiteDatabase& database,
                     const Destination& to,
                     Terminal& terminal) {
  if (database.driver != lite::DatabaseDriver::Sqlite) {
    MS_TRY_STATUS(copy_files(database.path, fmt::format("{}/{}", to.folder, database.name)));
    lite_success(terminal, to.shown + database.name);
    return {};
  }
  if (!is_file(database.path)) {
    return Error(ErrorCode::NotFound, fmt::format("Database not found: {}", database.path));
  }
  MS_TRY(const auto connection,
         store::RawConnection::open({.path = database.path, .access = store::RawAccess::ReadOnly}));
  MS_TRY(const store::Backup backup,
         store::back_up(*connection, fmt::format("{}/{}.db", to.folder, database.name),
                        options.vacuum ? store::BackupForm::Vacuum : store::BackupForm::Copy));
  lite_success(terminal, fmt::format("{}{}.db  ({} bytes{})", to.shown, database.name,
                                     backup.size_bytes, backup.vacuumed ? ", vacuumed" : ""));
  return {};
}

/// A folder of our own that goes away with all that is in it.
class OwnFolder {
 public:
  explicit OwnFolder(std::string path) : path_(std::move(path)) {}
  OwnFolder(const OwnFolder&) = delete;
  OwnFolder& operator=(const OwnFolder&) = delete;
  ~OwnFolder() {
    std::error_code failure;
    fs::remove_all(path_, failure);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// "copies/" is packed into copies.zip, "." into an archive beside the folder that it is.
std::string archive_of(std::string destination) {
  while (destination.size() > 1 && destination.ends_with('/'))
    destination.pop_back();
  const std::string name = fs::path(destination).filename().string();
  if (name != "." && name != "..") return destination + ".zip";
  fs::path folder = fs::absolute(destination).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  return folder.string() + ".zip";
}

Result<bool> copy_databases(const LiteBackupOptions& options,
                            const LiteProject& project,
                            const Destination& to,
                            Terminal& terminal) {
  bool has_any = false;
  for (const LiteDatabase& database : project.databases) {
    if (!options.database.empty() && options.database != database.name) continue;
    has_any = true;
    MS_TRY_STATUS(copy_database(options, database, to, terminal));
  }
  return has_any;
}

/// The copies never stand in the folder that is named: what is there already is not theirs.
Result<bool> zip_databases(const LiteBackupOptions& options,
                           const LiteProject& project,
                           const std::string& to,
                           Terminal& terminal) {
  const std::string archive = archive_of(to);
  const OwnFolder copies(fmt::format("{}.{}.copies", archive, ::getpid()));
  MS_TRY(const bool has_any,
         copy_databases(options, project, {.folder = copies.path(), .shown = {}}, terminal));
  if (!has_any) return false;
  MS_TRY_STATUS(write_zip(copies.path(), archive));
  std::error_code failure;
  lite_success(terminal, fmt::format("{}  ({} bytes)", archive, fs::file_size(archive, failure)));
  return true;
}

}  // namespace

ExitCode run_lite_backup(const LiteBackupOptions& options, Terminal& terminal) {
  const auto project = load_lite_project(options.flags);
  if (!project) return lite_failure(terminal, project.error());
  const std::string to =
      options.destination.empty() ? fmt::format("./backups/{}", stamp()) : options.destination;
  const auto has_any =
      options.zip ? zip_databases(options, *project, to, terminal)
                  : copy_databases(options, *project, {.folder = to, .shown = to + "/"}, terminal);
  if (!has_any) return lite_failure(terminal, has_any.error());
  if (*has_any) return ExitCode::Success;
  return lite_failure(terminal, Error(ErrorCode::NotFound,
                                      fmt::format("there is no database {}", options.database)));
}

}  // namespace moonstone::cli
